#include <algorithm>
#include <array>
#include <cctype>

#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "controller/query/nodes.hpp"

namespace berth::controller {
namespace {

using query::Operator;
using query::Subject;
using query::Test;
using query::Value;
using NodePtr = std::shared_ptr<const Query::Node>;

struct Spelling {
  std::string_view text;
  Operator op;
};

/// Longer ones before those that they begin with.
constexpr std::array kSymbols{Spelling{"==", Operator::Equal},        Spelling{"!=", Operator::NotEqual},
                              Spelling{"=~", Operator::Matches},      Spelling{"!~", Operator::NotMatches},
                              Spelling{">=", Operator::GreaterEqual}, Spelling{"<=", Operator::LessEqual},
                              Spelling{">", Operator::Greater},       Spelling{"<", Operator::Less}};
constexpr std::array kWords{Spelling{"exists", Operator::Exists},
                            Spelling{"!exists", Operator::NotExists},
                            Spelling{"not_exists", Operator::NotExists},
                            Spelling{"in", Operator::In},
                            Spelling{"!in", Operator::NotIn},
                            Spelling{"not_in", Operator::NotIn},
                            Spelling{"equals", Operator::Equal},
                            Spelling{"not_equals", Operator::NotEqual},
                            Spelling{"greater_than", Operator::Greater},
                            Spelling{"greater_than_equal", Operator::GreaterEqual},
                            Spelling{"less_than", Operator::Less},
                            Spelling{"less_than_equal", Operator::LessEqual},
                            Spelling{"matches", Operator::Matches},
                            Spelling{"not_matches", Operator::NotMatches}};

struct Named {
  std::string_view name;
  Subject subject;
};
constexpr std::array kSubjects{Named{"agentConnected", Subject::Connected},
                               Named{"agentVersion", Subject::Version},
                               Named{"ec2InstanceId", Subject::Ec2Id},
                               Named{"registeredAt", Subject::RegisteredAt},
                               Named{"runningTasksCount", Subject::RunningTasks},
                               Named{"task:group", Subject::Group}};
constexpr std::string_view kAttribute = "attribute:";

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool isName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-_./\\:").find(c) != std::string_view::npos;
}

bool isCompared(Operator op) {
  return query::isOrder(op) || op == Operator::Equal || op == Operator::NotEqual;
}
bool isExistence(Operator op) { return op == Operator::Exists || op == Operator::NotExists; }
bool isPattern(Operator op) { return op == Operator::Matches || op == Operator::NotMatches; }
bool isList(Operator op) { return op == Operator::In || op == Operator::NotIn; }

/// Whether an operator says something about the subject.
bool fits(Subject subject, Operator op) {
  switch (subject) {
    case Subject::Attribute:
      return true;
    case Subject::Group:
    case Subject::Ec2Id:
      return !query::isOrder(op);
    case Subject::Connected:
      return !query::isOrder(op) && !isExistence(op);
    case Subject::Version:
    case Subject::RegisteredAt:
    case Subject::RunningTasks:
      return isCompared(op);
  }
  return false;
}

/// A date alone is its first moment, and a moment without a zone is in UTC.
std::optional<WallTime> momentOf(const std::string& text) {
  if (auto moment = parseTimestamp(text)) return moment;
  if (auto moment = parseTimestamp(text + "Z")) return moment;
  return parseTimestamp(text + "T00:00:00Z");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NodePtr> whole() {
    auto node = either(0);
    if (!node) return node;
    skipBlanks();
    return at_ == text_.size() ? node : Result<NodePtr>(wrong("\"and\", \"or\" or the end"));
  }

  bool isStatic() const { return static_; }

 private:
  using Kind = Query::Node::Kind;

  Result<NodePtr> either(int depth) {
    return joined(Kind::Or, "or", "||", [&] { return both(depth); });
  }
  Result<NodePtr> both(int depth) {
    return joined(Kind::And, "and", "&&", [&] { return unary(depth); });
  }

  template <class Part>
  Result<NodePtr> joined(Kind kind, std::string_view word, std::string_view symbol, Part part) {
    auto first = part();
    if (!first) return first;
    auto node = std::make_shared<Query::Node>();
    node->kind = kind;
    node->parts.push_back(*first);
    while (takeWord(word) || takeSymbol(symbol)) {
      auto next = part();
      if (!next) return next;
      node->parts.push_back(*next);
    }
    return node->parts.size() == 1 ? node->parts.front() : NodePtr(node);
  }

  Result<NodePtr> unary(int depth) {
    if (takeWord("not") || takeSymbol("!")) {
      if (depth >= Query::kDeepest) return tooDeep();
      auto part = unary(depth + 1);
      if (!part) return part;
      auto node = std::make_shared<Query::Node>();
      node->kind = Kind::Not;
      node->parts.push_back(*part);
      return NodePtr(node);
    }
    if (!takeSymbol("(")) return test();
    if (depth >= Query::kDeepest) return tooDeep();
    auto inner = either(depth + 1);
    if (!inner) return inner;
    return takeSymbol(")") ? inner : Result<NodePtr>(wrong("\")\""));
  }

  Result<NodePtr> test() {
    auto node = std::make_shared<Query::Node>();
    Test& test = node->test;
    if (auto fault = subject(test)) return *fault;
    const size_t where = at_;
    const auto op = takeOperator();
    if (!op) return wrong("an operator, such as ==, in or exists");
    test.op = *op;
    if (!fits(test.subject, test.op)) {
      at_ = where;
      return wrong("an operator that fits what is asked for");
    }
    if (auto fault = values(test)) return *fault;
    static_ = static_ && test.subject == Subject::Attribute;
    return NodePtr(node);
  }

  std::optional<Error> subject(Test& test) {
    skipBlanks();
    const size_t begin = at_;
    while (at_ < text_.size() && isName(text_[at_])) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    const auto known = std::ranges::find(kSubjects, name, &Named::name);
    if (known != kSubjects.end()) {
      test.subject = known->subject;
      return std::nullopt;
    }
    if (name.starts_with(kAttribute) && name.size() > kAttribute.size()) {
      test.attribute = name.substr(kAttribute.size());
      return std::nullopt;
    }
    at_ = begin;
    return wrong(
        "attribute:NAME, task:group, agentConnected, agentVersion, ec2InstanceId, registeredAt or "
        "runningTasksCount");
  }

  std::optional<Operator> takeOperator() {
    for (const Spelling& word : kWords) {
      if (takeWord(word.text)) return word.op;
    }
    for (const Spelling& symbol : kSymbols) {
      if (takeSymbol(symbol.text)) return symbol.op;
    }
    return std::nullopt;
  }

  std::optional<Error> values(Test& test) {
    if (isExistence(test.op)) return std::nullopt;
    if (!isList(test.op)) return value(test);
    if (!takeSymbol("[")) return wrong("\"[\" and values");
    do {
      if (auto fault = value(test)) return fault;
    } while (takeSymbol(","));
    return takeSymbol("]") ? std::nullopt : std::optional(wrong("\",\" or \"]\""));
  }

  std::optional<Error> value(Test& test) {
    skipBlanks();
    const size_t begin = at_;
    auto text = takeValue();
    if (!text) return wrong("a value");
    Value value;
    value.text = std::move(*text);
    if (auto fault = understand(test, value)) {
      at_ = begin;
      return wrong(*fault);
    }
    test.values.push_back(std::move(value));
    return std::nullopt;
  }

  /// What the value should have been, if it is none for this test.
  static std::optional<std::string> understand(Test& test, Value& value) {
    if (isPattern(test.op)) {
      RE2::Options options;
      options.set_log_errors(false);
      auto pattern = std::make_shared<const RE2>(value.text, options);
      if (!pattern->ok()) return "a regular expression (" + pattern->error() + ")";
      test.pattern = std::move(pattern);
    } else if (test.subject == Subject::RunningTasks ||
               (test.subject == Subject::Attribute && query::isOrder(test.op))) {
      const auto number = parseNumber<double>(value.text);
      if (!number) return "a number";
      value.number = *number;
    } else if (test.subject == Subject::Version) {
      value.version = query::versionParts(value.text);
      if (value.version.empty()) return "a version, such as 1.70.0";
    } else if (test.subject == Subject::RegisteredAt) {
      const auto moment = momentOf(value.text);
      if (!moment) return "a date, such as 2018-06-18 or 2018-06-18T22:28:28Z";
      value.moment = *moment;
    } else if (test.subject == Subject::Connected && value.text != "true" && value.text != "false") {
      return "true or false";
    }
    return std::nullopt;
  }

  std::optional<std::string> takeValue() {
    if (at_ == text_.size()) return std::nullopt;
    if (const char quote = text_[at_]; quote == '\'' || quote == '"') {
      const size_t end = text_.find(quote, at_ + 1);
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
      return std::string(inner);
    }
    const size_t begin = at_;
    while (at_ < text_.size() && !isBlank(text_[at_]) &&
           std::string_view(",])").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    if (at_ == begin) return std::nullopt;
    return std::string(text_.substr(begin, at_ - begin));
  }

  void skipBlanks() {
    while (at_ < text_.size() && isBlank(text_[at_])) ++at_;
  }

  /// A word ends where no letter follows.
  bool takeWord(std::string_view word) {
    skipBlanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() &&
        (std::isalnum(static_cast<unsigned char>(text_[end])) != 0 || text_[end] == '_')) {
      return false;
    }
    at_ = end;
    return true;
  }

  bool takeSymbol(std::string_view symbol) {
    skipBlanks();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    return true;
  }

  Error wrong(const std::string& wanted) const {
    const std::string found =
        at_ == text_.size() ? "the end" : "\"" + std::string(text_.substr(at_, 20)) + "\"";
    return makeError(Code::InvalidArgument, "at character " + std::to_string(at_ + 1) +
                                                " of the expression: " + found + " found, " + wanted +
                                                " expected");
  }
  Error tooDeep() const { return wrong("at most " + std::to_string(Query::kDeepest) + " levels"); }

  std::string_view text_;
  size_t at_ = 0;
  bool static_ = true;
};

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  if (text.size() > kLongest) {
    return makeError(Code::InvalidArgument, "the expression has " + std::to_string(text.size()) +
                                                " characters, of which at most " + std::to_string(kLongest) +
                                                " are allowed");
  }
  Parser parser(text);
  auto root = parser.whole();
  if (!root) return root.error();
  return Query(std::move(*root), parser.isStatic());
}

}  // namespace berth::controller
