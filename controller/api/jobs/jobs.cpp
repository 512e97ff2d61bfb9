#include <algorithm>

#include "controller/api/jobs/actions.hpp"
#include "controller/api/jobs/find.hpp"
#include "controller/api/jobs/read.hpp"
#include "controller/api/jobs/render.hpp"
#include "controller/api/jobs/runs.hpp"
#include "controller/api/launch.hpp"
#include "proto/ecs/validate.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostJobs = 10'000;
/// "berth-job/NAME" is a startedBy, which has up to 128 characters.
constexpr size_t kLongestName = 100;

std::optional<ApiError> checkName(const std::string& name) {
  if (ecs::isName(name) && name.size() <= kLongestName) return std::nullopt;
  return invalidParameter("A job's name has 1 to " + std::to_string(kLongestName) +
                          " letters, digits, '-' and '_', not '" + name.substr(0, kLongestName) + "'.");
}

/// Checks what RunTask would check, as far as it does not depend on the hosts.
std::optional<ApiError> checkLaunch(const Context& context, Json& input) {
  if (auto wrong = ecs::checkInput(*ecs::model().findOperation("RunTask"), input))
    return ApiError{wrong->type, wrong->message};
  const int64_t count = input.value("count", int64_t{1});
  if (count < 1 || count > 10) return invalidParameter("'count' must be from 1 to 10.");
  const Context launch{context.tx,           context.scheduler, context.names, context.random,
                       context.now,          context.caller,    input,         context.quotas,
                       context.providerWait, context.recipes,   context.zones};
  const auto prepared = prepareLaunch(launch);
  if (const auto* error = std::get_if<ApiError>(&prepared)) return *error;
  return std::nullopt;
}

Json shown(const Context& context, const Job& job) {
  return Json{{"job", renderJob(context.state(), context.names, job)}};
}

/// What is new of a job: when it was made, and when it is due.
void date(Job& job, const Job* known, const Context& context) {
  job.createdAt = known ? known->createdAt : context.now.wall;
  job.updatedAt = job.anchor = context.now.wall;
  const bool same = known && known->schedule == job.schedule && known->timezone == job.timezone;
  if (same) job.anchor = known->anchor;
  if (job.paused) return;
  // What is due now, or was missed, stays so.
  job.nextRun = same && known->nextRun ? known->nextRun : nextRunOf(job, *context.zones, context.now.wall);
}

ApiResult<Json> pause(Context& context, bool paused) {
  BERTH_API_TRY(found, findJob(context));
  if (found->paused == paused) return shown(context, *found);
  Job job = *found;
  job.paused = paused;
  job.updatedAt = context.now.wall;
  job.nextRun = paused ? std::nullopt : nextRunOf(job, *context.zones, context.now.wall);
  context.tx.put(job);
  return shown(context, job);
}

}  // namespace

ApiResult<Json> getJobs(Context& context) {
  std::optional<std::string> cluster;
  if (context.input.contains("cluster")) {
    const auto name = context.names.parseCluster(text(context.input, "cluster"));
    if (!name) return invalidParameter(name.error().message);
    cluster = name->str();
  }
  Json jobs = Json::array();
  for (const auto& [key, job] : context.state().jobs()) {
    if (!cluster || job.cluster == *cluster) jobs.push_back(renderJob(context.state(), context.names, job));
  }
  return Json{{"jobs", std::move(jobs)}};
}

ApiResult<Json> getJob(Context& context) {
  BERTH_API_TRY(job, findJob(context));
  return shown(context, *job);
}

ApiResult<Json> getRuns(Context& context) {
  BERTH_API_TRY(job, findJob(context));
  auto runs = context.state().runsOf(job->key());
  std::ranges::reverse(runs);
  Json out = Json::array();
  for (const JobRun* run : runs) out.push_back(renderRun(context.names, *run));
  return Json{{"runs", std::move(out)}};
}

ApiResult<Json> putJob(Context& context) {
  const std::string job_name = text(context.input, "name");
  if (auto error = checkName(job_name)) return *error;
  BERTH_API_TRY(cluster, findCluster(context));
  const Json& body = context.input["job"];
  const Job* known = context.state().job(Job::keyOf(cluster->name, job_name));
  if (!known && context.state().jobs().size() >= kMostJobs)
    return ApiError{"LimitExceededException",
                    "There are " + std::to_string(kMostJobs) + " jobs: delete some that are not needed."};
  BERTH_API_TRY(job, readJob(body, known));
  job.cluster = cluster->name;
  job.name = job_name;
  job.owner = principalOf(context.caller, context.names);
  date(job, known, context);
  if (auto error = checkSchedule(job, *context.zones, context.now.wall)) return *error;
  Json launch = launchInputOf(body, cluster->name);
  if (auto error = checkLaunch(context, launch)) return *error;
  launch.erase("cluster");
  job.document = launch.dump();
  context.tx.put(job);
  return shown(context, job);
}

ApiResult<Json> deleteJob(Context& context) {
  BERTH_API_TRY(job, findJob(context));
  for (const JobRun* run : context.state().runsOf(job->key())) context.tx.erase(Kind::JobRun, run->key());
  context.tx.erase(Kind::Job, job->key());
  return Json::object();
}

ApiResult<Json> runJob(Context& context) {
  BERTH_API_TRY(job, findJob(context));
  const JobRun run = stageRun(context.tx, *job, runByHand(context.state(), *job, context.now), context.now);
  return Json{{"run", run.id}};
}

ApiResult<Json> pauseJob(Context& context) { return pause(context, true); }
ApiResult<Json> resumeJob(Context& context) { return pause(context, false); }

}  // namespace berth::controller
