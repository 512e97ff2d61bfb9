// Runs in which nothing is left to chance but how long things take.
#include <algorithm>

#include "tests/simulation/scenario.hpp"

namespace berth::simulation {
namespace {

using std::chrono::seconds;

constexpr Duration kRunsFrom = seconds(5);
constexpr Duration kStopsAt = seconds(60);

}  // namespace

void Scenario::follow(size_t planned) {
  World& world = cluster_.world();
  const Planned& task = options_.plan[planned];
  world.after(kRunsFrom + seconds(planned), forever_,
              [this, planned, family = task.family] { runTask(family, planned); });
  if (!task.stop) return;
  world.after(kStopsAt, forever_, [this, planned] {
    const auto it =
        std::ranges::find_if(told_, [&](const auto& one) { return one.second.planned == planned; });
    if (it == told_.end()) throw Violation("a planned task has not begun when it is to stop");
    stopTask(it->first);
  });
}

void Scenario::prepareCrash() {
  const auto again = [this](auto& node) {
    node.disk().crashAt(options_.crash, [this, &node] {
      node.kill();
      cluster_.world().after(options_.crash.down, forever_, [&node] { node.start(); });
    });
  };
  if (options_.crash.who == Crash::Who::Agent) again(*cluster_.agents()[0]);
  if (options_.crash.who == Crash::Who::Controller) again(cluster_.controller());
}

std::string Scenario::endOf(size_t planned) {
  std::string out = options_.plan[planned].family;
  for (const auto& [id, wish] : told_) {
    if (wish.planned != planned) continue;
    const controller::Task& task = *cluster_.controller().state().task(id);
    out += " " + std::string(name(task.lastStatus)) + " " + task.stopCode;
    for (size_t place = 0; place < task.containers.size(); ++place) {
      const controller::TaskContainer& container = task.containers[place];
      const std::string& named = task.spec->containers[place].name;
      out += ", " + named + " " + std::string(name(container.status));
      // Whether the one beside it began before the end of the one that matters is a matter of moments.
      const bool over = container.status == controller::ContainerStatus::Stopped && named != "side";
      if (over && container.exitCode) out += " " + std::to_string(*container.exitCode);
    }
  }
  return out;
}

}  // namespace berth::simulation
