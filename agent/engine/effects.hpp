// What the engine asks its surroundings to do, and how they answer. Values only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/model/report.hpp"
#include "agent/model/task.hpp"
#include "agent/ports/processes.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/ports/secrets.hpp"
#include "agent/ports/task_resources.hpp"
#include "proto/acs/messages.hpp"

namespace berth::agent {

/// Which container a step is for.
struct ContainerKey {
  std::string taskArn;
  std::string container;
  auto operator<=>(const ContainerKey&) const = default;
};

/// `auth`: how the credentials for the registry are found; the spec has none yet.
struct PullEffect {
  ContainerKey key;
  PullSpec spec;
  RegistryAuthRequest auth;
};
/// The task is to end: its pull is not wanted any more. It is answered all the same.
struct CancelPullEffect {
  ContainerKey key;
  std::string wantedBy;
};
/// `provisions` are fetched first and put into the spec.
struct CreateEffect {
  ContainerKey key;
  ContainerSpec spec;
  Provisions provisions;
};
struct StartEffect {
  ContainerKey key;
  std::string id;
};
struct StopEffect {
  ContainerKey key;
  std::string id;
  Duration timeout{};
};
struct InspectEffect {
  ContainerKey key;
  std::string idOrName;
};
/// A container that is to go. `key` is empty for one that belongs to no task.
struct RemoveEffect {
  ContainerKey key;
  std::string id;
  bool force = false;
};
/// Ask the kernel whether a process of the container is left; end those that are if `kill`.
struct ReapEffect {
  ContainerKey key;
  ProcessTarget target;
  bool kill = false;
};
/// Read the last lines that a container wrote, to be shown when somebody asks why it ended.
struct TailEffect {
  ContainerKey key;
  std::string id;
};
/// Make what a task's containers share, or remove it.
struct SetUpEffect {
  std::string taskArn;
  TaskSetUp setUp;
};
struct TearDownEffect {
  std::string taskArn;
  TaskSetUp setUp;
};
/// List all containers that carry this agent's label.
struct ListEffect {};
/// Tell the controller (SubmitTaskStateChange).
struct ReportEffect {
  Report report;
};
/// Send to the controller on the ACS session, if there is one; otherwise drop it.
struct SendEffect {
  acs::FromAgent message;
};

using Effect = std::variant<PullEffect, CancelPullEffect, CreateEffect, StartEffect, StopEffect,
                            InspectEffect, RemoveEffect, ReapEffect, TailEffect, SetUpEffect, TearDownEffect,
                            ListEffect, ReportEffect, SendEffect>;

/// The outcome of one call of the engine. The surroundings first make `save`, `erase` and `timeline` durable,
/// all together, and then perform `effects` in order. With nothing to make durable they act at once. When the
/// commit fails, they try it again and perform nothing before it has succeeded. What comes without effects
/// may be made durable a little later, together with what follows: it would be found out, or told, anew.
struct Output {
  std::vector<Task> save;
  std::vector<std::string> erase;
  std::optional<int64_t> timeline;
  std::vector<Effect> effects;
  std::vector<std::string> touched;  ///< ARNs of tasks that may look different to people now

  bool durable() const { return !save.empty() || !erase.empty() || timeline.has_value(); }
  bool effectless() const { return effects.empty(); }
  /// What was to be made durable is.
  void kept() {
    save.clear();
    erase.clear();
    timeline.reset();
  }
};

/// How the surroundings answer an effect; each effect but SendEffect and CancelPullEffect is answered exactly
/// once.
struct PullDone {
  ContainerKey key;
  Result<PullOutcome> result;
};
struct CreateDone {
  ContainerKey key;
  Result<std::string> result;
  bool provisioning = false;  ///< it failed before the runtime was asked
};
struct StartDone {
  ContainerKey key;
  Result<RuntimeContainer> result;
};
struct StopDone {
  ContainerKey key;
  Result<RuntimeContainer> result;
};
struct InspectDone {
  ContainerKey key;
  Result<std::optional<RuntimeContainer>> result;
};
struct RemoveDone {
  ContainerKey key;
  Status result;
};
/// `result`: whether a process is left.
struct ReapDone {
  ContainerKey key;
  Result<bool> result;
};
struct TailDone {
  ContainerKey key;
  Result<std::vector<std::string>> result;
};
struct SetUpDone {
  std::string taskArn;
  Result<SetUpOutcome> result;
};
struct TearDownDone {
  std::string taskArn;
  Status result;
};
struct ListDone {
  Result<std::vector<RuntimeContainer>> result;
};
/// `rejected`: the controller will never accept this report (InvalidParameterException), so it is dropped.
struct ReportDone {
  Report report;
  Status result;
  bool rejected = false;
};

using Done = std::variant<PullDone, CreateDone, StartDone, StopDone, InspectDone, RemoveDone, ReapDone,
                          TailDone, SetUpDone, TearDownDone, ListDone, ReportDone>;

}  // namespace berth::agent
