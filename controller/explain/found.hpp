// Which tasks the beginning of an id means.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The tasks of a cluster, stopped ones that are still there included, whose ids begin with `prefix`, in the
/// order of their ids: {"taskArns": at most kMostFound, "more": whether there are others}. Costs as much as
/// there are tasks with that beginning.
Json tasksBeginningWith(const State& state, const ecs::Names& names, const std::string& cluster,
                        const std::string& prefix);
inline constexpr size_t kMostFound = 100;

}  // namespace berth::controller
