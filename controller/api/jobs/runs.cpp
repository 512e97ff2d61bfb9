#include "controller/api/jobs/runs.hpp"

#include <algorithm>

#include "controller/api/stopping.hpp"
#include "controller/api/task_policy.hpp"
#include "controller/jobs/decisions.hpp"

namespace berth::controller {
namespace {

std::vector<const JobRun*> openRunsOf(const State& state, const std::string& job) {
  std::vector<const JobRun*> out = state.runsOf(job);
  std::erase_if(out, [](const JobRun* run) { return !run->open(); });
  return out;
}

void skip(JobRun& run, const std::string& reason, Now now) {
  run.state = JobRunState::Skipped;
  run.reason = reason;
  run.endedAt = now.wall;
}

/// Stops what runs of an open run, or ends it when nothing does. Answers whether something did.
bool giveWay(Transaction& tx, JobRun run, const std::string& to, Now now) {
  const std::string reason = "replaced by the run " + to;
  if (!run.active()) {
    const bool began = !run.attempts.empty();
    run.replacedBy = to;
    endRun(tx, std::move(run), began ? JobRunState::Replaced : JobRunState::Skipped,
           began ? reason : reason + " before it began", now);
    return false;
  }
  for (const std::string& id : run.attempts.back().tasks) {
    auto task = tx.task(id);
    if (task && task->lastStatus != TaskStatus::Stopped && !task->stopWanted)
      stopByRule(tx, std::move(*task), "berth:job: " + reason, startedByJob(run.job), now);
  }
  run.state = JobRunState::Stopping;
  run.replacedBy = to;
  tx.put(std::move(run));
  return true;
}

}  // namespace

JobRun stageRun(Transaction& tx, const Job& job, JobRun run, Now now) {
  const auto open = openRunsOf(tx.state(), job.key());
  run.cluster = job.cluster;
  run.job = job.name;
  run.state = JobRunState::Due;
  run.due = now.wall;
  run.owner = job.owner;
  run.retry = job.retry;
  switch (atDue(job.overlap, open.size())) {
    case AtDue::Begin:
      if (open.size() >= kMostOpenRuns)
        skip(run, std::to_string(kMostOpenRuns) + " runs of the job are not over", now);
      break;
    case AtDue::Skip:
      skip(run, "the run " + open.front()->id + " was not over (overlap: skip)", now);
      break;
    case AtDue::Replace:
      for (const JobRun* one : open) {
        if (giveWay(tx, *one, run.id, now)) run.state = JobRunState::Waiting;
      }
      break;
  }
  if (run.open()) {
    Json input = parsed(job.document, Json::object());
    input["cluster"] = job.cluster;
    input["startedBy"] = startedByJob(job.name);
    Json tags =
        Json::array({{{"key", "berth:job"}, {"value", job.name}}, {{"key", "berth:run"}, {"value", run.id}}});
    if (job.maxLifetimeMillis > 0) {
      const std::chrono::milliseconds longest(job.maxLifetimeMillis);
      tags.push_back({{"key", kMaxLifetimeTag}, {"value", formatDuration(longest)}});
    }
    input["tags"] = mergedBy("key", input.value("tags", Json::array()), tags);
    run.document = input.dump();
  } else {
    run.retry = {};
  }
  tx.put(run);
  return run;
}

void endRun(Transaction& tx, JobRun run, JobRunState state, const std::string& reason, Now now) {
  if (run.job.empty()) return tx.erase(Kind::JobRun, run.key());
  for (const JobRun* other : openRunsOf(tx.state(), run.jobKey())) {
    if (other->state != JobRunState::Waiting || other->id == run.id) continue;
    const auto open = openRunsOf(tx.state(), run.jobKey());
    const bool last = std::ranges::none_of(
        open, [&](const JobRun* one) { return one->id != run.id && one->id != other->id && one->active(); });
    if (!last) continue;
    JobRun next = *other;
    next.state = JobRunState::Due;
    next.due = now.wall;
    tx.put(std::move(next));
  }
  run.state = state;
  run.reason = reason;
  run.endedAt = now.wall;
  run.document.clear();
  run.retry = {};
  tx.put(std::move(run));
}

void stopByRule(Transaction& tx, Task task, const std::string& reason, const std::string& by, Now now) {
  wantStopped(task, "UserInitiated", reason, now.wall);
  task.causes.add({Cause::Kind::StopTask, now.wall, by});
  tx.put(std::move(task));
}

Json attemptInput(const ecs::Names& names, const JobRun& run, size_t attempt) {
  Json input = parsed(run.document, Json::object());
  Json tags = Json::array({{{"key", "berth:attempt"}, {"value", std::to_string(attempt)}}});
  if (run.job.empty()) {
    tags[0]["key"] = std::string(kRetryTags) + "attempt";
    tags.push_back(
        {{"key", std::string(kRetryTags) + "of"}, {"value", names.task(run.cluster, run.id).str()}});
  }
  input["tags"] = mergedBy("key", input.value("tags", Json::array()), tags);
  return input;
}

JobRun runByHand(const State& state, const Job& job, Now now) {
  JobRun run;
  run.trigger = JobTrigger::Hand;
  run.scheduledFor = now.wall;
  run.id = runIdAt(run.scheduledFor);
  while (state.jobRun(job.key() + "/" + run.id)) {
    run.scheduledFor += std::chrono::milliseconds(1);
    run.id = runIdAt(run.scheduledFor);
  }
  return run;
}

}  // namespace berth::controller
