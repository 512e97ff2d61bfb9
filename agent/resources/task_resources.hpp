// Makes what the containers of a task share, on this host.
#pragma once

#include <functional>
#include <memory>

#include "agent/kernel/task_groups.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/task_resources.hpp"
#include "agent/resources/host_ports.hpp"

namespace berth::agent {

/// Used on the loop's thread only; outlived by the runtime.
class HostTaskResources final : public TaskResources {
 public:
  /// Runs a function on the loop soon, outside of the call that passes it.
  using Later = std::function<void(std::function<void()>)>;

  /// The runtime outlives it.
  HostTaskResources(Runtime& runtime, TaskGroups groups, HostPorts ports, Later later)
      : runtime_(runtime), groups_(std::move(groups)), ports_(std::move(ports)), later_(std::move(later)) {}

  void setUp(TaskSetUp setUp, Callback<SetUpOutcome> done) override;
  void tearDown(TaskSetUp setUp, Callback<std::monostate> done) override;

 private:
  struct Making;
  void makeVolumes(std::shared_ptr<Making> making, size_t next);
  void finish(const std::shared_ptr<Making>& making);
  void removeVolumes(std::shared_ptr<Making> making, size_t next);

  Runtime& runtime_;
  TaskGroups groups_;
  HostPorts ports_;
  Later later_;
};

}  // namespace berth::agent
