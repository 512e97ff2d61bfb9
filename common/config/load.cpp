#include "common/config/load.hpp"

#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/bug.hpp"
#include "common/config/rules.hpp"
#include "common/config/suggest.hpp"
#include "common/config/value.hpp"
#include "common/config/yaml_file.hpp"

namespace berth::config {
namespace {

/// "images.pull_behavior" -> "BERTH_AGENT_IMAGES__PULL_BEHAVIOR"
std::string variableOf(const std::string& prefix, std::string_view key) {
  std::string name = prefix;
  for (char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return name;
}

void take(Layer& layer, const Setting& setting, const std::string& text, const std::string& source) {
  auto value = parseValue(setting, text);
  if (value) {
    layer.given.insert_or_assign(setting.key, Given{std::move(*value), source});
    return;
  }
  layer.problems.push_back(source + ": " + value.error().message);
  layer.broken.insert(setting.key);
}

Layer readEnvironment(const Schema& schema, const Sources& sources) {
  Layer layer;
  std::map<std::string, const Setting*> byVariable;
  std::vector<std::string> variables;
  for (const Setting& setting : schema.settings()) {
    variables.push_back(variableOf(sources.envPrefix, setting.key));
    byVariable[variables.back()] = &setting;
  }
  for (const auto& [name, text] : sources.environment) {
    if (!name.starts_with(sources.envPrefix)) continue;
    if (const auto found = byVariable.find(name); found != byVariable.end()) {
      take(layer, *found->second, text, name);
      continue;
    }
    // The common prefix would make all names look alike.
    std::vector<std::string> tails;
    for (const std::string& variable : variables) tails.push_back(variable.substr(sources.envPrefix.size()));
    const auto near = nearest(std::string_view(name).substr(sources.envPrefix.size()), tails);
    layer.problems.push_back(
        name + ": unknown variable: " +
        (near ? "did you mean " + sources.envPrefix + *near + "?" : "no key has that name; unset it"));
  }
  return layer;
}

Layer readForeign(const Schema& schema, const ForeignTexts& texts) {
  Layer layer;
  for (const auto& [key, foreign] : texts) {
    const Setting* setting = schema.find(key);
    if (setting == nullptr) bug(key, "is translated from " + foreign.source + ", but not declared");
    take(layer, *setting, foreign.text, foreign.source);
  }
  return layer;
}

Layer defaults(const Schema& schema) {
  Layer layer;
  for (const Setting& setting : schema.settings()) {
    if (setting.fallback) take(layer, setting, *setting.fallback, "default");
  }
  return layer;
}

std::string missing(const Setting& setting, const Sources& sources) {
  const std::string file = sources.yamlFile.value_or("the YAML file");
  return file + ": '" + setting.key + "' is required (" + setting.doc + "): set it there or as " +
         variableOf(sources.envPrefix, setting.key);
}

}  // namespace

Result<Settings> load(const Schema& schema, const Sources& sources) {
  if (sources.envPrefix.empty())
    bug("", "every variable of the environment would be a setting: the prefix is empty");
  const Layer yaml = sources.yamlFile ? readYamlFile(schema, *sources.yamlFile) : Layer{};
  Layer all = defaults(schema);
  for (const Layer& layer :
       {readForeign(schema, sources.foreignFile), yaml, readForeign(schema, sources.foreignEnvironment),
        readEnvironment(schema, sources)}) {
    for (const auto& [key, given] : layer.given) all.given.insert_or_assign(key, given);
    all.broken.insert(layer.broken.begin(), layer.broken.end());
    all.problems.insert(all.problems.end(), layer.problems.begin(), layer.problems.end());
  }
  for (const Setting& setting : schema.settings()) {
    const bool absent = !all.given.contains(setting.key) && !all.broken.contains(setting.key);
    if (setting.isRequired && absent) all.problems.push_back(missing(setting, sources));
  }
  if (Status status = noProblems(all.problems); !status) return status.error();
  return Settings(schema, std::move(all.given));
}

std::map<std::string, std::string> processEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace berth::config
