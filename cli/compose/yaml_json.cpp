#include "cli/compose/yaml_json.hpp"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

#include "common/text/number.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr int kDeepest = 50;

json scalarOf(const YAML::Node& node, Scalars scalars) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "null" || text == "~" || text == "Null" || text == "NULL" || text.empty()) return nullptr;
  if (scalars == Scalars::Text) return text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (const auto whole = parseNumber<int64_t>(text)) return *whole;
  const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
                       text.find_first_of("0123456789") != std::string::npos;
  if (numeric) {
    if (const auto real = parseNumber<double>(text)) return *real;
  }
  return text;
}

class Converter {
 public:
  Converter(std::string_view name, Scalars scalars) : name_(name), scalars_(scalars) {}

  Result<json> convert(const YAML::Node& node, int depth) const {
    if (depth > kDeepest) return wrong(node, "nested too deeply");
    if (node.IsScalar()) return scalarOf(node, scalars_);
    if (node.IsSequence()) return sequence(node, depth);
    if (node.IsMap()) return mapping(node, depth);
    return json();
  }

 private:
  Result<json> sequence(const YAML::Node& node, int depth) const {
    json out = json::array();
    for (const YAML::Node& item : node) {
      auto value = convert(item, depth + 1);
      if (!value) return value.error();
      out.push_back(std::move(*value));
    }
    return out;
  }

  Result<json> mapping(const YAML::Node& node, int depth) const {
    json out = json::object();
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) return wrong(pair.first, "a key must be text");
      const std::string& key = pair.first.Scalar();
      if (out.contains(key)) return wrong(pair.first, "'" + key + "' comes twice");
      auto value = convert(pair.second, depth + 1);
      if (!value) return value.error();
      out[key] = std::move(*value);
    }
    return out;
  }

  Error wrong(const YAML::Node& node, const std::string& rule) const {
    return makeError(Code::InvalidArgument, name_ + ":" + std::to_string(node.Mark().line + 1) + ": " + rule);
  }

  std::string name_;
  Scalars scalars_;
};

}  // namespace

Result<json> jsonOfYaml(std::string_view text, std::string_view name, Scalars scalars) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.size() != 1)
      return makeError(Code::InvalidArgument, std::string(name) + ": it must hold one document, it has " +
                                                  std::to_string(documents.size()));
    return Converter(name, scalars).convert(documents.front(), 0);
  } catch (const YAML::Exception& bad) {
    return makeError(Code::InvalidArgument, std::string(name) + ":" + std::to_string(bad.mark.line + 1) +
                                                ": not YAML or JSON: " + bad.msg);
  }
}

}  // namespace berth::cli
