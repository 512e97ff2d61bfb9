// Jobs and their runs: plain values. What only a launch reads stays JSON text (`document`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::controller {

/// What a run that is due does while an earlier one is not over: begin beside it, not at all, or once the
/// earlier one has been stopped.
enum class Overlap : uint8_t { Allow, Skip, Replace };
std::string_view name(Overlap overlap);

/// What becomes of moments that passed while the controller was away: one run for all of them, or none.
enum class Missed : uint8_t { Once, Skip };
std::string_view name(Missed missed);

/// When an attempt that failed is followed by another one.
struct RetryRules {
  int64_t attempts = 1;                ///< in all, the first one included
  int64_t backoffMillis = 10'000;      ///< before the second; before each further one twice as long
  int64_t maxBackoffMillis = 300'000;  ///< and at most so long
  std::vector<int64_t> onExitCodes;    ///< only after these exit codes ...
  std::vector<std::string> onReasons;  ///< ... or these reasons or stop codes; both empty: after any failure

  bool operator==(const RetryRules&) const = default;
};

struct Job {
  std::string cluster;
  std::string name;
  std::string schedule;  ///< "cron(...)", "rate(...)" or five fields; empty: it is run by hand alone
  std::string timezone = "UTC";
  Overlap overlap = Overlap::Skip;
  Missed missed = Missed::Once;
  bool paused = false;
  RetryRules retry;
  int64_t maxLifetimeMillis = 0;  ///< of each task; 0: no limit
  int64_t keepRuns = 20;
  std::string document;  ///< JSON object: the members of RunTask, without the cluster
  std::string owner;     ///< ARN of who has put it
  WallTime createdAt{};
  WallTime updatedAt{};
  WallTime anchor{};                ///< what rates count from: when the schedule was set
  std::optional<WallTime> nextRun;  ///< the moment of the next run; none while paused or without one

  std::string key() const { return keyOf(cluster, name); }
  static std::string keyOf(const std::string& cluster, const std::string& name) {
    return cluster + "/" + name;
  }
  bool operator==(const Job&) const = default;
};

/// The order is the one in which a run passes them. The last five are ends.
enum class JobRunState : uint8_t {
  Waiting,   ///< for the run before it to be stopped
  Due,       ///< its next attempt begins at `due`
  Running,   ///< tasks of its last attempt are there
  Stopping,  ///< likewise, and they are being stopped for the run that replaces it
  Succeeded,
  Failed,
  Stopped,   ///< somebody stopped its tasks
  Replaced,  ///< by a later run
  Skipped,   ///< it has never begun
};
std::string_view name(JobRunState state);

enum class JobTrigger : uint8_t { Schedule, Missed, Hand, Retry };
std::string_view name(JobTrigger trigger);

/// Tasks that were started together.
struct JobAttempt {
  std::vector<std::string> tasks;  ///< ids; none: they found no place, or the call was refused
  WallTime startedAt{};
  std::optional<WallTime> endedAt;
  std::optional<int64_t> exitCode;  ///< of the container that decided a failure
  std::string reason;               ///< of a failure

  bool operator==(const JobAttempt&) const = default;
};

/// One run of a job; or, without a job, a task of RunTask that is to be tried again. What it runs is fixed
/// when it becomes due.
struct JobRun {
  std::string cluster;
  std::string job;  ///< name; empty for a task of RunTask
  std::string id;   ///< follows from its moment: "20261127T201500.000Z"; of such a task: its id
  JobTrigger trigger = JobTrigger::Schedule;
  JobRunState state = JobRunState::Due;
  WallTime scheduledFor{};
  WallTime due{};          ///< when its next attempt begins
  int64_t moments = 1;     ///< that it stands for: more than one when some were missed
  RetryRules retry;        ///< while it is open
  std::string document;    ///< JSON object: input of RunTask, while it is open
  std::string owner;       ///< ARN of whose rights it runs with
  std::string reason;      ///< why it was skipped, failed or stopped
  std::string replacedBy;  ///< id of the run that replaces it
  std::vector<JobAttempt> attempts;
  std::optional<WallTime> endedAt;

  std::string key() const { return Job::keyOf(cluster, job) + "/" + id; }
  std::string jobKey() const { return Job::keyOf(cluster, job); }
  bool open() const { return state < JobRunState::Succeeded; }
  /// Tasks of it may run.
  bool active() const { return state == JobRunState::Running || state == JobRunState::Stopping; }
  bool operator==(const JobRun&) const = default;
};

/// "20261127T201500.000Z": sorts by time.
std::string runIdAt(WallTime moment);
/// What the tasks of a job's runs have as startedBy: "berth-job/NAME".
std::string startedByJob(const std::string& job);

}  // namespace berth::controller
