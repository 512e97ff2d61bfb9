#include "proto/ecs/validate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/time/timestamp.hpp"
#include "proto/ecs/text.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownBytes = 200;  ///< of a value or a key
constexpr size_t kShownFaults = 10;

/// Where a value stands, as a chain through the stack: no text is made until a message needs it.
struct Place {
  const Place* above = nullptr;
  std::string_view member = {};  ///< of a structure or map
  size_t index = 0;              ///< of a list, from 0

  /// "containers.1.member.name"; empty for the whole.
  std::string text() const {
    if (!above) return {};
    std::string out = above->text();
    if (!out.empty()) out += '.';
    if (member.data()) return out.append(cut(member, kShownBytes));
    return out + std::to_string(index + 1) + ".member";
  }
};

std::string_view typeWord(ShapeType type) {
  switch (type) {
    case ShapeType::Structure:
      return "Structure";
    case ShapeType::List:
      return "List";
    case ShapeType::Map:
      return "Map";
    case ShapeType::String:
    case ShapeType::Enum:
      return "String";
    case ShapeType::Integer:
      return "Integer";
    case ShapeType::Long:
      return "Long";
    case ShapeType::Double:
      return "Double";
    case ShapeType::Boolean:
      return "Boolean";
    case ShapeType::Timestamp:
      return "Timestamp";
    case ShapeType::Document:
      return "Document";
  }
  return "";
}

/// The framework's word for what a value is.
std::string_view valueWord(const Json& value) {
  if (value.is_string()) return "STRING_VALUE";
  if (value.is_boolean()) return value.get<bool>() ? "TRUE_VALUE" : "FALSE_VALUE";
  if (value.is_number_integer()) return "NUMBER_VALUE";
  if (value.is_number()) return "DECIMAL_VALUE";
  return value.is_null() ? "NULL_VALUE" : value.is_array() ? "START_ARRAY" : "START_OBJECT";
}

std::string typeMessage(const Shape& shape, const Json& value, const Place& place) {
  std::string where = place.above ? "'" + place.text() + "'" : "the request";
  std::string wanted(typeWord(shape.type));
  if (value.is_structured()) {
    std::string_view what = value.is_array() ? "list" : "structure or map";
    return "Start of " + std::string(what) + " found where not expected: " + where + " is of type " + wanted;
  }
  return std::string(valueWord(value)) + " cannot be converted to " + wanted + " (at " + where + ")";
}

/// Whether the number is whole and within [least, most]; 2^53 bounds what a double holds exactly.
bool isWhole(const Json& value, int64_t least, int64_t most) {
  constexpr double kExact = 9007199254740992.0;
  if (value.is_number_unsigned()) return value.get<uint64_t>() <= static_cast<uint64_t>(most);
  if (value.is_number_integer()) return value.get<int64_t>() >= least && value.get<int64_t>() <= most;
  if (!value.is_number_float()) return false;
  double number = value.get<double>();
  return std::fabs(number) <= kExact && std::floor(number) == number &&
         number >= static_cast<double>(least) && number <= static_cast<double>(most);
}

template <class T>
bool isWholeOf(const Json& value) {
  return isWhole(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
}

bool fits(const Json& value, ShapeType type) {
  switch (type) {
    case ShapeType::Structure:
    case ShapeType::Map:
      return value.is_object();
    case ShapeType::List:
      return value.is_array();
    case ShapeType::String:
    case ShapeType::Enum:
      return value.is_string();
    case ShapeType::Boolean:
      return value.is_boolean();
    case ShapeType::Double:
    case ShapeType::Timestamp:
      return value.is_number();
    case ShapeType::Long:
      return isWholeOf<int64_t>(value);
    case ShapeType::Integer:
      return isWholeOf<int32_t>(value);
    case ShapeType::Document:
      return true;
  }
  return false;
}

bool hasValue(const Shape& shape, const Json& value) {
  const auto& text = value.get_ref<const std::string&>();
  return std::find(shape.values.begin(), shape.values.end(), text) != shape.values.end();
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

std::string boundText(double bound) {
  return bound == std::floor(bound) ? std::to_string(static_cast<int64_t>(bound)) : std::to_string(bound);
}

/// Lengths of strings count characters.
size_t lengthOf(const Json& value) {
  if (!value.is_string()) return value.size();
  const auto& text = value.get_ref<const std::string&>();
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Broken rules of one rank, and the exception that tells of them.
class Faults {
 public:
  /// `member` is null for elements. `subject` is made only when it will be shown.
  template <class Subject>
  void add(const Member* member, const Subject& subject, std::string_view rule) {
    ++count_;
    if (member && !member->message.empty()) {
      if (!said_) said_ = member;
    } else if (lines_.size() < kShownFaults) {
      lines_.push_back(subject() + " failed to satisfy constraint: " + std::string(rule));
    }
  }

  std::optional<ValidationFailure> failure(const Operation& operation) const {
    if (count_ == 0) return std::nullopt;
    if (said_) {
      return ValidationFailure{said_->exception.empty() ? operation.parameterException : said_->exception,
                               said_->message};
    }
    std::string message = std::to_string(count_) +
                          (count_ == 1 ? " validation error" : " validation errors") +
                          " detected: " + joined(lines_, "; ");
    if (count_ > lines_.size()) message += "; and " + std::to_string(count_ - lines_.size()) + " more";
    return ValidationFailure{operation.parameterException, std::move(message)};
  }

 private:
  size_t count_ = 0;
  const Member* said_ = nullptr;
  std::vector<std::string> lines_;
};

/// One walk over a request. Recursion is as deep as the shapes are, which do not contain themselves.
class InputCheck {
 public:
  /// False at the first value of a wrong type, which ends the walk.
  bool visit(const Shape& shape, const Member* member, Json& value, const Place& place, bool sensitive) {
    if (shape.type == ShapeType::Timestamp && value.is_string()) {
      if (auto time = parseTimestamp(value.get_ref<const std::string&>())) value = toEpochSeconds(*time);
    }
    if (!fits(value, shape.type)) {
      typeFault_ = typeMessage(shape, value, place);
      return false;
    }
    sensitive |= shape.sensitive;
    checkRules(shape, member, value, place, sensitive);
    switch (shape.type) {
      case ShapeType::Structure:
        return visitStructure(shape, value, place, sensitive);
      case ShapeType::Map:
        return visitMap(shape, value, place, sensitive);
      case ShapeType::List:
        return visitList(shape, value, place, sensitive);
      case ShapeType::Integer:
      case ShapeType::Long:
        if (value.is_number_float()) value = static_cast<int64_t>(value.get<double>());
        return true;
      default:
        return true;
    }
  }

  std::optional<ValidationFailure> failure(const Operation& operation) const {
    if (typeFault_) return ValidationFailure{"SerializationException", *typeFault_};
    if (auto wrong = enums_.failure(operation)) return wrong;
    return rules_.failure(operation);
  }

 private:
  bool visitStructure(const Shape& shape, Json& value, const Place& place, bool sensitive) {
    for (auto it = value.begin(); it != value.end();) {
      const Member* member = it->is_null() ? nullptr : shape.member(it.key());
      if (!member) {
        it = value.erase(it);
        continue;
      }
      if (!visit(*member->shape, member, *it, Place{&place, member->name}, sensitive)) return false;
      ++it;
    }
    for (const Member& member : shape.members) {
      if (!member.required || value.contains(member.name)) continue;
      auto subject = [&] { return "Value null at '" + Place{&place, member.name}.text() + "'"; };
      rules_.add(&member, subject, "Member must not be null");
    }
    return true;
  }

  bool visitMap(const Shape& shape, Json& value, const Place& place, bool sensitive) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
        continue;
      }
      if (!visit(*shape.element, nullptr, *it, Place{&place, it.key()}, sensitive)) return false;
      ++it;
    }
    return true;
  }

  bool visitList(const Shape& shape, Json& value, const Place& place, bool sensitive) {
    std::erase_if(value.get_ref<Json::array_t&>(), [](const Json& element) { return element.is_null(); });
    for (size_t i = 0; i < value.size(); ++i) {
      if (!visit(*shape.element, nullptr, value[i], Place{&place, {}, i}, sensitive)) return false;
    }
    return true;
  }

  void checkRules(const Shape& shape, const Member* member, const Json& value, const Place& place,
                  bool sensitive) {
    auto subject = [&] {
      std::string shown;
      if (value.is_number()) shown = value.dump();
      if (value.is_string()) shown = cut(value.get_ref<const std::string&>(), kShownBytes);
      bool hidden = sensitive || value.is_structured();
      return (hidden ? "Value at '" : "Value '" + shown + "' at '") + place.text() + "'";
    };
    if (shape.type == ShapeType::Enum && !hasValue(shape, value)) {
      enums_.add(member, subject, "Member must satisfy enum value set: [" + joined(shape.values, ", ") + "]");
    }
    if (shape.least || shape.most) {
      double amount = value.is_number() ? value.get<double>() : static_cast<double>(lengthOf(value));
      std::string rule = value.is_number() ? "Member must have value " : "Member must have length ";
      if (shape.least && amount < *shape.least) {
        rules_.add(member, subject, rule + "greater than or equal to " + boundText(*shape.least));
      }
      if (shape.most && amount > *shape.most) {
        rules_.add(member, subject, rule + "less than or equal to " + boundText(*shape.most));
      }
    }
    if (shape.pattern && !shape.pattern->matches(value.get_ref<const std::string&>())) {
      rules_.add(member, subject, "Member must satisfy regular expression pattern: " + shape.pattern->text());
    }
  }

  std::optional<std::string> typeFault_;
  Faults enums_;
  Faults rules_;
};

void checkAnswer(const Shape& shape, const Json& value, const Place& place,
                 std::vector<std::string>& problems) {
  std::string what = place.above ? "'" + place.text() + "'" : "the answer";
  if (!fits(value, shape.type)) {
    problems.push_back(what + " is no " + std::string(typeWord(shape.type)) + " but " +
                       std::string(valueWord(value)));
  } else if (shape.type == ShapeType::Enum && !hasValue(shape, value)) {
    problems.push_back(what + " is not in " + shape.name + ": " + value.get<std::string>());
  } else if (shape.type == ShapeType::Structure) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      Place inside{&place, it.key()};
      const Member* member = shape.member(it.key());
      if (member) {
        checkAnswer(*member->shape, *it, inside, problems);
      } else {
        problems.push_back("'" + inside.text() + "' is not a member of " + shape.name);
      }
    }
  } else if (shape.type == ShapeType::Map) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      checkAnswer(*shape.element, *it, Place{&place, it.key()}, problems);
    }
  } else if (shape.type == ShapeType::List) {
    for (size_t i = 0; i < value.size(); ++i) {
      checkAnswer(*shape.element, value[i], Place{&place, {}, i}, problems);
    }
  }
}

}  // namespace

std::optional<ValidationFailure> checkInput(const Operation& operation, Json& input) {
  InputCheck check;
  check.visit(*operation.input, nullptr, input, Place{}, /*sensitive=*/false);
  return check.failure(operation);
}

std::vector<std::string> checkOutput(const Operation& operation, const Json& output) {
  std::vector<std::string> problems;
  checkAnswer(*operation.output, output, Place{}, problems);
  return problems;
}

}  // namespace berth::ecs
