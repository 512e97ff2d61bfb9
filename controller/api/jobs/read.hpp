// A job as the body of a request says it.
#pragma once

#include "controller/api/context.hpp"
#include "controller/model/jobs.hpp"

namespace berth::controller {

/// The job of a body: checked member by member. InvalidParameterException for a member that there is not,
/// naming the one that was probably meant, and for a value that can't be meant. The schedule is not looked
/// at. `known` is the job as it is, if there is one.
ApiResult<Job> readJob(const Json& body, const Job* known);

/// The input of RunTask that a body asks for, its cluster included; empty when it has no such form.
Json launchInputOf(const Json& body, const std::string& cluster);

}  // namespace berth::controller
