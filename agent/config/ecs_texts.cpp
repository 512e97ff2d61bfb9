#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_forms.hpp"
#include "agent/config/ecs_sources.hpp"
#include "common/config/value.hpp"
#include "common/http/message.hpp"
#include "common/text/letter_case.hpp"
#include "common/text/trim.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent {
namespace {

constexpr std::string_view kBlank = " \t\r";

/// "/etc/ecs/ecs.config:3 (ECS_CLUSTER)", on one line whatever the name holds.
std::string sourceOf(const std::string& where, const std::string& name) {
  return where + " (" + config::yamlScalar(name) + ")";
}

/// Durations are numbers of nanoseconds.
bool isDurationKey(std::string_view jsonKey) {
  for (const config::Setting& setting : agentSchema()->settings()) {
    for (const config::Alias& alias : setting.aliases)
      if (equalsIgnoreCase(alias.jsonKey, jsonKey)) return isDuration(alias);
  }
  return false;
}

/// The form that the variable of the same meaning has.
std::string variableForm(const std::string& key, const nlohmann::json& value) {
  // Go's zero of a number is a field that nobody has set.
  if (value.is_null() || value == 0) return {};
  if (value.is_string()) return std::string(trimmed(value.get<std::string>(), kBlank));
  if (value.is_number_integer() && isDurationKey(key)) return value.dump() + "ns";
  return value.dump();
}

constexpr std::string_view kRate = "TaskMetadataSteadyStateRate";
constexpr std::string_view kBurst = "TaskMetadataBurstRate";

/// Two numbers in JSON are one variable: "40,60".
void joinRates(std::vector<EcsText>& texts) {
  const auto named = [&](std::string_view name) {
    return std::ranges::find_if(
        texts, [&](const EcsText& one) { return equalsIgnoreCase(one.name, name) && !one.text.empty(); });
  };
  const auto rate = named(kRate);
  const auto burst = named(kBurst);
  if (rate == texts.end() && burst == texts.end()) return;
  const std::string whole =
      (rate == texts.end() ? "40" : rate->text) + "," + (burst == texts.end() ? "60" : burst->text);
  EcsText joined{std::string(kRate), whole, rate == texts.end() ? burst->source : rate->source};
  std::erase_if(texts, [](const EcsText& one) {
    return equalsIgnoreCase(one.name, kRate) || equalsIgnoreCase(one.name, kBurst);
  });
  texts.push_back(std::move(joined));
}

}  // namespace

EcsTexts ecsEnvironment(const std::map<std::string, std::string>& environment) {
  EcsTexts out;
  out.names = EcsTexts::Names::ProcessVariables;
  for (const auto& [name, text] : environment)
    out.texts.push_back({name, std::string(trimmed(text, kBlank)), name});
  return out;
}

EcsTexts ecsLines(std::string_view path, std::string_view content) {
  std::map<std::string, EcsText> byName;
  for (int number = 1; !content.empty(); ++number) {
    const size_t end = content.find('\n');
    const std::string_view line = trimmed(content.substr(0, end), kBlank);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(trimmed(line.substr(0, equals), kBlank));
    std::string source = sourceOf(std::string(path) + ":" + std::to_string(number), name);
    byName.insert_or_assign(
        name, EcsText{name, std::string(trimmed(line.substr(equals + 1), kBlank)), std::move(source)});
  }
  EcsTexts out;
  for (auto& [name, text] : byName) out.texts.push_back(std::move(text));
  return out;
}

EcsTexts ecsJson(std::string_view path, std::string_view content) {
  EcsTexts out;
  out.names = EcsTexts::Names::JsonKeys;
  if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) return out;
  const auto object = json::parseObject(content, path);
  if (!object) {
    out.problems.push_back(std::string(path) +
                           ": must hold one JSON object, like {\"Cluster\":\"prod\"}; correct or remove it");
    return out;
  }
  for (const auto& [key, value] : object->items())
    out.texts.push_back({key, variableForm(key, value), sourceOf(std::string(path), key)});
  joinRates(out.texts);
  return out;
}

}  // namespace berth::agent
