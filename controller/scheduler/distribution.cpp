#include "controller/scheduler/distribution.hpp"

#include <algorithm>

namespace berth::controller {
namespace {

int64_t beyondBase(const ProviderShare& item, int64_t has) { return std::max<int64_t>(0, has - item.base); }

/// The item that the next task goes to.
size_t nextItem(const std::vector<ProviderShare>& strategy, const std::vector<int64_t>& has) {
  int64_t weights = 0;
  int64_t shared = 0;
  for (size_t i = 0; i < strategy.size(); ++i) {
    if (has[i] < strategy[i].base) return i;
    weights += strategy[i].weight;
    shared += beyondBase(strategy[i], has[i]);
  }
  size_t best = 0;
  int64_t most = INT64_MIN;
  for (size_t i = 0; i < strategy.size(); ++i) {
    if (strategy[i].weight == 0) continue;
    // Its share of all that are shared with the next one, less what it has, times all weights.
    const int64_t missing = strategy[i].weight * (shared + 1) - beyondBase(strategy[i], has[i]) * weights;
    if (missing > most) {
      most = missing;
      best = i;
    }
  }
  return best;
}

}  // namespace

std::vector<int64_t> distribute(const std::vector<ProviderShare>& strategy, int64_t count,
                                std::vector<int64_t> has) {
  std::vector<int64_t> out(strategy.size());
  has.resize(strategy.size());
  for (int64_t i = 0; i < count && !strategy.empty(); ++i) {
    const size_t item = nextItem(strategy, has);
    ++has[item];
    ++out[item];
  }
  return out;
}

}  // namespace berth::controller
