// What DescribeClusters counts.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// Services of a cluster that are ACTIVE.
int64_t activeServices(const State& state, const std::string& cluster);

/// Running and pending tasks, and ACTIVE and DRAINING services, by launch type: a list of name and value, as
/// include STATISTICS shows it (Amazon ECS API Reference, Cluster).
Json clusterStatistics(const State& state, const std::string& cluster);

}  // namespace berth::controller
