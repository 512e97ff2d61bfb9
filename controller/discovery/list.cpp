#include "controller/discovery/list.hpp"

#include <nlohmann/json.hpp>

#include "common/text/letter_case.hpp"

namespace berth::controller {
namespace {

std::string targetOf(const IpAddress& address, uint16_t port) {
  const std::string host = toString(address);
  return (address.v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

nlohmann::json entryOf(const NamedTasks& name, const Endpoint& endpoint, const ServedPort& port) {
  return {{"targets", {targetOf(endpoint.address, port.hostPort)}},
          {"labels",
           {{"__meta_berth_cluster", name.cluster},
            {"__meta_berth_service", name.name},
            {"__meta_berth_task", endpoint.task},
            {"__meta_berth_container_instance", endpoint.instance},
            {"__meta_berth_container", port.container},
            {"__meta_berth_container_port", std::to_string(port.containerPort)},
            {"__meta_berth_protocol", port.udp ? "udp" : "tcp"}}}};
}

}  // namespace

nlohmann::json targetsOf(const DiscoveryIndex& index, const ListFilter& filter) {
  nlohmann::json out = nlohmann::json::array();
  const std::string cluster = lowered(filter.cluster);
  const std::string service = lowered(filter.service);
  for (const auto& [key, name] : index.names()) {
    if (!cluster.empty() && key.first != cluster) continue;
    if (!service.empty() && key.second != service) continue;
    for (const Endpoint& endpoint : name.endpoints) {
      for (const ServedPort& port : endpoint.ports) out.push_back(entryOf(name, endpoint, port));
    }
  }
  return out;
}

}  // namespace berth::controller
