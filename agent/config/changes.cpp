#include "agent/config/changes.hpp"

#include <utility>

namespace berth::agent {

ConfigChanges diff(const Config& running, const Config& fresh) {
  std::vector<ConfigChange> changes;
  for (const config::Setting& setting : running.settings.schema().settings()) {
    if (running.settings.same(fresh.settings, setting.key)) continue;
    changes.push_back({setting.key, setting.isLive ? Applies::Now : Applies::Restart});
  }
  auto merged = makeConfig(running.settings.withLive(fresh.settings));
  if (!merged) {
    // Each rule is about live settings only, or about none, so this can't be; if it is, nothing changes by
    // half.
    for (ConfigChange& change : changes) change.applies = Applies::Restart;
    return {std::move(changes), running};
  }
  merged->warnings = fresh.warnings;
  return {std::move(changes), std::move(*merged)};
}

Result<ConfigChanges> reload(const Config& running, const ConfigSources& sources) {
  const auto fresh = loadConfig(sources);
  if (!fresh) return fresh.error();
  return diff(running, *fresh);
}

}  // namespace berth::agent
