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
/// A group on more than this part of the hosts has a view of its own.
constexpr size_t kFewHolders = 8;
/// A group that nothing is of: longer than a name may be.
const std::string kNobody(1024, '-');

}  // namespace

Scheduler::Scheduler(const Fleet& fleet) : fleet_(fleet) {}
Scheduler::~Scheduler() = default;

bool Scheduler::isSmall(const PlacementRequest& request) const {
  return fleet_.in(request.cluster).size() < kSmallCluster;
}

Scheduler::Known& Scheduler::remember(const PlacementRequest& request) {
  std::string key = request.key();
  const auto found = byKey_.find(key);
  if (found != byKey_.end()) {
    known_.splice(known_.begin(), known_, found->second);
    known_.front().again = true;
    return known_.front();
  }
  known_.push_front({key});
  byKey_.emplace(std::move(key), known_.begin());
  const size_t most = std::clamp(kMostPlaces / fleet_.slots(), kLeastKnown, kMostKnown);
  while (known_.size() > most) {
    byKey_.erase(known_.back().key);
    known_.pop_back();
  }
  return known_.front();
}

PlacementView& Scheduler::viewOf(Known& known, const PlacementRequest& request) {
  if (!known.view) known.view = std::make_unique<PlacementView>(fleet_, request);
  return *known.view;
}

std::vector<Fleet::Slot> Scheduler::place(const PlacementRequest& request, int64_t count, Random& random) {
  if (isSmall(request)) return placeByScan(fleet_, request, count, random);
  Known& known = remember(request);
  // What comes once only, and for a few copies, is not worth a view.
  if (!known.again && count < kWorthAView) return placeByScan(fleet_, request, count, random);
  return viewOf(known, request).place(count, random);
}

std::vector<Fleet::Slot> Scheduler::placeBeside(const std::vector<Fleet::Slot>& holders,
                                                const PlacementRequest& request, int64_t count,
                                                Random& random) {
  if (isSmall(request)) return placeByScan(fleet_, request, count, random);
  if (holders.size() > fleet_.in(request.cluster).size() / kFewHolders) {
    return viewOf(remember(request), request).place(count, random);
  }
  PlacementRequest anyone = request;
  anyone.group = kNobody;
  return viewOf(remember(anyone), anyone).placeFor(request.group, holders, count, random);
}

}  // namespace berth::controller
