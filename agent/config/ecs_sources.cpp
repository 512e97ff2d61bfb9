#include "agent/config/ecs_sources.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/config/ecs_unused.hpp"
#include "common/config/suggest.hpp"
#include "common/http/message.hpp"
#include "common/text/letter_case.hpp"

namespace berth::agent {
namespace {

using config::Alias;
using config::Setting;
using Names = EcsTexts::Names;

bool isNamed(std::string_view variable, std::string_view jsonKey, const EcsText& text, Names names) {
  if (names == Names::JsonKeys) return !jsonKey.empty() && equalsIgnoreCase(jsonKey, text.name);
  return variable == text.name;
}

/// What to do about a text that can't be read.
std::string wayOutOf(const EcsText& text, bool isSecret) {
  const bool quoted = text.text.size() > 1 && text.text.front() == text.text.back() &&
                      (text.text.front() == '"' || text.text.front() == '\'');
  if (quoted && !isSecret) return "; remove the quotes, they count as part of the value";
  return "; correct or remove it";
}

void takeText(EcsLayer& out, const Setting& setting, const Alias& alias, const EcsText& text) {
  auto translated = alias.translate(setting, alias, text.text);
  if (!translated) {
    out.layer.problems.push_back(text.source + ": " + translated.error().message +
                                 wayOutOf(text, setting.isSecret));
    out.layer.broken.insert(setting.key);
    return;
  }
  if (!translated->warning.empty()) out.warnings.push_back(text.source + ": " + translated->warning);
  if (!translated->value) return;
  // The first alias that is set counts.
  out.layer.given.emplace(setting.key,
                          config::Given{std::move(*translated->value), text.source, config::Origin::Foreign});
}

bool isKnown(const config::Schema& schema, const EcsText& text, Names names) {
  return std::ranges::any_of(schema.settings(), [&](const Setting& setting) {
    return std::ranges::any_of(setting.aliases, [&](const Alias& alias) {
      return isNamed(alias.variable, alias.jsonKey, text, names);
    });
  });
}

std::string strangerWarning(const config::Schema& schema, const EcsText& text, Names names) {
  const bool json = names == Names::JsonKeys;
  std::vector<std::string> candidates;
  for (const Setting& setting : schema.settings()) {
    for (const Alias& alias : setting.aliases) candidates.push_back(json ? alias.jsonKey : alias.variable);
  }
  std::erase(candidates, "");
  const auto near = config::nearest(text.name, candidates);
  return text.source + ": no setting of amazon-ecs-agent that is known here; " +
         (near ? "did you mean " + *near + "?" : "it is ignored");
}

/// Why a text that no setting takes doesn't count; nullopt where that needs no word.
std::optional<std::string> whyUnused(const config::Schema& schema, const EcsText& text, Names names) {
  for (const UnusedVariable& unused : unusedVariables()) {
    if (!isNamed(unused.variable, unused.jsonKey, text, names)) continue;
    const bool counts = unused.fromProcess && names == Names::ProcessVariables;
    if (counts || saysTheSame(unused, text.text)) return std::nullopt;
    return text.source + ": does not apply: " + std::string(unused.reason);
  }
  if (text.name == kJsonFileVariable) return std::nullopt;
  const bool theirs = names == Names::JsonKeys || text.name.starts_with("ECS_");
  if (!theirs) return std::nullopt;
  return strangerWarning(schema, text, names);
}

}  // namespace

EcsLayer translateEcs(const config::Schema& schema, const EcsTexts& texts) {
  EcsLayer out;
  out.layer.problems = texts.problems;
  for (const Setting& setting : schema.settings()) {
    for (const Alias& alias : setting.aliases) {
      for (const EcsText& text : texts.texts) {
        if (!text.text.empty() && isNamed(alias.variable, alias.jsonKey, text, texts.names))
          takeText(out, setting, alias, text);
      }
    }
  }
  for (const EcsText& text : texts.texts) {
    if (text.text.empty() || isKnown(schema, text, texts.names)) continue;
    if (auto warning = whyUnused(schema, text, texts.names)) out.warnings.push_back(std::move(*warning));
  }
  return out;
}

}  // namespace berth::agent
