#include "controller/core/job_keeper.hpp"

#include <algorithm>

#include "controller/api/jobs/find.hpp"
#include "controller/api/jobs/runs.hpp"
#include "controller/api/launch.hpp"
#include "controller/jobs/decisions.hpp"
#include "controller/jobs/occurrence.hpp"
#include "proto/ecs/validate.hpp"

namespace berth::controller {
namespace {

/// Moments and attempts that one call sees to; its timer goes on with more.
constexpr int kMostAtOnce = 100;
/// A moment that is found so late was missed.
constexpr Duration kLate = std::chrono::minutes(1);
/// By how much the wall clock may fall behind the other without having been set back.
constexpr Duration kTrueClock = std::chrono::seconds(1);

/// Puts a key's moment into an index in place of the one before.
void move(std::set<std::pair<WallTime, std::string>>& index, std::unordered_map<std::string, WallTime>& known,
          const std::string& key, std::optional<WallTime> moment) {
  if (const auto old = known.find(key); old != known.end()) {
    index.erase({old->second, key});
    known.erase(old);
  }
  if (!moment) return;
  index.emplace(*moment, key);
  known.emplace(key, *moment);
}

std::optional<std::string> dueIn(const std::set<std::pair<WallTime, std::string>>& index, WallTime now) {
  if (index.empty() || index.begin()->first > now) return std::nullopt;
  return index.begin()->second;
}

TaskEnd refusedEnd(const std::string& why) {
  TaskEnd end;
  end.reason = why;
  end.reasons = {why};
  return end;
}

/// What keeps an attempt from beginning: the refusal, or tasks without a place.
std::string refusalIn(const ApiResult<Json>& reply) {
  if (const auto* error = std::get_if<ApiError>(&reply)) return error->type + ": " + error->message;
  const Json failures = std::get<Json>(reply).value("failures", Json::array());
  if (failures.empty()) return {};
  const std::string detail = text(failures[0], "detail");
  return "no place for a task: " + text(failures[0], "reason") + (detail.empty() ? "" : " (" + detail + ")");
}

}  // namespace

void JobKeeper::note(const Mutation& mutation) {
  if (mutation.kind == Kind::Task) noteTask(mutation.key, mutation.as<Task>());
  if (mutation.kind == Kind::Job) noteJob(mutation.key, mutation.as<Job>());
  if (mutation.kind == Kind::JobRun) noteRun(mutation.key, mutation.as<JobRun>());
}

void JobKeeper::load() {
  for (const auto& [key, job] : state_.jobs()) noteJob(key, &job);
  for (const auto& [key, run] : state_.jobRuns()) noteRun(key, &run);
  for (const auto& task : state_.tasks()) noteTask(task->id, task.get());
}

void JobKeeper::noteJob(const std::string& key, const Job* job) {
  move(jobs_due_, job_moments_, key, job ? job->nextRun : std::nullopt);
}

void JobKeeper::noteTask(const std::string& id, const Task* task) {
  if (!lifetimes_.empty() || (task && task->spec->lifetimeMillis > 0))
    move(lives_, lifetimes_, id, task ? task->livesUntil() : std::nullopt);
  if (run_of_.empty() || (task && task->lastStatus != TaskStatus::Stopped)) return;
  const auto run = run_of_.find(id);
  if (run == run_of_.end()) return;
  const JobRun* known = state_.jobRun(run->second);
  if (known && allStopped(*known)) ended_.insert(run->second);
}

void JobKeeper::noteRun(const std::string& key, const JobRun* run) {
  if (const auto old = runs_.find(key); old != runs_.end()) {
    if (old->second.due) runs_due_.erase({*old->second.due, key});
    for (const std::string& task : old->second.tasks) run_of_.erase(task);
    runs_.erase(old);
  }
  ended_.erase(key);
  if (!run || !run->open()) return;
  KnownRun& known = runs_[key];
  if (run->state == JobRunState::Due) {
    known.due = run->due;
    runs_due_.emplace(run->due, key);
  }
  if (!run->active()) return;
  known.tasks = run->attempts.back().tasks;
  for (const std::string& task : known.tasks) run_of_[task] = key;
  if (allStopped(*run)) ended_.insert(key);
}

/// One that is gone has stopped long ago.
bool JobKeeper::allStopped(const JobRun& run) const {
  return std::ranges::all_of(run.attempts.back().tasks, [&](const std::string& id) {
    const Task* task = state_.task(id);
    return !task || task->lastStatus == TaskStatus::Stopped;
  });
}

void JobKeeper::work(const Hands& hands, Now now) {
  if (std::exchange(wentBack_, false)) followClockBack(hands, now);
  int left = kMostAtOnce;
  while (left > 0) {
    if (!ended_.empty()) {
      const std::string key = *ended_.begin();
      ended_.erase(ended_.begin());
      conclude(hands, JobRun(*state_.jobRun(key)), now);
    } else if (const auto task = dueIn(lives_, now.wall)) {
      stopOld(hands, *task, now);
    } else if (const auto job = dueIn(jobs_due_, now.wall)) {
      fire(hands, Job(*state_.job(*job)), now);
      --left;
    } else if (const auto run = dueIn(runs_due_, now.wall)) {
      begin(hands, JobRun(*state_.jobRun(*run)), now);
      --left;
    } else {
      return;
    }
  }
}

void JobKeeper::noteClock(Now now) {
  wentBack_ |= !seen_ || now.wall - seen_->wall < now.mono - seen_->mono - kTrueClock;
  seen_ = now;
}

bool JobKeeper::isDue(Now now) const {
  const auto next = nextDeadline();
  return next && (wentBack_ || *next <= now.wall);
}

std::optional<WallTime> JobKeeper::nextDeadline() const {
  if (!ended_.empty()) return WallTime{};
  std::optional<WallTime> out;
  for (const Due* index : {&jobs_due_, &runs_due_, &lives_}) {
    if (!index->empty() && (!out || index->begin()->first < *out)) out = index->begin()->first;
  }
  return out;
}

/// A next moment is the first one after a moment that has been, so one that lies further ahead was worked out
/// by a clock that was ahead. Nobody waits until it has come by the clock of now.
void JobKeeper::followClockBack(const Hands& hands, Now now) {
  Transaction tx(state_);
  for (const auto& [key, job] : state_.jobs()) {
    const auto schedule = parseSchedule(job.schedule);
    const auto zone = hands.zones.find(job.timezone);
    if (!job.nextRun || !schedule || !zone) continue;
    Job next = job;
    next.anchor = std::min(job.anchor, now.wall);
    next.nextRun = nextAfter(*schedule, *zone, next.anchor, now.wall);
    if (next.nextRun && *next.nextRun < *job.nextRun) tx.put(std::move(next));
  }
  for (const auto& [due, key] : runs_due_) {
    JobRun run = *state_.jobRun(key);
    if (due - now.wall <= std::chrono::milliseconds(run.retry.maxBackoffMillis)) continue;
    run.due = now.wall;
    tx.put(std::move(run));
  }
  if (!tx.empty()) hands.commit(tx);
}

void JobKeeper::fire(const Hands& hands, const Job& job, Now now) {
  Transaction tx(state_);
  Job next = job;
  next.nextRun.reset();
  const auto schedule = parseSchedule(job.schedule);
  const auto zone = hands.zones.find(job.timezone);
  JobRun run;
  run.scheduledFor = *job.nextRun;
  std::string skipped;
  if (schedule && zone) {
    const PassedMoments passed = passedUpTo(*schedule, *zone, job.anchor, *job.nextRun, now.wall);
    next.nextRun = nextAfter(*schedule, *zone, job.anchor, passed.last);
    const bool late = now.wall - passed.last > kLate;
    run.moments = passed.count;
    if (job.missed == Missed::Once) {
      run.scheduledFor = passed.last;
      if (late || passed.count > 1) run.trigger = JobTrigger::Missed;
    } else if (late || passed.count > 1) {
      // The last moment may be in time, and then it has a run of its own; the others have passed.
      if (!late) --run.moments;
      if (!late) next.nextRun = passed.last;
      run.trigger = JobTrigger::Missed;
      skipped = "the controller was away at this moment (missed: skip)";
    }
  } else {
    skipped = "the schedule or its time zone can't be read any more: put the job anew";
  }
  run.id = runIdAt(run.scheduledFor);
  tx.put(std::move(next));
  // A moment has one run, whatever has become of the job since.
  if (!state_.jobRun(job.key() + "/" + run.id)) {
    if (skipped.empty()) {
      stageRun(tx, job, std::move(run), now);
    } else {
      run.cluster = job.cluster;
      run.job = job.name;
      run.owner = job.owner;
      run.state = JobRunState::Skipped;
      run.due = run.scheduledFor;
      run.reason = skipped;
      run.endedAt = now.wall;
      tx.put(std::move(run));
    }
  }
  hands.commit(tx);
  trim(hands, job.key());
}

void JobKeeper::begin(const Hands& hands, const JobRun& run, Now now) {
  Json input = attemptInput(hands.names, run, run.attempts.size() + 1);
  JobRun next = run;
  next.attempts.push_back({{}, now.wall, std::nullopt, std::nullopt, ""});
  const auto launch = [&](Context& context) -> ApiResult<Json> {
    if (auto wrong = ecs::checkInput(*ecs::model().findOperation("RunTask"), input))
      return ApiError{wrong->type, wrong->message};
    BERTH_API_TRY(launched, launchTasks(context));
    next.attempts.back().tasks = launched.ids;
    return Json{{"failures", std::move(launched.reply.failures)}};
  };
  Transaction tx(state_);
  const auto reply = hands.perform(tx, run.owner, input, launch);
  const std::string refusal = refusalIn(reply);
  if (refusal.empty()) {
    next.state = JobRunState::Running;
    tx.put(std::move(next));
    return hands.commit(tx);
  }
  // All tasks of an attempt begin, or none: what was staged is dropped.
  next.attempts.back().tasks.clear();
  after(hands, std::move(next), refusedEnd(refusal), now);
}

void JobKeeper::conclude(const Hands& hands, const JobRun& run, Now now) {
  std::vector<TaskEnd> ends;
  for (const std::string& id : run.attempts.back().tasks) {
    const Task* task = state_.task(id);
    ends.push_back(task ? endOf(*task) : refusedEnd("the record of the task " + id + " is gone"));
  }
  if (ends.empty()) ends.push_back(refusedEnd("the attempt has no tasks"));
  after(hands, run, worstOf(ends), now);
}

void JobKeeper::after(const Hands& hands, JobRun run, const TaskEnd& end, Now now) {
  JobAttempt& attempt = run.attempts.back();
  attempt.endedAt = now.wall;
  const bool good = end.kind == TaskEnd::Kind::Succeeded;
  if (!good) attempt.exitCode = end.exitCode;
  if (!good) attempt.reason = end.reason;
  const std::string reason = attempt.reason;
  const std::string job = run.job.empty() ? "" : run.jobKey();
  Transaction tx(state_);
  if (run.state == JobRunState::Stopping) {
    endRun(tx, run, JobRunState::Replaced, "replaced by the run " + run.replacedBy, now);
  } else if (good) {
    endRun(tx, std::move(run), JobRunState::Succeeded, "", now);
  } else if (const auto wait =
                 backoffAfter(run.retry, std::ssize(run.attempts), end, hands.random.uniform())) {
    run.state = JobRunState::Due;
    run.due = now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(*wait);
    tx.put(std::move(run));
  } else {
    const bool stopped = end.kind == TaskEnd::Kind::Stopped;
    endRun(tx, std::move(run), stopped ? JobRunState::Stopped : JobRunState::Failed, reason, now);
  }
  hands.commit(tx);
  if (!job.empty()) trim(hands, job);
}

void JobKeeper::stopOld(const Hands& hands, const std::string& id, Now now) {
  const Task& task = *state_.task(id);
  const std::chrono::milliseconds longest(task.spec->lifetimeMillis);
  Transaction tx(state_);
  stopByRule(tx, task, std::string(kMaxLifetime) + ": the task has run for " + formatDuration(longest),
             kMaxLifetime, now);
  hands.commit(tx);
}

/// Those that were skipped don't push out those that ran: of each sort as many are kept.
void JobKeeper::trim(const Hands& hands, const std::string& key) {
  const Job* job = state_.job(key);
  if (!job) return;
  auto runs = state_.runsOf(key);
  std::ranges::reverse(runs);
  int64_t ran = 0;
  int64_t skipped = 0;
  Transaction tx(state_);
  for (const JobRun* run : runs) {
    if (run->open()) continue;
    int64_t& count = run->state == JobRunState::Skipped ? skipped : ran;
    if (++count > job->keepRuns) tx.erase(Kind::JobRun, run->key());
  }
  if (!tx.empty()) hands.commit(tx);
}

}  // namespace berth::controller
