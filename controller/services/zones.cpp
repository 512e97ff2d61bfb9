// A service whose tasks are uneven over the availability zones: where the next one is to be.
#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "controller/services/look.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {

std::vector<std::string> emptierZones(Look& look, const Aim& aim, const Spread& spread) {
  std::map<std::string, int64_t, std::less<>> counts;
  for (const std::string& zone : aim.zones) counts[zone] = 0;
  for (const auto* list : {&spread.healthy, &spread.coming}) {
    for (const ServiceTask* task : *list) {
      if (const auto zone = counts.find(task->zone); zone != counts.end()) ++zone->second;
    }
  }
  // Only a zone that can give a task counts as too full: else one would be started for nothing.
  int64_t most = 0;
  for (const ServiceTask* task : spread.healthy) {
    const auto zone = counts.find(task->zone);
    if (zone == counts.end() || zone->second <= most || isProtected(look, *task)) continue;
    most = zone->second;
  }
  std::vector<std::string> out;
  for (const auto& [zone, count] : counts) {
    if (count <= most - 2) out.push_back(zone);
  }
  std::ranges::sort(out, {}, [&](const std::string& zone) { return std::tuple(counts[zone], zone); });
  return out;
}

bool evensOut(Look& look, const Aim& aim, const Spread& spread) {
  if (aim.zones.empty() || spread.coming.size() != 1) return false;
  const auto zones = emptierZones(look, aim, {spread.healthy, {}});
  return std::ranges::find(zones, spread.coming.front()->zone) != zones.end();
}

bool isEvening(const Service& service) {
  for (const ServiceEvent& event : service.events) {
    if (isUneven(event)) return true;
    if (isEven(event) || isCompleted(event)) return false;
  }
  return false;
}

}  // namespace berth::controller
