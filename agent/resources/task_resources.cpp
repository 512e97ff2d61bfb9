#include "agent/resources/task_resources.hpp"

#include <utility>

namespace berth::agent {

/// One set-up or tear-down that is under way.
struct HostTaskResources::Making {
  TaskSetUp what;
  Callback<SetUpOutcome> made;
  Callback<std::monostate> gone;
};

GroupKeeper keepBy(TaskGroups groups) {
  GroupKeeper out;
  out.make = [groups](const std::string& taskId, const GroupLimits& limits,
                      const Callback<std::string>& done) { done(groups.make(taskId, limits)); };
  out.remove = [groups = std::move(groups)](const std::string& taskId,
                                            const std::function<void(Status)>& done) {
    done(groups.remove(taskId));
  };
  return out;
}

void HostTaskResources::setUp(TaskSetUp setUp, Callback<SetUpOutcome> done) {
  auto making = std::make_shared<Making>();
  making->what = std::move(setUp);
  making->made = std::move(done);
  later_([this, making, alive = alive_] {
    if (*alive) makeVolumes(making, 0);
  });
}

void HostTaskResources::makeVolumes(std::shared_ptr<Making> making, size_t next) {
  if (next == making->what.volumes.size()) return makeGroup(making);
  VolumeSpec volume = making->what.volumes[next];
  const std::string name = volume.name;
  const auto made = [this, making, next, name, alive = alive_](const Result<std::monostate>& result) {
    if (!*alive) return;
    if (!result) return making->made(result.error().in("VolumeError: volume " + name));
    makeVolumes(making, next + 1);
  };
  runtime_.ensureVolume(std::move(volume), made);
}

void HostTaskResources::makeGroup(const std::shared_ptr<Making>& making) {
  if (!making->what.group) return takePorts(making, "");
  const auto made = [this, making, alive = alive_](Result<std::string> parent) {
    if (!*alive) return;
    if (!parent) {
      return making->made(parent.error().in("CgroupError: Agent could not create task's platform resources"));
    }
    takePorts(making, std::move(*parent));
  };
  groups_.make(making->what.taskId, *making->what.group, made);
}

void HostTaskResources::takePorts(const std::shared_ptr<Making>& making, std::string cgroupParent) {
  SetUpOutcome outcome;
  outcome.cgroupParent = std::move(cgroupParent);
  for (const PortWish& wish : making->what.ports) {
    const auto first = ports_.take(wish.count, wish.protocol);
    if (!first) return making->made(first.error().in("PortError"));
    outcome.firstPorts.push_back(*first);
  }
  makeNetwork(making, std::move(outcome));
}

/// Last: it is what the host has fewest of.
void HostTaskResources::makeNetwork(const std::shared_ptr<Making>& making, SetUpOutcome outcome) {
  if (!making->what.network) return making->made(std::move(outcome));
  const auto made = [making, outcome = std::move(outcome),
                     alive = alive_](Result<TaskNetwork> network) mutable {
    if (!*alive) return;
    if (!network) return making->made(network.error().in("ContainerNetworkingError"));
    outcome.network = std::move(*network);
    making->made(std::move(outcome));
  };
  runtime_.ensureNetwork(making->what.taskId, made);
}

void HostTaskResources::tearDown(TaskSetUp setUp, Callback<std::monostate> done) {
  auto making = std::make_shared<Making>();
  making->what = std::move(setUp);
  making->gone = std::move(done);
  later_([this, making, alive = alive_] {
    if (*alive) removeNetwork(making);
  });
}

void HostTaskResources::removeNetwork(const std::shared_ptr<Making>& making) {
  if (!making->what.network) return removeVolumes(making, 0);
  runtime_.removeNetwork(making->what.taskId,
                         [this, making, alive = alive_](const Result<std::monostate>& result) {
                           if (!*alive) return;
                           if (!result) return making->gone(result.error());
                           removeVolumes(making, 0);
                         });
}

void HostTaskResources::removeVolumes(std::shared_ptr<Making> making, size_t next) {
  if (next < making->what.ownVolumes.size()) {
    runtime_.removeVolume(making->what.ownVolumes[next],
                          [this, making, next, alive = alive_](const Result<std::monostate>& result) {
                            if (!*alive) return;
                            if (!result) return making->gone(result.error());
                            removeVolumes(making, next + 1);
                          });
    return;
  }
  if (!making->what.group) return making->gone(std::monostate{});
  groups_.remove(making->what.taskId, [making, alive = alive_](const Status& removed) {
    if (!*alive) return;
    making->gone(removed ? Result<std::monostate>(std::monostate{})
                         : Result<std::monostate>(removed.error()));
  });
}

}  // namespace berth::agent
