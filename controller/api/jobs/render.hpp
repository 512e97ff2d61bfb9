// Jobs and runs as the extension endpoint shows them.
#pragma once

#include "controller/api/context.hpp"
#include "controller/model/jobs.hpp"

namespace berth::controller {

/// "arn:aws:ecs:REGION:ACCOUNT:job/CLUSTER/NAME"
std::string jobArn(const ecs::Names& names, const std::string& cluster, const std::string& name);
Json renderJob(const State& state, const ecs::Names& names, const Job& job);
Json renderRun(const ecs::Names& names, const JobRun& run);

}  // namespace berth::controller
