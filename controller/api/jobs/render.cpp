#include "controller/api/jobs/render.hpp"

#include "common/ids/arn.hpp"

namespace berth::controller {
namespace {

Json timeOrNull(const std::optional<WallTime>& time) { return time ? Json(toRfc3339(*time)) : Json(); }
Json textOrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json durationOrNull(int64_t millis) {
  return millis == 0 ? Json() : Json(formatDuration(std::chrono::milliseconds(millis)));
}

Json renderRetry(const RetryRules& rules) {
  return Json{{"attempts", rules.attempts},
              {"backoff", durationOrNull(rules.backoffMillis)},
              {"maxBackoff", durationOrNull(rules.maxBackoffMillis)},
              {"onExitCodes", rules.onExitCodes},
              {"onReasons", rules.onReasons}};
}

}  // namespace

std::string jobArn(const ecs::Names& names, const std::string& cluster, const std::string& name) {
  return Arn{names.partition, "ecs", names.region, names.account, "job/" + cluster + "/" + name}.str();
}

Json renderJob(const State& state, const ecs::Names& names, const Job& job) {
  Json run = parsed(job.document, Json::object());
  Json out{{"name", job.name},
           {"jobArn", jobArn(names, job.cluster, job.name)},
           {"cluster", job.cluster},
           {"clusterArn", names.cluster(job.cluster).str()},
           {"schedule", textOrNull(job.schedule)},
           {"timezone", job.timezone},
           {"taskDefinition", run.value("taskDefinition", "")},
           {"count", run.value("count", int64_t{1})},
           {"overlap", name(job.overlap)},
           {"missed", name(job.missed)},
           {"paused", job.paused},
           {"retry", renderRetry(job.retry)},
           {"maxLifetime", durationOrNull(job.maxLifetimeMillis)},
           {"keepRuns", job.keepRuns},
           {"owner", job.owner},
           {"createdAt", toRfc3339(job.createdAt)},
           {"updatedAt", toRfc3339(job.updatedAt)},
           {"nextRun", timeOrNull(job.nextRun)}};
  if (run.contains("overrides")) out["overrides"] = run["overrides"];
  for (const char* member : {"taskDefinition", "count", "overrides"}) run.erase(member);
  out["run"] = std::move(run);
  const auto runs = state.runsOf(job.key());
  int64_t open = 0;
  for (const JobRun* one : runs) open += one->open() ? 1 : 0;
  out["openRuns"] = open;
  out["lastRun"] = runs.empty() ? Json() : renderRun(names, *runs.back());
  return out;
}

Json renderRun(const ecs::Names& names, const JobRun& run) {
  Json attempts = Json::array();
  for (const JobAttempt& attempt : run.attempts) {
    Json tasks = Json::array();
    for (const std::string& id : attempt.tasks) tasks.push_back(names.task(run.cluster, id).str());
    attempts.push_back({{"tasks", std::move(tasks)},
                        {"startedAt", toRfc3339(attempt.startedAt)},
                        {"endedAt", timeOrNull(attempt.endedAt)},
                        {"exitCode", attempt.exitCode ? Json(*attempt.exitCode) : Json()},
                        {"reason", textOrNull(attempt.reason)}});
  }
  const bool due = run.state == JobRunState::Due;
  return Json{{"id", run.id},
              {"job", run.job},
              {"trigger", name(run.trigger)},
              {"state", name(run.state)},
              {"outcome", run.open() ? Json() : Json(name(run.state))},
              {"reason", textOrNull(run.reason)},
              {"scheduledFor", toRfc3339(run.scheduledFor)},
              {"moments", run.moments},
              {"startedAt", run.attempts.empty() ? Json() : Json(toRfc3339(run.attempts[0].startedAt))},
              {"endedAt", timeOrNull(run.endedAt)},
              {"nextAttemptAt", due ? Json(toRfc3339(run.due)) : Json()},
              {"replacedBy", textOrNull(run.replacedBy)},
              {"attempts", std::move(attempts)}};
}

}  // namespace berth::controller
