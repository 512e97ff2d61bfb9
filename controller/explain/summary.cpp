#include "controller/explain/summary.hpp"

#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

Json tasksOf(const ClusterCounts& counts) {
  return Json{{"PROVISIONING", counts.waiting},
              {"PENDING", counts.pending},
              {"RUNNING", counts.running},
              {"STOPPING", counts.stopping}};
}

}  // namespace

void ClusterCounts::add(const ClusterCounts& other) {
  for (int64_t ClusterCounts::* member :
       {&ClusterCounts::instances, &ClusterCounts::connected, &ClusterCounts::draining,
        &ClusterCounts::waiting, &ClusterCounts::pending, &ClusterCounts::running, &ClusterCounts::stopping,
        &ClusterCounts::services}) {
    this->*member += other.*member;
  }
}

int64_t ClusterCounts::stoppedOf(const State& state) const {
  return static_cast<int64_t>(state.tasks().size()) - waiting - pending - running - stopping;
}

std::map<std::string, ClusterCounts> countsOf(const State& state) {
  std::map<std::string, ClusterCounts> out;
  const Fleet& fleet = state.fleet();
  for (const auto& [name, cluster] : state.clusters()) {
    ClusterCounts& counts = out[name];
    counts.waiting = static_cast<int64_t>(state.waitingIn(name).size());
    for (const Fleet::Slot slot : fleet.in(name)) {
      const Fleet::Member& member = fleet.at(slot);
      ++counts.instances;
      counts.connected += member.instance->connected;
      counts.draining += member.instance->status == "DRAINING";
      counts.pending += member.load->pending;
      counts.running += member.load->settled;
      counts.stopping += member.load->begun - member.load->settled;
    }
  }
  for (const auto& [key, service] : state.services()) {
    if (service.status == ServiceStatus::Active) ++out[service.cluster].services;
  }
  return out;
}

Json summaryOf(const State& state, const ecs::Names& names) {
  Json clusters = Json::array();
  ClusterCounts all;
  for (const auto& [name, counts] : countsOf(state)) {
    const Cluster* cluster = state.cluster(name);
    if (!cluster) continue;
    clusters.push_back(
        {{"clusterArn", arnOf(names, *cluster)},
         {"clusterName", name},
         {"status", cluster->active ? "ACTIVE" : "INACTIVE"},
         {"containerInstances",
          {{"registered", counts.instances}, {"connected", counts.connected}, {"draining", counts.draining}}},
         {"tasks", tasksOf(counts)},
         {"services", counts.services}});
    all.add(counts);
  }
  Json tasks = tasksOf(all);
  tasks["STOPPED"] = all.stoppedOf(state);
  return Json{{"clusters", std::move(clusters)}, {"tasks", std::move(tasks)}};
}

}  // namespace berth::controller
