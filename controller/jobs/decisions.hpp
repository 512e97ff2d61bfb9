// What becomes of a job's runs: values in, values out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/model/jobs.hpp"
#include "controller/model/task.hpp"

namespace berth::controller {

/// What a run does that is due.
enum class AtDue { Begin, Skip, Replace };
/// `open`: how many earlier runs are not over.
AtDue atDue(Overlap overlap, size_t open);

/// How a stopped task ended.
struct TaskEnd {
  enum class Kind {
    Succeeded,  ///< the essential container that ended first did with exit code 0
    Failed,
    TooLong,  ///< it was stopped at its maxLifetime
    Stopped,  ///< somebody stopped it
  };

  Kind kind = Kind::Failed;
  std::optional<int64_t> exitCode;   ///< of the container that decided
  std::string stopCode;              ///< the task's
  std::string reason;                ///< for people
  std::vector<std::string> reasons;  ///< all that the task and its containers said
};
TaskEnd endOf(const Task& task);

/// The end of an attempt whose tasks ended so: the worst, of equals the first. At least one.
TaskEnd worstOf(const std::vector<TaskEnd>& ends);

/// How long to wait before the next attempt, after `attempts` of them, the last of which ended so; nullopt:
/// there is no next one. A success is never followed by one; what somebody stopped, or ran too long, only
/// when `onReasons` names it. `chance` is in [0, 1): the wait is between half and all of what the rules say.
std::optional<Duration> backoffAfter(const RetryRules& rules, int64_t attempts, const TaskEnd& end,
                                     double chance);

/// How the reason of a task begins that was stopped at its maxLifetime.
inline constexpr const char* kMaxLifetime = "berth:maxLifetime";

}  // namespace berth::controller
