// How tasks are shared out to the capacity providers of a strategy.
#pragma once

#include <cstdint>
#include <vector>

#include "controller/model/entities.hpp"

namespace berth::controller {

/// How many of `count` new tasks each item of `strategy` gets, in its order. `has` are the tasks that each
/// has already; empty: none. First the bases are filled, in order; then each task goes where the share that
/// the weights ask for is missed most, the first of several. An item of weight 0 gets nothing beyond its
/// base, but when all have that: then the first gets the rest. Source: Amazon ECS API Reference,
/// CapacityProviderStrategyItem.
std::vector<int64_t> distribute(const std::vector<ProviderShare>& strategy, int64_t count,
                                std::vector<int64_t> has = {});

}  // namespace berth::controller
