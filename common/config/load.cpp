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

void take(Layer& layer, const Setting& setting, const std::string& text, const std::string& source,
          Origin origin) {
  auto value = parseValue(setting, text);
  if (value) {
    layer.given.insert_or_assign(setting.key, Given{std::move(*value), source, origin});
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
      take(layer, *found->second, text, name, Origin::Environment);
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

/// The sections in `together` that one of `own` has a key of, right or wrong.
std::vector<std::string> ownSections(const std::vector<std::string>& together,
                                     std::initializer_list<const Layer*> own) {
  std::vector<std::string> sections;
  for (const std::string& section : together) {
    const std::string prefix = section + ".";
    const auto inside = [&](const std::string& key) { return key.starts_with(prefix); };
    for (const Layer* layer : own) {
      if (std::ranges::any_of(layer->given, [&](const auto& one) { return inside(one.first); }) ||
          std::ranges::any_of(layer->broken, inside))
        sections.push_back(prefix);
    }
  }
  return sections;
}

void put(Layer& all, const Layer& layer, const std::vector<std::string>& withoutSections = {}) {
  for (const auto& [key, given] : layer.given) {
    const bool left = std::ranges::any_of(withoutSections,
                                          [&](const std::string& prefix) { return key.starts_with(prefix); });
    if (!left) all.given.insert_or_assign(key, given);
  }
  all.broken.insert(layer.broken.begin(), layer.broken.end());
  all.problems.insert(all.problems.end(), layer.problems.begin(), layer.problems.end());
}

Layer defaults(const Schema& schema) {
  Layer layer;
  for (const Setting& setting : schema.settings()) {
    if (setting.fallback) take(layer, setting, *setting.fallback, "default", Origin::Default);
  }
  return layer;
}

std::string missing(const Setting& setting, const Sources& sources) {
  const std::string file = sources.yamlFile.value_or("the YAML file");
  return file + ": '" + setting.key + "' is required (" + setting.doc + "): set it there or as " +
         variableOf(sources.envPrefix, setting.key);
}

}  // namespace

Result<Settings> load(std::shared_ptr<const Schema> schema, const Sources& sources) {
  if (sources.envPrefix.empty())
    bug("", "every variable of the environment would be a setting: the prefix is empty");
  const Layer yaml = sources.yamlFile ? readYamlFile(*schema, *sources.yamlFile) : Layer{};
  const Layer environment = readEnvironment(*schema, sources);
  Layer all = defaults(*schema);
  const std::vector<std::string> own = ownSections(sources.together, {&yaml, &environment});
  for (auto layer = sources.foreign.rbegin(); layer != sources.foreign.rend(); ++layer) put(all, *layer, own);
  put(all, yaml);
  put(all, environment);
  for (const Setting& setting : schema->settings()) {
    const bool absent = !all.given.contains(setting.key) && !all.broken.contains(setting.key);
    if (setting.isRequired && absent) all.problems.push_back(missing(setting, sources));
  }
  if (Status status = noProblems(all.problems); !status) return status.error();
  return Settings(std::move(schema), std::move(all.given));
}

Result<Settings> load(const Schema& schema, const Sources& sources) {
  return load(std::make_shared<const Schema>(schema), sources);
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
