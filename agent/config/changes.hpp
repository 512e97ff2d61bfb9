// A new configuration for a running agent.
#pragma once

#include <string>
#include <vector>

#include "agent/config/config.hpp"

namespace berth::agent {

enum class Applies { Now, Restart };

struct ConfigChange {
  std::string key;
  Applies applies = Applies::Restart;
  bool operator==(const ConfigChange&) const = default;
};

struct ConfigChanges {
  std::vector<ConfigChange> changes;  ///< of values, in the order of declaration; not of sources alone
  Config use;  ///< what to use now: the running one, with the values that apply now; warnings of the new one
};

/// Pure. A value that needs a restart is told again at each diff until there was one.
ConfigChanges diff(const Config& running, const Config& fresh);

/// Reads the sources again and compares. InvalidArgument as loadConfig: then `running` stays as it is.
Result<ConfigChanges> reload(const Config& running, const ConfigSources& sources);

}  // namespace berth::agent
