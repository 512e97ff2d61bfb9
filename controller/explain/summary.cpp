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
    all.waiting += counts.waiting;
    all.pending += counts.pending;
    all.running += counts.running;
    all.stopping += counts.stopping;
  }
  Json tasks = tasksOf(all);
  tasks["STOPPED"] =
      static_cast<int64_t>(state.tasks().size()) - all.waiting - all.pending - all.running - all.stopping;
  return Json{{"clusters", std::move(clusters)}, {"tasks", std::move(tasks)}};
}

}  // namespace berth::controller
