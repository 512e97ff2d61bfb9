// Makes what the containers of a task share, on this host.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/kernel/task_groups.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/task_resources.hpp"
#include "agent/resources/host_ports.hpp"

namespace berth::agent {

/// Who makes the control groups of tasks: the agent itself, or systemd. Both call back on the loop's thread,
/// at once or later; errors and idempotence are those of TaskGroups.
struct GroupKeeper {
  std::function<void(std::string taskId, GroupLimits limits, Callback<std::string> done)> make;
  std::function<void(std::string taskId, std::function<void(Status)> done)> remove;
};
/// The agent itself, by the kernel's files.
GroupKeeper keepBy(TaskGroups groups);

/// Used on the loop's thread only; outlived by the runtime. Callbacks of calls that are under way at its end
/// never come.
class HostTaskResources final : public TaskResources {
 public:
  /// Runs a function on the loop soon, outside of the call that passes it.
  using Later = std::function<void(std::function<void()>)>;

  /// The runtime outlives it.
  HostTaskResources(Runtime& runtime, GroupKeeper groups, HostPorts ports, Later later)
      : runtime_(runtime), groups_(std::move(groups)), ports_(std::move(ports)), later_(std::move(later)) {}

  ~HostTaskResources() override { *alive_ = false; }
  HostTaskResources(const HostTaskResources&) = delete;
  HostTaskResources& operator=(const HostTaskResources&) = delete;

  void setUp(TaskSetUp setUp, Callback<SetUpOutcome> done) override;
  void tearDown(TaskSetUp setUp, Callback<std::monostate> done) override;

 private:
  struct Making;
  void makeVolumes(std::shared_ptr<Making> making, size_t next);
  void makeGroup(const std::shared_ptr<Making>& making);
  void takePorts(const std::shared_ptr<Making>& making, std::string cgroupParent);
  void makeNetwork(const std::shared_ptr<Making>& making, SetUpOutcome outcome);
  void removeNetwork(const std::shared_ptr<Making>& making);
  void removeVolumes(std::shared_ptr<Making> making, size_t next);

  Runtime& runtime_;
  GroupKeeper groups_;
  HostPorts ports_;
  Later later_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth::agent
