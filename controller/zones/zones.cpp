#include "controller/zones/zones.hpp"

#include <date/tz.h>
#include <exception>

namespace berth::controller {
namespace {

class SystemZone final : public Zone {
 public:
  explicit SystemZone(const date::time_zone& zone) : zone_(zone) {}

  ZonePeriod periodAt(WallTime moment) const override {
    const date::sys_info info = zone_.get_info(moment);
    ZonePeriod out;
    out.offset = info.offset;
    // The library says "always" by moments far outside of what milliseconds may be trusted with.
    if (info.begin > date::sys_days(date::year(1) / 1 / 1)) out.begin = info.begin;
    if (info.end < date::sys_days(date::year(9000) / 1 / 1)) out.end = info.end;
    return out;
  }

 private:
  const date::time_zone& zone_;  ///< the library keeps it for as long as the program runs
};

}  // namespace

std::shared_ptr<const Zone> SystemZones::find(const std::string& name) const {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  try {
    auto zone = std::make_shared<SystemZone>(*date::locate_zone(name));
    // Only now the file is read.
    static_cast<void>(zone->periodAt(WallTime{}));
    return known_[name] = std::move(zone);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace berth::controller
