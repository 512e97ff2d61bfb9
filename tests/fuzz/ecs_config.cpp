// The configuration of amazon-ecs-agent: ecs.config, a line "----", ecs.config.json.
#include <algorithm>
#include <set>

#include "agent/config/config.hpp"
#include "agent/config/declarations.hpp"
#include "agent/config/ecs_forms.hpp"
#include "agent/config/ecs_sources.hpp"
#include "agent/config/ecs_unused.hpp"
#include "common/http/message.hpp"
#include "common/text/letter_case.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using agent::EcsText;
using agent::EcsTexts;
using config::Setting;
using config::Type;

/// The seeds' secrets are made of this word, and nothing else is.
constexpr std::string_view kSecret = "EXAMPLESECRET";

bool holds(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

bool isOneLine(const std::string& text) { return !text.empty() && !holds(text, "\n"); }

bool isTrimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  return text.empty() || (!holds(kBlank, text.substr(0, 1)) && !holds(kBlank, text.substr(text.size() - 1)));
}

/// Whether a mutation has put the secrets' word where everybody may see it.
bool isPublic(const EcsTexts& texts) {
  const auto& settings = agent::agentSchema()->settings();
  const auto feedsSecret = [&](const std::string& name) {
    return std::ranges::any_of(settings, [&](const Setting& setting) {
      return setting.isSecret && std::ranges::any_of(setting.aliases, [&](const config::Alias& alias) {
               return alias.variable == name || equalsIgnoreCase(alias.jsonKey, name);
             });
    });
  };
  return std::ranges::any_of(texts.texts, [&](const EcsText& one) {
    return holds(one.name, kSecret) || (holds(one.text, kSecret) && !feedsSecret(one.name));
  });
}

bool keepsRule(const Setting& setting, const config::Value& value) {
  const auto between = [&](int64_t number) { return number >= setting.least && number <= setting.most; };
  switch (setting.type) {
    case Type::Integer:
    case Type::Size:
      return between(std::get<int64_t>(value));
    case Type::Duration:
      return between(std::get<Duration>(value).count());
    case Type::Choice:
      return std::ranges::count(setting.choices, std::get<std::string>(value)) == 1;
    case Type::String:
      return setting.fits == nullptr || setting.fits(std::get<std::string>(value));
    case Type::Path:
      return !std::get<std::string>(value).empty();
    case Type::Boolean:
      return std::holds_alternative<bool>(value);
    case Type::List:
      return setting.fits == nullptr ||
             std::ranges::all_of(std::get<std::vector<std::string>>(value), setting.fits);
    case Type::Map:
      return std::holds_alternative<config::StringMap>(value);
  }
  return false;
}

void checkMeaning(const EcsTexts& texts) {
  const auto schema = agent::agentSchema();
  const agent::EcsLayer meaning = agent::translateEcs(*schema, texts);
  for (const auto& [key, given] : meaning.layer.given) {
    const Setting* setting = schema->find(key);
    fuzz::require(setting != nullptr, "a text feeds settings that there are", key);
    fuzz::require(keepsRule(*setting, given.value), "a value keeps its setting's rule", key);
  }
  fuzz::require(meaning.layer.broken.size() <= meaning.layer.problems.size(), "what is broken is told");
  const bool secrecy = !isPublic(texts);
  for (const auto* lines : {&meaning.warnings, &meaning.layer.problems}) {
    for (const std::string& line : *lines) {
      fuzz::require(isOneLine(line), "a message is one line", line);
      fuzz::require(line.starts_with("/etc/ecs/"), "a message begins with where it is", line);
      fuzz::require(!secrecy || !holds(line, kSecret), "a message shows no secret", line);
    }
  }
}

void checkForms(std::string_view text) {
  const auto duration = agent::parseGoDuration(text);
  if (duration && *duration >= Duration(0)) {
    const std::string again = std::to_string(duration->count()) + "ns";
    fuzz::require(agent::parseGoDuration(again) == duration, "a duration has one length", text);
    fuzz::require(agent::parseGoDuration("-" + again) == -*duration, "and its opposite", text);
  }
}

EcsTexts checkedLines(std::string_view content) {
  const EcsTexts texts = agent::ecsLines("/etc/ecs/ecs.config", content);
  std::string written;
  std::set<std::string> names;
  for (const EcsText& one : texts.texts) {
    fuzz::require(names.insert(one.name).second, "a name is there once", one.name);
    fuzz::require(isTrimmed(one.name) && isTrimmed(one.text), "no blanks at the ends", one.text);
    fuzz::require(isOneLine(one.source), "a source is one line", one.source);
    checkForms(one.text);
    written += one.name + "=" + one.text + "\n";
  }
  const EcsTexts again = agent::ecsLines("/etc/ecs/ecs.config", written);
  fuzz::require(std::ranges::equal(
                    texts.texts, again.texts,
                    [](const EcsText& a, const EcsText& b) { return a.name == b.name && a.text == b.text; }),
                "lines written again are the same", written);
  return texts;
}

void checkWhole(std::string_view lines, std::string_view json, bool secrecy) {
  const fuzz::MemoryFile ecsConfig(lines), ecsJson(json);
  agent::ConfigSources sources;
  sources.ecsConfig = ecsConfig.path();
  sources.ecsJson = ecsJson.path();
  sources.sharedCredentials = "/nowhere";
  const auto loaded = agent::loadConfig(sources);
  if (!loaded) {
    const std::string& message = loaded.error().message;
    fuzz::require(!message.empty(), "an error says why");
    return fuzz::require(!secrecy || !holds(message, kSecret), "an error shows no secret", message);
  }
  fuzz::require(loaded->accessKey.empty() == loaded->secretKey.empty(), "a key has both halves");
  fuzz::require(!secrecy || !holds(loaded->described, kSecret), "a secret is not shown", loaded->described);
  fuzz::require(std::ranges::all_of(loaded->warnings, isOneLine), "a warning is one line");
}

}  // namespace

BERTH_FUZZ_TARGET(ecs_config) {
  const std::string_view content = fuzz::takePart(input);
  const EcsTexts lines = checkedLines(content);
  const EcsTexts json = agent::ecsJson("/etc/ecs/ecs.config.json", input);
  fuzz::require(json.problems.empty() || json.texts.empty(), "a file that is no object has no texts", input);
  checkMeaning(lines);
  checkMeaning(json);
  // It would name another file of this machine.
  if (std::ranges::count(lines.texts, agent::kJsonFileVariable, &EcsText::name) > 0) return;
  checkWhole(content, input, !isPublic(lines) && !isPublic(json));
}
