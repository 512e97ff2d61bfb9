#include "controller/scheduler/scheduler.hpp"

#include <algorithm>

#include "controller/scheduler/view.hpp"

namespace berth::controller {
namespace {

/// Below this a scan costs less than a view is worth.
constexpr size_t kSmallCluster = 32;
/// Copies at once: a scan looks at all hosts for each of them, and a view costs as much as a few scans.
constexpr int64_t kWorthAView = 8;
/// Requests that are remembered, and instances in all their views, each of which takes some 250 bytes.
constexpr size_t kMostKnown = 256;
constexpr size_t kMostPlaces = 500'000;
constexpr size_t kLeastKnown = 8;

}  // namespace

Scheduler::Scheduler(const Fleet& fleet) : fleet_(fleet) {}
Scheduler::~Scheduler() = default;

std::vector<Fleet::Slot> Scheduler::place(const PlacementRequest& request, int64_t count, Random& random) {
  if (fleet_.in(request.cluster).size() < kSmallCluster) return placeByScan(fleet_, request, count, random);
  const std::string key = request.key();
  const auto found = byKey_.find(key);
  if (found != byKey_.end()) {
    known_.splice(known_.begin(), known_, found->second);
  } else {
    known_.push_front({key, nullptr});
    byKey_.emplace(key, known_.begin());
    const size_t most = std::clamp(kMostPlaces / fleet_.slots(), kLeastKnown, kMostKnown);
    while (known_.size() > most) {
      byKey_.erase(known_.back().key);
      known_.pop_back();
    }
    // What comes once only, and for a few copies, is not worth a view.
    if (count < kWorthAView) return placeByScan(fleet_, request, count, random);
  }
  Known& known = known_.front();
  if (!known.view) known.view = std::make_unique<PlacementView>(fleet_, request);
  return known.view->place(count, random);
}

}  // namespace berth::controller
