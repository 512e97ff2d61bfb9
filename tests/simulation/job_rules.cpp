#include "tests/simulation/job_rules.hpp"

#include <algorithm>

#include "controller/model/entities.hpp"
#include "tests/simulation/world.hpp"

namespace berth::simulation {
namespace {

using controller::Job;
using controller::JobRun;
using controller::State;
using controller::TaskStatus;

/// How long ago the last run of a job that is due each minute may have been due, at rest.
constexpr Duration kLately = std::chrono::seconds(65);

}  // namespace

void JobRules::start(const State& state) {
  known_.clear();
  attempt_of_.clear();
  for (const auto& [key, run] : state.jobRuns()) checkRun(run);
}

void JobRules::checkRun(const JobRun& run) {
  const std::string key = run.key();
  if (const auto before = known_.find(key); before != known_.end()) {
    if (!before->second.open() && !(before->second == run))
      throw Violation("a run that was over goes on: " + key);
    if (run.attempts.size() < before->second.attempts.size())
      throw Violation("a run lost an attempt: " + key);
    if (before->second.open() && !run.open()) ++ended_;
    retried_ += run.attempts.size() > before->second.attempts.size() && run.attempts.size() > 1;
  }
  if (std::ssize(run.attempts) > run.retry.attempts && run.open())
    throw Violation("run " + key + " has " + std::to_string(run.attempts.size()) + " attempts");
  for (size_t number = 0; number < run.attempts.size(); ++number) {
    const std::string attempt = key + " #" + std::to_string(number);
    for (const std::string& task : run.attempts[number].tasks) {
      const auto [known, added] = attempt_of_.emplace(task, attempt);
      if (known->second != attempt)
        throw Violation("task " + task + " is of " + known->second + " and of " + attempt);
    }
  }
  known_.insert_or_assign(key, run);
}

void JobRules::check(const State& state, const controller::Mutations& mutations) {
  std::set<std::string> jobs;
  for (const controller::Mutation& mutation : mutations) {
    const auto* run = mutation.as<JobRun>();
    if (!run) continue;
    checkRun(*run);
    jobs.insert(run->jobKey());
  }
  for (const std::string& key : jobs) {
    const Job* job = state.job(key);
    if (!job || job->overlap == controller::Overlap::Allow) continue;
    const auto runs = state.runsOf(key);
    const auto active = std::ranges::count_if(runs, [](const JobRun* run) { return run->active(); });
    if (active > 1) throw Violation(std::to_string(active) + " runs of " + key + " at once");
  }
}

void JobRules::checkEnd(const State& state, WallTime now) const {
  std::set<std::string> held;
  for (const auto& [key, run] : state.jobRuns()) {
    if (run.active()) held.insert(run.attempts.back().tasks.begin(), run.attempts.back().tasks.end());
  }
  for (const auto& task : state.tasks()) {
    if (task->startedBy.starts_with(controller::startedByJob("")) &&
        task->lastStatus != TaskStatus::Stopped && !held.contains(task->id))
      throw Violation("task " + task->id + " of " + task->startedBy + " runs and no run has it");
  }
  for (const auto& [key, job] : state.jobs()) {
    if (job.schedule.empty()) continue;
    const auto runs = state.runsOf(key);
    const auto lately = [&](const JobRun* run) {
      return run->scheduledFor <= now && now - run->scheduledFor <= kLately;
    };
    if (std::ranges::none_of(runs, lately) || *job.nextRun - now > kLately) {
      std::string all;
      for (const JobRun* run : runs)
        all += "\n  " + run->id + " " + std::string(name(run->state)) + " " + run->reason;
      throw Violation("job " + key + " was not due of late, or is not again: it is " +
                      controller::runIdAt(now) + ", next " + controller::runIdAt(*job.nextRun) + all);
    }
  }
}

}  // namespace berth::simulation
