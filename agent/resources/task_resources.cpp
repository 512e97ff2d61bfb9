#include "agent/resources/task_resources.hpp"

#include <utility>

namespace berth::agent {

/// One set-up or tear-down that is under way.
struct HostTaskResources::Making {
  TaskSetUp what;
  Callback<SetUpOutcome> made;
  Callback<std::monostate> gone;
};

void HostTaskResources::setUp(TaskSetUp setUp, Callback<SetUpOutcome> done) {
  auto making = std::make_shared<Making>();
  making->what = std::move(setUp);
  making->made = std::move(done);
  later_([this, making] { makeVolumes(making, 0); });
}

void HostTaskResources::makeVolumes(std::shared_ptr<Making> making, size_t next) {
  if (next == making->what.volumes.size()) return finish(making);
  VolumeSpec volume = making->what.volumes[next];
  const std::string name = volume.name;
  runtime_.ensureVolume(std::move(volume), [this, making, next, name](const Result<std::monostate>& result) {
    if (!result) return making->made(result.error().in("VolumeError: volume " + name));
    makeVolumes(making, next + 1);
  });
}

void HostTaskResources::finish(const std::shared_ptr<Making>& making) {
  SetUpOutcome outcome;
  if (making->what.group) {
    auto parent = groups_.make(making->what.taskId, *making->what.group);
    if (!parent) {
      return making->made(parent.error().in("CgroupError: Agent could not create task's platform resources"));
    }
    outcome.cgroupParent = std::move(*parent);
  }
  for (const PortWish& wish : making->what.ports) {
    const auto first = ports_.take(wish.count, wish.protocol);
    if (!first) return making->made(first.error().in("PortError"));
    outcome.firstPorts.push_back(*first);
  }
  making->made(std::move(outcome));
}

void HostTaskResources::tearDown(TaskSetUp setUp, Callback<std::monostate> done) {
  auto making = std::make_shared<Making>();
  making->what = std::move(setUp);
  making->gone = std::move(done);
  later_([this, making] { removeVolumes(making, 0); });
}

void HostTaskResources::removeVolumes(std::shared_ptr<Making> making, size_t next) {
  if (next < making->what.ownVolumes.size()) {
    runtime_.removeVolume(making->what.ownVolumes[next],
                          [this, making, next](const Result<std::monostate>& result) {
                            if (!result) return making->gone(result.error());
                            removeVolumes(making, next + 1);
                          });
    return;
  }
  const Status removed = making->what.group ? groups_.remove(making->what.taskId) : Status();
  making->gone(removed ? Result<std::monostate>(std::monostate{}) : Result<std::monostate>(removed.error()));
}

}  // namespace berth::agent
