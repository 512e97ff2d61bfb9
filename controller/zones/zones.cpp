#include "controller/zones/zones.hpp"

#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <iterator>

#include "controller/zones/posix_rule.hpp"

namespace berth::controller {
namespace {

/// Where the library reads its zones, too.
constexpr const char* kFolder = "/usr/share/zoneinfo/";

/// The rule in the last line of a zone's file (RFC 8536, section 3.3); nullopt for a file of version 1, which
/// has none, and for one that can't be read.
std::optional<PosixRule> ruleOf(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!text.starts_with("TZif") || text.size() < 6 || text[4] < '2' || text.back() != '\n')
    return std::nullopt;
  const size_t before = text.rfind('\n', text.size() - 2);
  if (before == std::string::npos) return std::nullopt;
  return PosixRule::parse(std::string_view(text).substr(before + 1, text.size() - before - 2));
}

class SystemZone final : public Zone {
 public:
  SystemZone(const date::time_zone& zone, std::optional<PosixRule> rule) : zone_(zone), rule_(rule) {}

  ZonePeriod periodAt(WallTime moment) const override {
    const date::sys_info info = zone_.get_info(moment);
    ZonePeriod out;
    out.offset = info.offset;
    // The library says "always" by moments far outside of what milliseconds may be trusted with.
    if (info.begin > date::sys_days(date::year(1) / 1 / 1)) out.begin = info.begin;
    if (info.end < date::sys_days(date::year(9000) / 1 / 1)) {
      out.end = info.end;
    } else if (rule_) {
      ZonePeriod ruled = rule_->periodAt(moment);
      ruled.begin = std::max(ruled.begin, out.begin);
      return ruled;
    }
    return out;
  }

 private:
  const date::time_zone& zone_;    ///< the library keeps it for as long as the program runs
  std::optional<PosixRule> rule_;  ///< what counts after the last change that the library knows
};

}  // namespace

std::shared_ptr<const Zone> SystemZones::find(const std::string& name) const {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  try {
    auto zone = std::make_shared<SystemZone>(*date::locate_zone(name), ruleOf(name));
    // Only now the file is read.
    static_cast<void>(zone->periodAt(WallTime{}));
    return known_[name] = std::move(zone);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace berth::controller
