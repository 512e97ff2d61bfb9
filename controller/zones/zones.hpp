// Time zones from the system's data (package tzdata), read by Howard Hinnant's date library.
//
// The library reads the compiled files' list of changes, which Debian writes up to 2037; what comes later is
// told by the rule at their end (posix_rule.hpp).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "controller/jobs/zone.hpp"

namespace berth::controller {

/// Reads a zone when it is first asked for; single-threaded. A zone that was read is not read again: after an
/// update of tzdata the program has to be restarted.
class SystemZones final : public Zones {
 public:
  std::shared_ptr<const Zone> find(const std::string& name) const override;

 private:
  mutable std::map<std::string, std::shared_ptr<const Zone>> known_;
};

}  // namespace berth::controller
