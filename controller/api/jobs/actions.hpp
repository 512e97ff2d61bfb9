// What can be asked of jobs: actions as those of the API, for the extension endpoint. Their input has "name"
// and "cluster" (name or ARN, "default" without one); errors beside those of RunTask are
// InvalidParameterException and, for what is not there, ResourceNotFoundException with status 404.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// {"jobs": [...]} of a cluster, or of all when the input has none.
ApiResult<Json> getJobs(Context& context);
/// {"job": {...}}
ApiResult<Json> getJob(Context& context);
/// {"runs": [...]}, the newest first.
ApiResult<Json> getRuns(Context& context);
/// Makes the job "name" what "job" says, and answers {"job": {...}}. A member that is left out has its
/// default, but for "paused": that stays as it is.
ApiResult<Json> putJob(Context& context);
/// Forgets a job and its history; tasks that run go on. {}
ApiResult<Json> deleteJob(Context& context);
/// Makes a run due at once, as its overlap allows: {"run": ID}.
ApiResult<Json> runJob(Context& context);
ApiResult<Json> pauseJob(Context& context);
/// What was due meanwhile is not run.
ApiResult<Json> resumeJob(Context& context);

}  // namespace berth::controller
