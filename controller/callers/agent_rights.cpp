#include <algorithm>

#include "common/ids/arn.hpp"
#include "controller/callers/authorize.hpp"

namespace berth::controller {
namespace {

enum class AgentRule { Free, Register, OwnInstance, OwnTask, OwnTagged, DefaultCluster };

struct AgentRow {
  std::string_view operation;
  AgentRule rule;
  const char* member = "";
};

constexpr AgentRow kAgentCalls[] = {
    {"CreateCluster", AgentRule::DefaultCluster, "clusterName"},
    {"DeregisterContainerInstance", AgentRule::OwnInstance, "containerInstance"},
    {"DiscoverPollEndpoint", AgentRule::OwnInstance, "containerInstance"},
    {"ListTagsForResource", AgentRule::OwnTagged, "resourceArn"},
    {"Poll", AgentRule::OwnInstance, "containerInstance"},
    {"RegisterContainerInstance", AgentRule::Register, "containerInstanceArn"},
    {"StartTelemetrySession", AgentRule::OwnInstance, "containerInstance"},
    // Attachments are not made yet: a report can only be about one that is gone.
    {"SubmitAttachmentStateChanges", AgentRule::Free},
    {"SubmitContainerStateChange", AgentRule::OwnTask, "task"},
    {"SubmitTaskStateChange", AgentRule::OwnTask, "task"},
    {"UpdateContainerInstancesState", AgentRule::OwnInstance, "containerInstances"},
};

class AgentCheck {
 public:
  AgentCheck(const std::string& principal, const CallFacts& call, const ecs::Names& names, const State& state)
      : principal_(principal), call_(call), names_(names), state_(state) {}

  std::optional<std::string> refusal(const AgentRow& row) const {
    if (row.rule == AgentRule::Free) return std::nullopt;
    if (row.rule == AgentRule::DefaultCluster) {
      if (textOf(call_.input, row.member, "default") == "default") return std::nullopt;
      return "the role agent allows it for the cluster default only";
    }
    const auto references = textsOf(call_.input, row.member);
    if (row.rule == AgentRule::Register && references.empty()) return newInstance();
    const bool own = std::ranges::all_of(
        references, [&](const std::string& reference) { return isOwn(row.rule, reference); });
    if (own) return std::nullopt;
    return "the role agent allows it only for the container instance that this caller registered, and its "
           "tasks";
  }

 private:
  bool ownInstance(const std::string& id) const {
    const Instance* instance = state_.instance(id);
    return !instance || instance->registeredBy == principal_;
  }
  bool ownTask(const std::string& id) const {
    const Task* task = state_.task(id);
    return !task || (!task->instance.empty() && ownInstance(task->instance));
  }

  bool isOwn(AgentRule rule, const std::string& reference) const {
    const auto task = names_.parseTask(reference);
    const auto instance = names_.parseInstance(reference);
    if (rule == AgentRule::OwnTagged) {
      const auto arn = parseArn(reference);
      if (arn && arn->resourceType() == "task") return !task || ownTask(task->id);
      return arn && arn->resourceType() == "container-instance" && (!instance || ownInstance(instance->id));
    }
    if (rule == AgentRule::OwnTask) return !task || ownTask(task->id);
    return !instance || ownInstance(instance->id);
  }

  std::optional<std::string> newInstance() const {
    const auto cluster = names_.parseCluster(textOf(call_.input, "cluster", "default"));
    const std::string token = textOf(call_.input, "clientToken");
    for (const auto& instance : state_.instances()) {
      if (instance->registeredBy != principal_ || instance->status == "INACTIVE") continue;
      const bool repeated =
          !token.empty() && instance->clientToken == token && cluster && instance->cluster == cluster->str();
      if (repeated) continue;
      return "the role agent allows one container instance, which is " +
             names_.instance(instance->cluster, instance->id).str() + ": deregister that first";
    }
    return std::nullopt;
  }

  const std::string& principal_;
  const CallFacts& call_;
  const ecs::Names& names_;
  const State& state_;
};

}  // namespace

std::optional<std::string> notAnAgents(const std::string& principal, const CallFacts& call,
                                       const ecs::Names& names, const State& state) {
  const auto* row = std::ranges::find(kAgentCalls, call.operation, &AgentRow::operation);
  if (row == std::end(kAgentCalls))
    return "the role agent does not allow the " + actionOf(call.operation) + " action";
  return AgentCheck(principal, call, names, state).refusal(*row);
}

}  // namespace berth::controller
