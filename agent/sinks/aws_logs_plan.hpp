// What is sent to CloudWatch Logs: values in, values out.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "proto/streams/log_line.hpp"

namespace berth::agent::sinks {

/// Made of a container's logConfiguration.
struct AwsLogsPlan {
  std::string group;
  std::string stream;
  std::string region;         ///< empty: the agent's
  std::string endpoint;       ///< URL; empty: the region's own
  std::string credentialsId;  ///< of the task's execution role; empty: by the agent's own credentials
  std::string begins;         ///< RE2: what the first line of a message matches; empty: each line is one
  bool createGroup = false;
  bool createStream = true;
};

/// Docker's options of its driver awslogs. Unimplemented, naming it, for an option that is not known here;
/// InvalidArgument for a value that is wrong, and without awslogs-group.
Result<AwsLogsPlan> planAwsLogs(const std::map<std::string, std::string>& options,
                                const std::string& containerId, const std::string& containerName);

/// Which lines are one message: the parts of a line that was too long for one, and, where there is a pattern,
/// all lines up to the next that matches it.
class MessageRule {
 public:
  /// `begins` as in AwsLogsPlan, one that planAwsLogs has let through.
  explicit MessageRule(const std::string& begins);
  ~MessageRule();

  /// Whether `line`, right behind `before`, goes on with its message.
  bool goesOn(const streams::LogLine& before, const streams::LogLine& line) const;
  /// How many of the last lines are of a message that may go on.
  size_t open(const std::vector<streams::LogLine>& lines) const;

 private:
  struct Pattern;
  std::unique_ptr<Pattern> pattern_;  ///< null: none
};

/// The bounds of PutLogEvents. Source: Amazon CloudWatch Logs API reference, PutLogEvents.
struct AwsLogsBounds {
  static constexpr size_t kBatchBytes = size_t{1} << 20;  ///< of its messages, each with kEventCosts
  static constexpr size_t kEventCosts = 26;
  static constexpr size_t kEvents = 10'000;
  static constexpr int64_t kSpanMillis = int64_t{24} * 3600 * 1000;
  static constexpr size_t kMessage = (size_t{256} << 10) - kEventCosts;
};

struct AwsLogsEvent {
  int64_t time = 0;  ///< milliseconds since 1970
  std::string message;
  size_t lines = 1;  ///< that it is made of
};

/// Messages with the time of their first line, which is that of the one before where a line has none. Lines
/// without text are none, as with Docker. A message that would be too long is several.
std::vector<AwsLogsEvent> awsLogsEvents(const MessageRule& rule, const std::vector<streams::LogLine>& lines);

/// In the order of their times, each within the bounds.
std::vector<std::vector<AwsLogsEvent>> awsLogsBatches(std::vector<AwsLogsEvent> events);

/// The body of PutLogEvents.
std::string putLogEventsBody(const AwsLogsPlan& plan, std::span<const AwsLogsEvent> batch);

/// How many lines of the batch its answer refuses, for being too old, too new or expired.
size_t refusedLines(const std::string& answer, std::span<const AwsLogsEvent> batch);

}  // namespace berth::agent::sinks
