// Where lines of containers are sent beside their files. Here: syslog, journald and fluentd.
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

/// Whether it is the name of a log driver that planSink() has.
bool isSocketDriver(const std::string& driver);

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

/// How much one send had better have.
struct Appetite {
  size_t bytes = 0;      ///< of text; once so much is there, nothing more is waited for
  size_t lineCosts = 0;  ///< counted with each line
  size_t lines = 0;      ///< likewise
  Duration patience{};   ///< how long others are waited for
};

/// A connection to a sink, made when it is needed and again after a failure. One send at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// Returns once the sink has taken them all; of a socket, the kernel. Answers how many of them it will
  /// never take. Any error may pass, and then some may have been taken. `limit` is for one exchange.
  virtual Async<Result<size_t>> send(std::vector<streams::LogLine> lines, Duration limit) = 0;
  /// How many of the last lines belong to what may go on: they are to be sent with what follows, if that
  /// comes soon.
  virtual size_t open(const std::vector<streams::LogLine>& lines) const = 0;
  virtual Appetite appetite() const = 0;
};
std::shared_ptr<LogSink> makeSink(Executor executor, SinkPlan plan);

}  // namespace berth::agent::sinks
