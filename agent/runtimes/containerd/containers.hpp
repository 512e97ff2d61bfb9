// Containers and their tasks at containerd: the verbs of the Runtime port.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/network/networks.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/start_step.hpp"
#include "agent/runtimes/containerd/containerd_api.hpp"
#include "agent/runtimes/containerd/health_checks.hpp"
#include "agent/runtimes/containerd/host_files.hpp"
#include "agent/runtimes/containerd/images.hpp"
#include "agent/runtimes/containerd/log_shipper.hpp"
#include "agent/runtimes/containerd/oci_spec.hpp"
#include "agent/runtimes/containerd/outputs.hpp"
#include "agent/runtimes/containerd/records.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// A container's id is the SHA-256 of its name, in hex: who creates the same name again finds it.
std::string idOf(const std::string& name);
/// containerd refuses longer ones as no identifiers.
inline constexpr size_t kLongestId = 64;

/// How a container ended is written to its record at containerd before the task, which knew it, is deleted:
/// events only say when to look. Everything is found again after a restart of the agent or of containerd.
class Containers {
 public:
  struct Parts {
    Api& api;
    Images& images;
    const HostFiles& files;
    Outputs& outputs;
    LogShipper& shipper;
    network::Networks& networks;
    HealthChecks& health;
    Random& random;
    Log& log;
    std::string snapshotter;
    std::string ociRuntime;  ///< its program
    StartListener onStart;   ///< may be empty
  };

  explicit Containers(Parts parts) : parts_(std::move(parts)) {}

  Async<Result<std::string>> create(ContainerSpec spec);
  Async<Result<RuntimeContainer>> start(std::string id);
  Async<Result<RuntimeContainer>> stop(std::string id, Duration timeout);
  Async<Result<std::monostate>> remove(std::string id, bool force);
  Async<Result<std::optional<RuntimeContainer>>> inspect(std::string idOrName);
  Async<Result<std::vector<RuntimeContainer>>> list(std::map<std::string, std::string> labels);
  Async<Result<std::vector<ContainerUse>>> uses(bool sizes);
  Async<Result<std::monostate>> ensureVolume(VolumeSpec spec);
  Async<Result<std::monostate>> removeVolume(std::string name);
  Async<Result<TaskNetwork>> ensureNetwork(std::string taskId);
  Async<Result<std::monostate>> removeNetwork(std::string taskId);
  Async<Result<std::monostate>> removeImage(StoredImage image);
  struct Command {
    std::vector<std::string> arguments;
    std::string user;  ///< empty: the container's own
    bool terminal = false;
  };
  /// commandSpec() of a command in a container that runs. NotFound, FailedPrecondition; InvalidArgument for a
  /// user that the container does not know.
  Async<Result<std::string>> commandOf(std::string id, Command command);
  /// The container of an event, if it carries the label key; how one that has ended did is kept first.
  Async<bool> concerns(std::string id, std::string label);
  /// Takes back what containers that are gone have left of their networks.
  Async<void> sweepNetworks();

 private:
  /// What is known of a container that was created here and not started yet: nobody need be asked for it.
  struct Fresh {
    StoredContainer stored;  ///< without its specification
    ContainerRecord record;
  };

  Async<Result<StoredContainer>> known(std::string id);
  Async<Result<std::string>> place(Fresh wanted);
  Async<Result<std::vector<SnapshotMount>>> rootOf(StoredContainer container, std::string chain);
  Async<Result<std::vector<Bind>>> mountsOf(ContainerWish wish, std::vector<std::string> imageVolumes,
                                            const RootView& root, ContainerRecord& record);
  /// The process id; 0 where the answer got lost, or another start was quicker.
  Async<Result<uint32_t>> runTask(Fresh container);
  void follow(const ContainerRecord& record, RuntimeContainer& seen, bool hasTask);
  Async<Result<TaskStreams>> openStreams(std::string id, ContainerRecord record);
  Async<Status> openOutput(std::string id, LogLimits limits);
  void putSpaces(const ContainerWish& wish, SpecSite& site, KeptStart& kept) const;
  Async<Status> joinHolder(std::string holder);
  Async<Status> prepareHost(std::string id, ContainerRecord record);
  Async<Result<uint32_t>> joinAndRun(Fresh container, bool created);
  Async<Result<RuntimeContainer>> begin(Fresh container, bool created);
  void passed(const std::string& name, StartStep step) const {
    if (parts_.onStart) parts_.onStart(name, step);
  }
  Async<Status> join(std::string id, ContainerRecord record, bool created);
  Status putTaskNetwork(SpecSite& site, ContainerWish& wish) const;
  Async<std::optional<std::set<std::string>>> usedTaskNetworks();
  Result<std::string> hostLines(const std::string& id, const KeptNetwork& network) const;
  Status tellHosts(const std::string& id, const KeptNetwork& network);
  void putNetwork(RuntimeContainer& out, const KeptNetwork& network);
  Async<Status> endTask(std::string id, uint32_t signal, Duration timeout);
  /// `network`: the stamp of its network, from before the task was asked for.
  Async<Result<RuntimeContainer>> look(StoredContainer container, std::optional<TaskState> task,
                                       uint64_t network);
  Async<Result<RuntimeContainer>> lookAgain(std::string id);
  Async<Status> settle(StoredContainer& container, ContainerRecord record, TaskState task);
  void removeVolumes(const ContainerRecord& record);

  Parts parts_;
  SeccompFilters filters_;
  std::map<std::string, Fresh> fresh_;          ///< by id
  std::map<std::string, KeptNetwork> linked_;   ///< of running containers with links, by id
  std::map<std::string, std::string> settled_;  ///< records of ends that were read here, by id
};

}  // namespace berth::agent::containerd
