// Where lines of containers are sent beside their files: syslog, journald and fluentd.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/async.hpp"
#include "common/result/result.hpp"
#include "proto/streams/log_line.hpp"

namespace berth::agent::sinks {

/// Where a sink is: "udp", "tcp" with host and port, "unix", "unixgram" with a path.
struct SinkAddress {
  std::string protocol;
  std::string host;  ///< or the path
  std::string port;
  bool operator==(const SinkAddress&) const = default;
};
/// "tcp://HOST:PORT", "udp://HOST", "unix:///PATH"; without a scheme `protocol`, without a port `port`.
std::optional<SinkAddress> parseSinkAddress(std::string_view text, const std::string& protocol,
                                            const std::string& port);

enum class SyslogForm { Unix, Rfc3164, Rfc5424, Rfc5424Micro };

/// What lines are sent as. Made of a container's logConfiguration.
struct SinkPlan {
  std::string driver;  ///< "syslog", "journald", "fluentd"
  SinkAddress address;
  std::string tag;  ///< of each line
  int facility = 3;
  SyslogForm form = SyslogForm::Unix;
  std::string containerId;
  std::string containerName;
  std::string hostname;
};

/// Docker's options of these drivers. Unimplemented, naming it, for an option that is not known here;
/// InvalidArgument for a value that is wrong. The driver is one of them.
Result<SinkPlan> planSink(const std::string& driver, const std::map<std::string, std::string>& options,
                          const std::string& containerId, const std::string& containerName);

/// One message for each line; those of streams end in a line's end.
std::vector<std::string> syslogMessages(const SinkPlan& plan, const std::vector<streams::LogLine>& lines);
/// One message of systemd's journal ("Native Journal Protocol") for each line, with Docker's fields.
std::vector<std::string> journalMessages(const SinkPlan& plan, const std::vector<streams::LogLine>& lines);
/// One message of fluentd's forward protocol, version 1, forward mode: [TAG, [[SECONDS, RECORD], ...]].
std::string fluentdMessage(const SinkPlan& plan, const std::vector<streams::LogLine>& lines);

/// A connection to a sink, made when it is needed and again after a failure. One send at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Returns once the kernel has taken them all. DeadlineExceeded or Unavailable, and then some may have been
  /// taken.
  virtual Async<Status> send(std::vector<streams::LogLine> lines, Duration limit) = 0;
};
std::shared_ptr<LogSink> makeSink(Executor executor, SinkPlan plan);

}  // namespace berth::agent::sinks
