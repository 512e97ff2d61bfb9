#include "controller/state/rows.hpp"

namespace berth::controller {
namespace {

constexpr int64_t kMostMillis = 366LL * 24 * 3600 * 1000;
constexpr int64_t kMostAttempts = 1000;

/// A number of the row that something counts or waits by.
int64_t bounded(Fields& fields, const char* name, int64_t fallback, int64_t most) {
  const int64_t number = fields.integer(name, fallback);
  if (number < 0 || number > most) fields.fault(name, "is out of its range");
  return std::clamp<int64_t>(number, 0, most);
}

Json encode(const RetryRules& rules) {
  return Json{{"attempts", rules.attempts},
              {"backoffMillis", rules.backoffMillis},
              {"maxBackoffMillis", rules.maxBackoffMillis},
              {"onExitCodes", rules.onExitCodes},
              {"onReasons", rules.onReasons}};
}

RetryRules decodeRetry(Fields& parent) {
  RetryRules out;
  const Json* object = parent.find("retry");
  if (!object) return out;
  Fields fields(*object, parent.pathOf("retry"));
  out.attempts = bounded(fields, "attempts", out.attempts, kMostAttempts);
  out.backoffMillis = bounded(fields, "backoffMillis", out.backoffMillis, kMostMillis);
  out.maxBackoffMillis = bounded(fields, "maxBackoffMillis", out.maxBackoffMillis, kMostMillis);
  for (const Json* code : fields.list("onExitCodes")) {
    if (!code->is_number_integer()) fields.fault("onExitCodes", "has an entry that is no number");
    if (code->is_number_integer()) out.onExitCodes.push_back(code->get<int64_t>());
  }
  out.onReasons = fields.strings("onReasons");
  parent.absorb(fields);
  return out;
}

Json encode(const JobAttempt& attempt) {
  Json out{
      {"tasks", attempt.tasks}, {"startedAt", toEpochMillis(attempt.startedAt)}, {"reason", attempt.reason}};
  putTime(out, "endedAt", attempt.endedAt);
  if (attempt.exitCode) out["exitCode"] = *attempt.exitCode;
  return out;
}

JobAttempt decodeAttempt(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("attempts"));
  JobAttempt out;
  out.tasks = fields.strings("tasks");
  out.startedAt = fromEpochMillis(fields.integer("startedAt"));
  out.endedAt = time(fields, "endedAt");
  out.exitCode = fields.optionalInteger("exitCode");
  out.reason = fields.str("reason");
  parent.absorb(fields);
  return out;
}

}  // namespace

Json encode(const Job& job) {
  Json out{{"cluster", job.cluster},
           {"name", job.name},
           {"schedule", job.schedule},
           {"timezone", job.timezone},
           {"overlap", static_cast<int>(job.overlap)},
           {"missed", static_cast<int>(job.missed)},
           {"paused", job.paused},
           {"retry", encode(job.retry)},
           {"maxLifetimeMillis", job.maxLifetimeMillis},
           {"keepRuns", job.keepRuns},
           {"document", job.document},
           {"owner", job.owner},
           {"createdAt", toEpochMillis(job.createdAt)},
           {"updatedAt", toEpochMillis(job.updatedAt)},
           {"anchor", toEpochMillis(job.anchor)}};
  putTime(out, "nextRun", job.nextRun);
  return out;
}

Entity decodeJob(Fields& fields) {
  Job out;
  out.cluster = fields.requiredStr("cluster");
  out.name = fields.requiredStr("name");
  out.schedule = fields.str("schedule");
  out.timezone = fields.str("timezone", out.timezone);
  out.overlap = state(fields, "overlap", Overlap::Replace, Overlap::Skip);
  out.missed = state(fields, "missed", Missed::Skip);
  out.paused = fields.boolean("paused");
  out.retry = decodeRetry(fields);
  out.maxLifetimeMillis = bounded(fields, "maxLifetimeMillis", 0, kMostMillis);
  out.keepRuns = bounded(fields, "keepRuns", out.keepRuns, 1000);
  out.document = jsonMember(fields, "document");
  out.owner = fields.str("owner");
  out.createdAt = fromEpochMillis(fields.integer("createdAt"));
  out.updatedAt = fromEpochMillis(fields.integer("updatedAt"));
  out.anchor = fromEpochMillis(fields.integer("anchor"));
  out.nextRun = time(fields, "nextRun");
  return out;
}

Json encode(const JobRun& run) {
  Json attempts = Json::array();
  for (const JobAttempt& attempt : run.attempts) attempts.push_back(encode(attempt));
  Json out{{"cluster", run.cluster},
           {"job", run.job},
           {"id", run.id},
           {"trigger", static_cast<int>(run.trigger)},
           {"state", static_cast<int>(run.state)},
           {"scheduledFor", toEpochMillis(run.scheduledFor)},
           {"due", toEpochMillis(run.due)},
           {"moments", run.moments},
           {"retry", encode(run.retry)},
           {"document", run.document},
           {"owner", run.owner},
           {"reason", run.reason},
           {"replacedBy", run.replacedBy},
           {"attempts", std::move(attempts)}};
  putTime(out, "endedAt", run.endedAt);
  return out;
}

Entity decodeJobRun(Fields& fields) {
  JobRun out;
  out.cluster = fields.requiredStr("cluster");
  out.job = fields.str("job");
  out.id = fields.requiredStr("id");
  out.trigger = state(fields, "trigger", JobTrigger::Retry);
  out.state = state(fields, "state", JobRunState::Skipped, JobRunState::Due);
  out.scheduledFor = fromEpochMillis(fields.integer("scheduledFor"));
  out.due = fromEpochMillis(fields.integer("due"));
  out.moments = fields.integer("moments", 1);
  out.retry = decodeRetry(fields);
  out.document = jsonMember(fields, "document");
  out.owner = fields.str("owner");
  out.reason = fields.str("reason");
  out.replacedBy = fields.str("replacedBy");
  for (const Json* attempt : fields.list("attempts")) out.attempts.push_back(decodeAttempt(*attempt, fields));
  if (out.active() && out.attempts.empty()) fields.fault("attempts", "has none, and the run has begun");
  out.endedAt = time(fields, "endedAt");
  return out;
}

}  // namespace berth::controller
