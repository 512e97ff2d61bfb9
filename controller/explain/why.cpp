#include "controller/explain/why.hpp"

#include "controller/api/render.hpp"
#include "controller/explain/causes.hpp"

namespace berth::controller {
namespace {

Json agentJson(const AgentFacts& agent) {
  Json out{{"connected", agent.connected}};
  if (agent.heardAt) out["lastHeard"] = toRfc3339(*agent.heardAt);
  if (agent.lostAt && !agent.connected) out["lostAt"] = toRfc3339(*agent.lostAt);
  return out;
}

std::string_view wordOf(Handover handover) {
  switch (handover) {
    case Handover::NotSent:
      return "NOT_SENT";
    case Handover::Sent:
      return "SENT";
    case Handover::Acknowledged:
      return "ACKNOWLEDGED";
    case Handover::Held:
      return "HELD";
  }
  return "NOT_SENT";
}

std::string away(const AgentFacts& agent) {
  std::string out = "the instance's agent to connect";
  if (agent.lostAt) out += ": its session ended at " + toRfc3339(*agent.lostAt);
  return out;
}

/// What comes next for a task that is not where it should be, in words.
std::string nextOf(const Task& task, const AgentFacts& agent, Handover handover) {
  const std::string what = task.stopWanted ? "the stop of the task" : "the task";
  if (!agent.connected) return away(agent);
  if (handover == Handover::Held)
    return "clients to forget its name: then the agent is sent the stop of the task";
  if (handover == Handover::NotSent) return "the agent to be sent " + what;
  if (handover == Handover::Sent) return "the agent to acknowledge " + what;
  if (task.stopWanted) return "the agent to report that the task's containers have stopped";
  if (task.pullStartedAt && !task.pullStoppedAt)
    return "the agent to pull the images: it began at " + toRfc3339(*task.pullStartedAt);
  return "the agent to report that the task runs; its own GET /v1/why says what it is at";
}

std::string roomOf(const Wait& wait) {
  size_t instances = 0;
  for (const auto& [test, count] : wait.refused) instances += count;
  if (instances == 0) return "an instance: none is registered that it may run on";
  return "room on one of " + std::to_string(instances) + " instances, or on another that joins";
}

Moment since(const Task& task) {
  switch (task.lastStatus) {
    case TaskStatus::Provisioning:
    case TaskStatus::Pending:
      return task.stopWanted && task.stoppingAt ? task.stoppingAt : Moment(task.createdAt);
    case TaskStatus::Running:
      return task.startedAt;
    case TaskStatus::Stopping:
      return task.stoppingAt;
    case TaskStatus::Stopped:
      return task.stoppedAt;
  }
  return {};
}

}  // namespace

Json whyTask(const State& state, const ecs::Names& names, const Task& task, const AgentFacts& agent,
             Handover handover, const std::optional<Wait>& wait) {
  const Instance* instance = state.instance(task.instance);
  Json what{{"task", arnOf(names, task)}, {"cluster", names.cluster(task.spec->cluster).str()}};
  if (instance) what["containerInstance"] = arnOf(names, *instance);
  Json out{{"what", std::move(what)},
           {"state", name(task.lastStatus)},
           {"desired", task.stopWanted ? "STOPPED" : "RUNNING"},
           {"since", nullptr},
           {"waitsFor", nullptr},
           {"causes", causesOf(state, names, task)}};
  if (const Moment from = since(task)) out["since"] = toRfc3339(*from);
  const bool settled =
      task.lastStatus == TaskStatus::Stopped || (task.lastStatus == TaskStatus::Running && !task.stopWanted);
  if (wait) {
    out["waitsFor"] = roomOf(*wait);
    out["until"] = toRfc3339(wait->until);
    out["fails"] = wait->refused;
    return out;
  }
  if (!task.instance.empty()) out["agent"] = agentJson(agent);
  if (settled) return out;
  out["waitsFor"] = nextOf(task, agent, handover);
  out["handover"] = wordOf(handover);
  return out;
}

Json whyInstance(const State& state, const ecs::Names& names, const Instance& instance,
                 const AgentFacts& agent) {
  const Load& load = state.load(instance.id);
  Json tasks{{"PENDING", load.pending}, {"RUNNING", load.settled}, {"STOPPING", load.begun - load.settled}};
  Json out{
      {"what",
       {{"containerInstance", arnOf(names, instance)}, {"cluster", names.cluster(instance.cluster).str()}}},
      {"state", instance.status},
      {"since", toRfc3339(instance.registeredAt)},
      {"waitsFor", nullptr},
      {"causes", Json::array()},
      {"agent", agentJson(agent)},
      {"tasks", std::move(tasks)}};
  if (instance.status == "INACTIVE") {
    out["causes"].push_back({{"cause", "InstanceDeregistered"}});
    return out;
  }
  if (!agent.connected) {
    Json lost{{"cause", "AgentDisconnected"}};
    if (agent.lostAt) lost["at"] = toRfc3339(*agent.lostAt);
    out["causes"].push_back(std::move(lost));
    out["waitsFor"] = away(agent);
  } else if (instance.status == "DRAINING" && load.pending + load.begun > 0) {
    out["waitsFor"] = std::to_string(load.pending + load.begun) + " tasks to end";
  }
  if (instance.status == "DRAINING") out["causes"].push_back({{"cause", "Draining"}});
  return out;
}

}  // namespace berth::controller
