#include "controller/api/services/run_tasks.hpp"

#include <algorithm>

#include "controller/api/capacity.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/waiting.hpp"
#include "controller/scheduler/distribution.hpp"
#include "controller/scheduler/fit.hpp"

namespace berth::controller {
namespace {

/// What RunTask would be asked for.
Json requestOf(const ServiceStart& start) {
  const Json settings = parsed(start.service.document, Json::object());
  Json out{{"cluster", start.service.cluster},
           {"group", serviceGroup(start.service.name)},
           {"startedBy", start.of},
           {"placementConstraints", settings.value("placementConstraints", Json::array())},
           {"placementStrategy", settings.value("placementStrategy", Json::array())},
           {"enableECSManagedTags", settings.value("enableECSManagedTags", false)},
           {"enableExecuteCommand", settings.value("enableExecuteCommand", false)}};
  if (out["placementStrategy"].empty()) {
    out["placementStrategy"] = {{{"type", "spread"}, {"field", "attribute:ecs.availability-zone"}},
                                {{"type", "spread"}, {"field", "instanceId"}}};
  }
  for (const char* member : {"launchType", "networkConfiguration"}) {
    if (start.launch.contains(member)) out[member] = start.launch[member];
  }
  const std::string tags = text(settings, "propagateTags");
  if (tags == "SERVICE") out["tags"] = parsed(start.service.tags, Json::array());
  if (tags == "TASK_DEFINITION") out["propagateTags"] = tags;
  return out;
}

/// In the words of the service's event (Amazon ECS Developer Guide, "Amazon ECS service event messages").
std::string wordsOf(Unfit unfit) {
  switch (unfit) {
    case Unfit::Cpu:
      return "has insufficient CPU units available.";
    case Unfit::Memory:
      return "has insufficient memory available.";
    case Unfit::Ports:
      return "is already using a port required by your task.";
    case Unfit::Attribute:
      return "is missing an attribute required by your task.";
    case Unfit::Inactive:
    case Unfit::Agent:
    case Unfit::MemberOf:
    case Unfit::Distinct:
    case Unfit::Gpus:
      break;
  }
  return "encountered error \"" + reasonOf(unfit) + "\".";
}

/// Of the instances that can't take a copy the one that is nearest to it.
std::string closest(const Fleet& fleet, const std::vector<Unplaced>& refused) {
  if (refused.empty()) return " Reason: No Container Instances were found in your cluster.";
  const auto best = std::ranges::max_element(refused, {}, &Unplaced::why);
  return " The closest matching (container-instance " + fleet.at(best->slot).instance->id + ") " +
         wordsOf(best->why);
}

/// The instances that tasks of a service take something of.
std::vector<Fleet::Slot> hostsOf(const State& state, const Service& service) {
  std::vector<Fleet::Slot> out;
  for (const Task* task : state.tasksOf(service.key())) {
    if (task->lastStatus == TaskStatus::Stopped || task->instance.empty()) continue;
    if (const auto slot = state.fleet().find(task->instance)) out.push_back(*slot);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

class Starting {
 public:
  Starting(Context& context, const ServiceStart& start, const Launch& launch)
      : context_(context), start_(start), launch_(launch) {}

  /// `wait`: how long copies without a place may wait for one.
  void place(const PlacementRequest& request, int64_t count, const std::string& provider, Duration wait) {
    if (start_.zones.empty()) {
      anywhere(request, count, provider, wait);
    } else {
      inOneZone(request, provider);
    }
  }

  void onEach() {
    const Fleet& fleet = context_.state().fleet();
    std::vector<Unplaced> refused;
    for (const std::string& host : start_.hosts) {
      const auto slot = fleet.find(host);
      if (!slot) continue;
      const auto why = unfit(fleet.at(*slot), launch_.placement);
      if (!why) {
        launch(host, {});
        continue;
      }
      refused.push_back({*slot, *why, 0});
      out_.hosts.push_back(host);
    }
    if (refused.empty()) return;
    out_.why = closest(fleet, refused);
    out_.unplaced.push_back(launch_.placement);
  }

  ServiceStarted result() && { return std::move(out_); }

 private:
  void anywhere(const PlacementRequest& request, int64_t count, const std::string& provider, Duration wait) {
    const Fleet& fleet = context_.state().fleet();
    const auto places = context_.scheduler.placeBeside(hostsOf(context_.state(), start_.service), request,
                                                       count, context_.random);
    for (const Fleet::Slot place : places) launch(fleet.at(place).instance->id, provider);
    if (std::ssize(places) == count) return;
    if (out_.why.empty()) out_.why = closest(fleet, whyNot(fleet, request, places));
    if (wait <= Duration::zero()) {
      out_.unplaced.push_back(request);
      return;
    }
    for (auto missing = count - std::ssize(places); missing > 0; --missing) {
      out_.tasks.push_back(launchWaiting(context_, launch_, provider, wait).id);
    }
  }

  /// One copy in the first of the zones that takes it. It is worth no wait: there are enough elsewhere.
  void inOneZone(const PlacementRequest& request, const std::string& provider) {
    const Fleet& fleet = context_.state().fleet();
    const std::vector<Fleet::Slot> holders = hostsOf(context_.state(), start_.service);
    for (const std::string& zone : start_.zones) {
      PlacementRequest there = request;
      there.required.push_back({kZoneAttribute, zone});
      const auto places = context_.scheduler.placeBeside(holders, there, 1, context_.random);
      if (!places.empty()) {
        launch(fleet.at(places[0]).instance->id, provider);
        out_.zone = zone;
        out_.unplaced.clear();
        return;
      }
      out_.unplaced.push_back(std::move(there));
    }
  }

  void launch(const std::string& instance, const std::string& provider) {
    out_.tasks.push_back(launchOn(context_, launch_, instance, provider).id);
  }

  Context& context_;
  const ServiceStart& start_;
  const Launch& launch_;
  ServiceStarted out_;
};

/// How many tasks of the deployment each provider of a strategy has: its shares are those of all of them.
std::vector<int64_t> tasksOf(const Context& context, const ServiceStart& start,
                             const std::vector<ProviderShare>& strategy) {
  std::vector<int64_t> out(strategy.size());
  for (const Task* task : context.state().tasksOf(start.service.key())) {
    if (task->stopWanted || task->startedBy != start.of) continue;
    for (size_t i = 0; i < strategy.size(); ++i) {
      out[i] += task->spec->capacityProvider == strategy[i].provider;
    }
  }
  return out;
}

ApiResult<ServiceStarted> tryStart(Context& context, const ServiceStart& start) {
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(definition, findDefinition(context, start.taskDefinition, "TaskDefinition not found."));
  BERTH_API_TRY(launch, resolveLaunch(context, *cluster, *definition));
  const Json shares = start.launch.value("capacityProviderStrategy", Json::array());
  BERTH_API_TRY(strategy, strategyFor(context, cluster->capacityProviders, shares));
  Starting starting(context, start, launch);
  if (!start.hosts.empty()) {
    starting.onEach();
  } else if (strategy.empty()) {
    BERTH_API_TRY(wait, waitOf(context, launch.tags, {}));
    starting.place(launch.placement, start.count, {}, wait);
  } else {
    const auto counts = distribute(strategy, start.count, tasksOf(context, start, strategy));
    for (size_t i = 0; i < strategy.size(); ++i) {
      if (counts[i] == 0) continue;
      PlacementRequest request = launch.placement;
      narrowTo(request, strategy[i].provider);
      BERTH_API_TRY(wait, waitOf(context, launch.tags, strategy[i].provider));
      starting.place(request, counts[i], strategy[i].provider, wait);
    }
  }
  return std::move(starting).result();
}

}  // namespace

ServiceStarted startTasks(Context& context, const ServiceStart& start) {
  const Json input = requestOf(start);
  Context asked{context.tx,           context.scheduler, context.names, context.random,
                context.now,          context.caller,    input,         context.quotas,
                context.providerWait, context.recipes};
  auto started = tryStart(asked, start);
  if (auto* done = std::get_if<ServiceStarted>(&started)) return std::move(*done);
  ServiceStarted out;
  out.refused = std::get<ApiError>(started).message;
  return out;
}

}  // namespace berth::controller
