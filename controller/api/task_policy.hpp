// Tags of RunTask by which a task is tried again when it fails, or has to end in time.
#pragma once

#include "controller/api/context.hpp"
#include "controller/model/jobs.hpp"

namespace berth::controller {

inline constexpr const char* kRetryTags = "berth:retry.";
inline constexpr const char* kMaxLifetimeTag = "berth:maxLifetime";
inline constexpr int64_t kMostAttempts = 100;
inline constexpr Duration kLongestBackoff = std::chrono::hours(24);
inline constexpr Duration kLongestLifetime = std::chrono::hours(24 * 365);

struct TaskPolicy {
  RetryRules retry;
  int64_t maxLifetimeMillis = 0;  ///< 0: no limit
};

/// `tags` are the task's, as JSON text: berth:maxLifetime ("1h"), berth:retry.attempts ("3"), .backoff
/// ("10s"), .maxBackoff ("5m"), .onExitCodes ("1 75"), .onReasons
/// ("OutOfMemoryError CannotPullContainerError"). InvalidParameterException for a value that can't be meant,
/// and for another tag that begins like these.
ApiResult<TaskPolicy> policyOf(const std::string& tags);

/// What is wrong with rules, in words: "attempts must be ..."; nullopt: nothing.
std::optional<std::string> brokenRetry(const RetryRules& rules);

}  // namespace berth::controller
