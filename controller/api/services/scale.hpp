// What the actions on task sets share.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The percentage of member "scale", `usual` where it has none. InvalidParameterException unless in 0 to 100.
ApiResult<double> scaleOf(const Json& input, double usual);

/// Gives a task set its scale, and whether it is in its steady state with it.
void setScale(const Context& context, const Service& service, TaskSet& set, double scale);

/// The service takes over what its PRIMARY task set runs, and where.
void takePrimary(const TaskSet& set, Service& service);

}  // namespace berth::controller
