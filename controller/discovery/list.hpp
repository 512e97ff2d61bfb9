// What discovery knows, as a list for proxies.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "controller/discovery/index.hpp"

namespace berth::controller {

/// Which names are wanted; an empty member wants all. Case is ignored.
struct ListFilter {
  std::string cluster;
  std::string service;  ///< the name in DNS
};

/// A list in the form of Prometheus' HTTP service discovery
/// (https://prometheus.io/docs/prometheus/latest/http_sd/): an object for each port of each task that
/// answers, by cluster and name. Of a range of ports it has the first.
nlohmann::json targetsOf(const DiscoveryIndex& index, const ListFilter& filter);

}  // namespace berth::controller
