#include "common/aws/policy.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/ids/arn.hpp"
#include "common/text/letter_case.hpp"

namespace berth::aws {
namespace {

using PolicyJson = nlohmann::json;

constexpr size_t kShown = 100;  ///< of a value, in errors

struct Operator {
  std::string_view name;
  ConditionTest test;
  bool negated;
};

constexpr std::array<Operator, 14> kOperators = {{
    {"StringEquals", ConditionTest::StringEquals, false},
    {"StringNotEquals", ConditionTest::StringEquals, true},
    {"StringEqualsIgnoreCase", ConditionTest::StringIgnoreCase, false},
    {"StringNotEqualsIgnoreCase", ConditionTest::StringIgnoreCase, true},
    {"StringLike", ConditionTest::StringLike, false},
    {"StringNotLike", ConditionTest::StringLike, true},
    {"ArnEquals", ConditionTest::Arn, false},
    {"ArnNotEquals", ConditionTest::Arn, true},
    {"ArnLike", ConditionTest::Arn, false},
    {"ArnNotLike", ConditionTest::Arn, true},
    {"Bool", ConditionTest::Bool, false},
    {"IpAddress", ConditionTest::IpAddress, false},
    {"NotIpAddress", ConditionTest::IpAddress, true},
    {"Null", ConditionTest::Null, false},
}};

std::string shown(std::string_view text) { return "'" + std::string(text.substr(0, kShown)) + "'"; }

std::string joined(const auto& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

bool isArnPattern(const std::string& text) {
  return text == "*" || (text.starts_with("arn:") && std::ranges::count(text, ':') >= 5);
}

/// JSON without a key that stands twice in one object: of two values one would not count.
Result<PolicyJson> uniqueJson(std::string_view text) {
  std::vector<std::set<std::string>> open;
  std::string twice;
  const auto watch = [&](int, PolicyJson::parse_event_t event, PolicyJson& parsed) {
    if (event == PolicyJson::parse_event_t::object_start) open.emplace_back();
    if (event == PolicyJson::parse_event_t::object_end) open.pop_back();
    if (event == PolicyJson::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open.back().insert(key).second) twice = key;
    }
    return true;
  };
  PolicyJson json = PolicyJson::parse(text, watch, /*allow_exceptions=*/false);
  if (json.is_discarded()) return makeError(Code::InvalidArgument, "it is no valid JSON");
  if (!twice.empty()) return makeError(Code::InvalidArgument, shown(twice) + " is there twice; keep one");
  return json;
}

/// Reads a document and keeps the first fault; what it reads after one does not count.
class PolicyReader {
 public:
  explicit PolicyReader(const PolicyRules& rules) : rules_(rules) {}

  std::vector<PolicyStatement> document(const PolicyJson& json) {
    if (!json.is_object()) {
      fault("a policy is a JSON object with Version and Statement");
      return {};
    }
    known(json, {"Version", "Id", "Statement"});
    if (json.contains("Id")) word(json["Id"], "Id");
    if (json.contains("Version")) {
      const std::string version = word(json["Version"], "Version");
      if (version != "2012-10-17" && version != "2008-10-17")
        fault("Version is " + shown(version) + ": write 2012-10-17");
    }
    if (!json.contains("Statement")) fault("it has no Statement");
    std::vector<PolicyStatement> out;
    if (!fault_.empty()) return out;
    const PolicyJson statements =
        json["Statement"].is_array() ? json["Statement"] : PolicyJson::array({json["Statement"]});
    if (statements.empty()) fault("Statement is empty");
    for (const PolicyJson& one : statements) {
      where_ = "statement " + std::to_string(out.size() + 1);
      out.push_back(statement(one));
    }
    return out;
  }

  const std::string& firstFault() const { return fault_; }

 private:
  void fault(const std::string& what) {
    if (fault_.empty()) fault_ = where_.empty() ? what : where_ + ": " + what;
  }

  void known(const PolicyJson& object, std::initializer_list<std::string_view> names) {
    for (const auto& [key, value] : object.items()) {
      if (std::ranges::find(names, key) == names.end())
        fault(shown(key) + " is not known here: use " + joined(names));
    }
  }

  std::string word(const PolicyJson& value, std::string_view element) {
    if (!value.is_string()) {
      fault(std::string(element) + " must be text");
      return {};
    }
    std::string text = value.get<std::string>();
    if (text.find("${") != std::string::npos)
      fault(std::string(element) + " has the policy variable " + shown(text) +
            ": variables are not offered; write out what it stands for");
    return text;
  }

  /// One text or a list of them.
  std::vector<std::string> words(const PolicyJson& value, std::string_view element) {
    std::vector<std::string> out;
    if (!value.is_array()) return {word(value, element)};
    for (const PolicyJson& one : value) out.push_back(word(one, element));
    if (out.empty()) fault(std::string(element) + " is empty");
    return out;
  }

  PolicyStatement statement(const PolicyJson& json) {
    PolicyStatement out;
    if (!json.is_object()) {
      fault("must be a JSON object");
      return out;
    }
    if (json.contains("NotPrincipal")) fault("NotPrincipal is not offered: name who it is for in Principal");
    known(json,
          {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"});
    if (json.contains("Sid")) out.sid = word(json["Sid"], "Sid");
    if (!out.sid.empty()) where_ += " (" + out.sid + ")";
    const std::string effect = json.contains("Effect") ? word(json["Effect"], "Effect") : "";
    if (effect != "Allow" && effect != "Deny") fault("Effect must be Allow or Deny");
    out.allows = effect == "Allow";
    if (auto actions = patterns(json, "Action", "NotAction", true)) out.actions = std::move(*actions);
    for (const std::string& action : out.actions.patterns) checkAction(action);
    out.resources = patterns(json, "Resource", "NotResource", rules_.kind == PolicyKind::Identity);
    if (out.resources) {
      for (const std::string& resource : out.resources->patterns) {
        if (!isArnPattern(resource))
          fault("Resource " + shown(resource) + " is no ARN: write arn:aws:ecs:REGION:ACCOUNT:... or *");
      }
    }
    principal(json, out);
    if (json.contains("Condition")) out.conditions = conditions(json["Condition"]);
    return out;
  }

  std::optional<PolicyPatterns> patterns(const PolicyJson& json, const char* name, const char* opposite,
                                         bool required) {
    const bool plain = json.contains(name);
    if (plain == json.contains(opposite)) {
      if (plain || required) fault(std::string("give either ") + name + " or " + opposite);
      return std::nullopt;
    }
    const char* given = plain ? name : opposite;
    return PolicyPatterns{words(json[given], given), !plain};
  }

  void checkAction(const std::string& action) {
    const size_t colon = action.find(':');
    const bool whole = colon != std::string::npos && colon > 0 && colon + 1 < action.size();
    if (action != "*" && !whole)
      fault("Action " + shown(action) + " must be like ecs:RunTask, ecs:List* or *");
  }

  void principal(const PolicyJson& json, PolicyStatement& out) {
    const bool there = json.contains("Principal");
    if (rules_.kind == PolicyKind::Identity) {
      if (there) fault("Principal has no place here: the policy is of the caller that it belongs to");
      return;
    }
    if (!there) return fault("it needs a Principal");
    const PolicyJson& named = json["Principal"];
    if (!named.is_object()) {
      out.principals = std::vector<std::string>{word(named, "Principal")};
      if (*out.principals != std::vector<std::string>{"*"}) fault(R"(Principal must be "*" or {"AWS": ...})");
      return;
    }
    known(named, {"AWS"});
    if (!named.contains("AWS")) return fault("Principal must name AWS");
    out.principals = words(named["AWS"], "Principal");
    for (const std::string& one : *out.principals) {
      const bool account = one.size() == 12 && one.find_first_not_of("0123456789") == std::string::npos;
      if (one != "*" && !account && !parseArn(one))
        fault("Principal " + shown(one) + " must be an ARN, an account's twelve digits or *");
    }
  }

  std::vector<PolicyCondition> conditions(const PolicyJson& json) {
    std::vector<PolicyCondition> out;
    if (!json.is_object()) {
      fault("Condition must be a JSON object");
      return out;
    }
    for (const auto& [name, keys] : json.items()) {
      PolicyCondition condition;
      if (!readOperator(name, condition)) return out;
      if (!keys.is_object() || keys.empty()) fault("Condition " + name + " must name keys with values");
      if (!keys.is_object()) return out;
      for (const auto& [key, values] : keys.items()) {
        condition.key = lowered(key);
        if (!isOffered(condition.key))
          fault("the condition key " + shown(key) + " is not offered: use " + joined(rules_.conditionKeys));
        condition.values = conditionValues(values, condition.test, name);
        out.push_back(condition);
      }
    }
    return out;
  }

  bool isOffered(const std::string& key) const {
    const size_t slash = key.find('/');
    const bool of_tag = slash != std::string::npos && slash + 1 < key.size();
    return rules_.conditionKeys.contains(of_tag ? key.substr(0, slash + 1) : key);
  }

  bool readOperator(const std::string& name, PolicyCondition& out) {
    constexpr std::string_view kIfExists = "IfExists";
    std::string_view plain = name;
    out.ifExists = plain.ends_with(kIfExists);
    if (out.ifExists) plain.remove_suffix(kIfExists.size());
    const auto* found = std::ranges::find(kOperators, plain, &Operator::name);
    const bool known_operator =
        found != kOperators.end() && !(out.ifExists && found->test == ConditionTest::Null);
    if (!known_operator) {
      std::vector<std::string_view> names;
      for (const Operator& one : kOperators) names.push_back(one.name);
      fault("the condition operator " + shown(name) + " is not offered: use " + joined(names));
      return false;
    }
    out.test = found->test;
    out.negated = found->negated;
    return true;
  }

  std::vector<std::string> conditionValues(const PolicyJson& given, ConditionTest test,
                                           std::string_view name) {
    const PolicyJson list = given.is_array() ? given : PolicyJson::array({given});
    if (list.empty()) fault("Condition " + std::string(name) + " has no value");
    std::vector<std::string> out;
    for (const PolicyJson& one : list) {
      out.push_back(one.is_boolean() ? (one.get<bool>() ? "true" : "false") : word(one, name));
      const std::string& value = out.back();
      const bool truth = value == "true" || value == "false";
      if ((test == ConditionTest::Bool || test == ConditionTest::Null) && !truth)
        fault(std::string(name) + " takes true or false, not " + shown(value));
      if (test == ConditionTest::Arn && !isArnPattern(value))
        fault(std::string(name) + " takes ARNs, not " + shown(value));
      if (test == ConditionTest::IpAddress && !isAddressBlock(value))
        fault(std::string(name) + " takes addresses like 10.0.0.0/8, not " + shown(value));
    }
    return out;
  }

  const PolicyRules& rules_;
  std::string where_;
  std::string fault_;
};

}  // namespace

Result<Policy> parsePolicy(std::string_view text, std::string_view name, const PolicyRules& rules) {
  const auto json = uniqueJson(text);
  if (!json) return json.error().in(name);
  PolicyReader reader(rules);
  Policy out{std::string(name), reader.document(*json)};
  if (!reader.firstFault().empty())
    return makeError(Code::InvalidArgument, std::string(name) + ": " + reader.firstFault());
  return out;
}

}  // namespace berth::aws
