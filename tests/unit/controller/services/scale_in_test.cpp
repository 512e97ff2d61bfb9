// Who goes first when there are too many.
#include <tuple>

#include "common/ids/random.hpp"
#include "tests/unit/controller/services/village.hpp"

namespace berth::controller::sample {
namespace {

/// A settled service of `count` tasks on up to 30 hosts in three zones, some of which do not run.
void settleAtRandom(Village& village, Random& random) {
  village.settle();
  village.arrive();
  village.second += 100;
  village.settle();
  for (ServiceTask& task : village.view.tasks) {
    const uint64_t host = random.below(30);
    task.instance = village.kept("host-" + std::to_string(host));
    task.zone = village.kept("zone-" + std::to_string(host % 3));
    task.createdAt = at(static_cast<int64_t>(random.below(20)));
    task.running = random.below(5) > 0;
  }
}

/// What decides, counted anew.
auto rankIn(const std::vector<ServiceTask>& left, const ServiceTask& task) {
  return std::tuple(!task.running, std::ranges::count(left, task.zone, &ServiceTask::zone),
                    std::ranges::count(left, task.instance, &ServiceTask::instance), task.createdAt, task.id);
}

TEST_CASE("each that goes is of the zone and the host that have most when it goes, and the youngest there") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const auto before = static_cast<int64_t>(20 + random.below(100));
    Village village(before);
    settleAtRandom(village, random);
    REQUIRE(std::ssize(village.view.tasks) == before);
    village.view.service.desiredCount = static_cast<int64_t>(random.below(static_cast<uint64_t>(before)));
    const ServicePlan plan = reconcile(village.view, village.pace, at(village.second));
    const int64_t idle = before - village.running();
    const int64_t spare = std::max<int64_t>(0, village.running() - village.view.service.desiredCount);
    const int64_t gone =
        std::min({before - village.view.service.desiredCount, idle + spare, village.pace.mostStops});
    CHECK(std::ssize(plan.stops) == gone);
    std::vector<ServiceTask> left = village.view.tasks;
    for (const PlannedStop& stop : plan.stops) {
      const auto goes = std::ranges::max_element(
          left, [&](const auto& a, const auto& b) { return rankIn(left, a) < rankIn(left, b); });
      REQUIRE(goes->id == stop.task);
      left.erase(goes);
    }
  }
}

}  // namespace
}  // namespace berth::controller::sample
