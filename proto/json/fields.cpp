#include "proto/json/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/text/json_depth.hpp"
#include "common/text/letter_case.hpp"
#include "proto/json/reader.hpp"

namespace berth::json {
namespace {

constexpr int kMaxDepth = 64;

/// As the library writes a value, which looks at each character of a text as a part of UTF-8.
std::string written(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool isPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void appendText(std::string& out, const std::string& text) {
  if (!std::ranges::all_of(text, isPlain)) {
    out += written(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

template <class Number>
void appendNumber(std::string& out, Number number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append(std::string& out, const nlohmann::json& value);

void appendObject(std::string& out, const nlohmann::json::object_t& object) {
  char before = '{';
  for (const auto& [key, member] : object) {
    out += before;
    appendText(out, key);
    out += ':';
    append(out, member);
    before = ',';
  }
  out += object.empty() ? "{}" : "}";
}

void appendArray(std::string& out, const nlohmann::json::array_t& array) {
  char before = '[';
  for (const nlohmann::json& element : array) {
    out += before;
    append(out, element);
    before = ',';
  }
  out += array.empty() ? "[]" : "]";
}

void append(std::string& out, const nlohmann::json& value) {
  using Type = nlohmann::json::value_t;
  switch (value.type()) {
    case Type::object:
      return appendObject(out, *value.get_ptr<const nlohmann::json::object_t*>());
    case Type::array:
      return appendArray(out, *value.get_ptr<const nlohmann::json::array_t*>());
    case Type::string:
      return appendText(out, *value.get_ptr<const std::string*>());
    case Type::number_integer:
      return appendNumber(out, *value.get_ptr<const nlohmann::json::number_integer_t*>());
    case Type::number_unsigned:
      return appendNumber(out, *value.get_ptr<const nlohmann::json::number_unsigned_t*>());
    default:
      out += written(value);
  }
}

}  // namespace

Result<nlohmann::json> parseObject(std::string_view text, std::string_view what,
                                   const std::vector<std::string_view>& members) {
  nlohmann::json value;
  if (!readFast(text, kMaxDepth, value, members)) {
    if (jsonDepthOf(text) > kMaxDepth)
      return makeError(Code::InvalidArgument, std::string(what) + " is nested deeper than 64 levels");
    value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  if (value.is_discarded()) return makeError(Code::InvalidArgument, std::string(what) + " is not valid JSON");
  if (!value.is_object())
    return makeError(Code::InvalidArgument, std::string(what) + " is not a JSON object");
  return value;
}

std::string dump(const nlohmann::json& value) {
  std::string out;
  append(out, value);
  return out;
}

Fields::Fields(const nlohmann::json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) error_ = makeError(Code::InvalidArgument, path_ + " is not a JSON object");
}

const nlohmann::json* Fields::find(std::string_view key) const {
  if (!object_.is_object()) return nullptr;
  if (auto it = object_.find(key); it != object_.end()) return it->is_null() ? nullptr : &*it;
  for (auto it = object_.begin(); it != object_.end(); ++it) {
    if (equalsIgnoreCase(it.key(), key)) return it->is_null() ? nullptr : &*it;
  }
  return nullptr;
}

std::string Fields::pathOf(std::string_view key) const { return path_ + "." + std::string(key); }

void Fields::fault(std::string_view key, std::string_view rule) {
  if (!error_) error_ = makeError(Code::InvalidArgument, pathOf(key) + " " + std::string(rule));
}

void Fields::absorb(const Fields& nested) {
  if (!error_ && nested.error_) error_ = nested.error_;
}

std::string Fields::str(std::string_view key, std::string fallback) {
  const nlohmann::json* value = find(key);
  if (!value) return fallback;
  if (!value->is_string()) return fault(key, "is not a string"), fallback;
  return value->get<std::string>();
}

std::string Fields::requiredStr(std::string_view key) {
  std::string value = str(key);
  if (value.empty()) fault(key, "is missing or empty");
  return value;
}

std::optional<int64_t> Fields::optionalInteger(std::string_view key) {
  const nlohmann::json* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX) {
    return fault(key, "is larger than a 64-bit integer"), std::nullopt;
  }
  if (value->is_number_integer()) return value->get<int64_t>();
  if (value->is_number_float()) {
    double number = value->get<double>();
    if (std::floor(number) == number && std::fabs(number) < 9.0e15) return static_cast<int64_t>(number);
  }
  fault(key, "is not an integer");
  return std::nullopt;
}

int64_t Fields::integer(std::string_view key, int64_t fallback) {
  return optionalInteger(key).value_or(fallback);
}

std::optional<double> Fields::optionalNumber(std::string_view key) {
  const nlohmann::json* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_number()) return fault(key, "is not a number"), std::nullopt;
  return value->get<double>();
}

double Fields::number(std::string_view key, double fallback) {
  return optionalNumber(key).value_or(fallback);
}

bool Fields::boolean(std::string_view key, bool fallback) {
  const nlohmann::json* value = find(key);
  if (!value) return fallback;
  if (!value->is_boolean()) return fault(key, "is not a boolean"), fallback;
  return value->get<bool>();
}

std::vector<const nlohmann::json*> Fields::list(std::string_view key) {
  std::vector<const nlohmann::json*> out;
  const nlohmann::json* value = find(key);
  if (!value) return out;
  if (!value->is_array()) return fault(key, "is not a list"), out;
  for (const auto& element : *value) out.push_back(&element);
  return out;
}

std::optional<std::vector<std::string>> Fields::optionalStrings(std::string_view key) {
  if (!find(key)) return std::nullopt;
  std::vector<std::string> out;
  for (const nlohmann::json* element : list(key)) {
    if (!element->is_string()) return fault(key, "is not a list of strings"), out;
    out.push_back(element->get<std::string>());
  }
  return out;
}

std::vector<std::string> Fields::strings(std::string_view key) {
  return optionalStrings(key).value_or(std::vector<std::string>{});
}

std::map<std::string, std::string> Fields::stringMap(std::string_view key) {
  std::map<std::string, std::string> out;
  const nlohmann::json* value = find(key);
  if (!value) return out;
  if (!value->is_object()) return fault(key, "is not a map"), out;
  for (auto it = value->begin(); it != value->end(); ++it) {
    if (!it->is_string()) return fault(key, "is not a map of strings"), out;
    out.emplace(it.key(), it->get<std::string>());
  }
  return out;
}

}  // namespace berth::json
