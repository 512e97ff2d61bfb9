#include "proto/ecs/validate.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

std::string inside(const std::string& path, const std::string& member) {
  return path.empty() ? member : path + "." + member;
}

/// The word of the AWS JSON framework for what a value is.
std::string valueWord(const Json& value) {
  if (value.is_string()) return "STRING_VALUE";
  if (value.is_boolean()) return value.get<bool>() ? "TRUE_VALUE" : "FALSE_VALUE";
  if (value.is_array()) return "START_ARRAY";
  if (value.is_object()) return "START_OBJECT";
  if (value.is_number_integer()) return "NUMBER_VALUE";
  return "DECIMAL_VALUE";
}

std::string typeWord(ShapeType type) {
  switch (type) {
    case ShapeType::Structure:
      return "Structure";
    case ShapeType::List:
      return "List";
    case ShapeType::Map:
      return "Map";
    case ShapeType::String:
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
  }
  return "String";
}

bool isWhole(const Json& value) {
  if (value.is_number_integer()) return !value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX;
  return value.is_number_float() && std::floor(value.get<double>()) == value.get<double>() &&
         std::fabs(value.get<double>()) < 9.0e15;
}

bool fits(const Json& value, ShapeType type) {
  switch (type) {
    case ShapeType::Structure:
    case ShapeType::Map:
      return value.is_object();
    case ShapeType::List:
      return value.is_array();
    case ShapeType::String:
      return value.is_string();
    case ShapeType::Boolean:
      return value.is_boolean();
    case ShapeType::Double:
    case ShapeType::Timestamp:
      return value.is_number();
    case ShapeType::Long:
      return isWhole(value);
    case ShapeType::Integer: {
      if (!isWhole(value)) return false;
      double number = value.get<double>();
      return number >= std::numeric_limits<int32_t>::min() && number <= std::numeric_limits<int32_t>::max();
    }
  }
  return false;
}

/// Types at every level, and the removal of what the shape does not know. The message of the first misfit.
std::optional<std::string> checkTypes(const Shape& shape, Json& value, const std::string& path) {
  if (!fits(value, shape.type)) {
    std::string where = path.empty() ? "the request" : "'" + path + "'";
    return valueWord(value) + " cannot be converted to " + typeWord(shape.type) + " (at " + where + ")";
  }
  if (shape.type == ShapeType::Integer || shape.type == ShapeType::Long) value = value.get<int64_t>();
  if (shape.type == ShapeType::Structure) {
    for (auto it = value.begin(); it != value.end();) {
      const Member* member = shape.member(it.key());
      if (!member || it->is_null()) {
        it = value.erase(it);
        continue;
      }
      if (auto wrong = checkTypes(*member->shape, *it, inside(path, it.key()))) return wrong;
      ++it;
    }
  } else if (shape.type == ShapeType::List) {
    std::erase_if(value.get_ref<Json::array_t&>(), [](const Json& element) { return element.is_null(); });
    for (size_t i = 0; i < value.size(); ++i) {
      std::string at = path + "." + std::to_string(i + 1) + ".member";
      if (auto wrong = checkTypes(*shape.element, value[i], at)) return wrong;
    }
  } else if (shape.type == ShapeType::Map) {
    for (auto it = value.begin(); it != value.end();) {
      if (it->is_null()) {
        it = value.erase(it);
        continue;
      }
      if (auto wrong = checkTypes(*shape.element, *it, inside(path, it.key()))) return wrong;
      ++it;
    }
  }
  return std::nullopt;
}

/// Walks a typed value; `visit(shape, value, path, sensitive)` sees every node, parents first.
template <class Visit>
void walk(const Shape& shape, const Json& value, const std::string& path, bool sensitive,
          const Visit& visit) {
  sensitive |= shape.sensitive;
  visit(shape, value, path, sensitive);
  if (shape.type == ShapeType::Structure) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (const Member* member = shape.member(it.key())) {
        walk(*member->shape, *it, inside(path, it.key()), sensitive, visit);
      }
    }
  } else if (shape.type == ShapeType::List) {
    for (size_t i = 0; i < value.size(); ++i) {
      walk(*shape.element, value[i], path + "." + std::to_string(i + 1) + ".member", sensitive, visit);
    }
  } else if (shape.type == ShapeType::Map) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      walk(*shape.element, *it, inside(path, it.key()), sensitive, visit);
    }
  }
}

std::string joined(const std::vector<std::string>& values, const char* separator) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : separator) + value;
  return out;
}

/// One character class that is repeated is all that patterns here consist of, so no general matcher, with its
/// worst cases, is let near outside text.
class CharacterClass {
 public:
  explicit CharacterClass(std::string_view pattern) {
    size_t open = pattern.find('[');
    size_t close = pattern.rfind(']');
    if (open == std::string_view::npos || close == std::string_view::npos) return;
    std::string_view body = pattern.substr(open + 1, close - open - 1);
    for (size_t i = 0; i < body.size(); ++i) {
      if (body.substr(i).starts_with("\\p{")) {
        addNamed(body[i + 3]);
        i += 4;
      } else if (body[i] == '\\' && i + 1 < body.size()) {
        ++i;
        allow(body[i], body[i]);
      } else if (i + 2 < body.size() && body[i + 1] == '-') {
        allow(body[i], body[i + 2]);
        i += 2;
      } else {
        allow(body[i], body[i]);
      }
    }
  }
  bool matches(std::string_view text) const {
    for (char c : text) {
      if (!allowed_[static_cast<unsigned char>(c)]) return false;
    }
    return true;
  }

 private:
  void allow(char first, char last) {
    for (int c = static_cast<unsigned char>(first); c <= static_cast<unsigned char>(last); ++c)
      allowed_[c] = true;
  }
  void addNamed(char name) {
    if (name == 'Z') return allow(' ', ' ');
    if (name == 'N') return allow('0', '9');
    allow('a', 'z');
    allow('A', 'Z');
    // Letters of other scripts; telling them from other characters is not worth a table here.
    for (int c = 0x80; c < 0x100; ++c) allowed_[c] = true;
  }
  bool allowed_[256] = {};
};

std::string shown(const Json& value, bool sensitive) {
  if (sensitive) return "***";
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return text.substr(0, 200);
}

/// Enums whose violation has a wording of its own (ecs-api section 10).
std::string enumMessage(const Shape& shape, const Json& value, const std::string& path, bool sensitive) {
  if (shape.name == "LaunchType") return "launch type should be one of [EC2,FARGATE,EXTERNAL]";
  return "1 validation error detected: Value '" + shown(value, sensitive) + "' at '" + path +
         "' failed to satisfy constraint: Member must satisfy enum value set: [" +
         joined(shape.values, ", ") + "]";
}

std::string bound(double number) {
  return number == std::floor(number) ? std::to_string(static_cast<int64_t>(number)) : std::to_string(number);
}

class Constraints {
 public:
  void check(const Shape& shape, const Json& value, const std::string& path, bool sensitive) {
    if (shape.type == ShapeType::Structure) {
      for (const Member& member : shape.members) {
        if (!member.required || value.contains(member.name)) continue;
        add("Value null at '" + inside(path, member.name) + "'", "Member must not be null");
      }
      return;
    }
    std::string subject = "Value '" + shown(value, sensitive) + "' at '" + path + "'";
    if (shape.least || shape.most) checkBounds(shape, value, subject);
    if (!shape.pattern.empty() && value.is_string()) {
      if (!CharacterClass(shape.pattern).matches(value.get_ref<const std::string&>())) {
        add(subject, "Member must satisfy regular expression pattern: " + shape.pattern);
      }
    }
  }

  std::string message() const {
    if (faults_.empty()) return {};
    return std::to_string(faults_.size()) + " validation error" + (faults_.size() == 1 ? "" : "s") +
           " detected: " + joined(faults_, "; ");
  }

 private:
  void checkBounds(const Shape& shape, const Json& value, const std::string& subject) {
    bool numeric = value.is_number();
    double amount = numeric
                        ? value.get<double>()
                        : static_cast<double>(value.is_string() ? value.get_ref<const std::string&>().size()
                                                                : value.size());
    std::string what = numeric ? "value" : "length";
    if (shape.least && amount < *shape.least) {
      add(subject, "Member must have " + what + " greater than or equal to " + bound(*shape.least));
    }
    if (shape.most && amount > *shape.most) {
      add(subject, "Member must have " + what + " less than or equal to " + bound(*shape.most));
    }
  }
  void add(const std::string& subject, const std::string& rule) {
    faults_.push_back(subject + " failed to satisfy constraint: " + rule);
  }
  std::vector<std::string> faults_;
};

/// Where the service complains of bad parameters with ClientException (ecs-api section 4).
std::string parameterException(const Operation& operation) {
  bool definitions = operation.name.find("TaskDefinition") != std::string::npos;
  return definitions ? "ClientException" : "InvalidParameterException";
}

/// Required lists whose absence has a wording of its own (ecs-api sections 7 and 10).
std::optional<ValidationFailure> absentList(const Operation& operation, const Json& input) {
  bool instances = operation.input->member("containerInstances") && operation.name != "StartTask";
  if (operation.name == "DescribeTasks" && !input.contains("tasks")) {
    return ValidationFailure{"InvalidParameterException", "Tasks cannot be empty."};
  }
  if (instances && !input.contains("containerInstances")) {
    return ValidationFailure{"ClientException", "Container Instances cannot be empty."};
  }
  return std::nullopt;
}

}  // namespace

std::optional<ValidationFailure> checkInput(const Operation& operation, Json& input) {
  if (auto wrong = checkTypes(*operation.input, input, "")) {
    return ValidationFailure{"SerializationException", *wrong};
  }
  std::optional<ValidationFailure> failure;
  auto enums = [&](const Shape& shape, const Json& value, const std::string& path, bool sensitive) {
    if (failure || shape.values.empty()) return;
    for (const std::string& known : shape.values) {
      if (value == known) return;
    }
    failure = ValidationFailure{parameterException(operation), enumMessage(shape, value, path, sensitive)};
  };
  walk(*operation.input, input, "", false, enums);
  if (failure) return failure;
  if (auto absent = absentList(operation, input)) return absent;
  Constraints constraints;
  walk(*operation.input, input, "", false,
       [&](const Shape& shape, const Json& value, const std::string& path, bool sensitive) {
         constraints.check(shape, value, path, sensitive);
       });
  if (std::string message = constraints.message(); !message.empty()) {
    return ValidationFailure{parameterException(operation), message};
  }
  return std::nullopt;
}

namespace {

void checkAnswer(const Shape& shape, const Json& value, const std::string& path,
                 std::vector<std::string>& problems) {
  if (!fits(value, shape.type)) {
    problems.push_back("'" + path + "' is no " + typeWord(shape.type) + ": " + value.dump().substr(0, 100));
    return;
  }
  if (shape.type == ShapeType::Structure) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      const Member* member = shape.member(it.key());
      if (member) {
        checkAnswer(*member->shape, *it, inside(path, it.key()), problems);
      } else {
        problems.push_back("'" + inside(path, it.key()) + "' is not a member of " + shape.name);
      }
    }
  } else if (shape.element) {
    for (const Json& element : value) checkAnswer(*shape.element, element, path + "[]", problems);
  }
}

}  // namespace

std::vector<std::string> checkOutput(const Operation& operation, const Json& output) {
  std::vector<std::string> problems;
  checkAnswer(*operation.output, output, "", problems);
  return problems;
}

}  // namespace berth::ecs
