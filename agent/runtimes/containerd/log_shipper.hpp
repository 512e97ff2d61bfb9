// Passes what containers write on to the sinks of their log drivers, out of the log keeper's files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/runtimes/containerd/kept_log.hpp"
#include "agent/runtimes/containerd/outputs.hpp"
#include "agent/sinks/aws_logs_sink.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// Lines of a container that its sink did not take, and for which there was no room any more.
uint64_t droppedBySink(const Outputs& outputs, const std::string& id);

/// Unimplemented and InvalidArgument for what a sink can't be made of, whatever the container's name is;
/// NotFound for a log driver without a sink.
Status checkSink(const LogDriver& driver);

/// A container's lines go to its sink in their order. How far is kept beside its log (`sent`), so that the
/// agent's restart sends at most one batch twice. While a sink is dead nothing waits for it but the files:
/// what they no longer have room for is dropped, counted, and told in the agent's log.
class LogShipper : public std::enable_shared_from_this<LogShipper> {
 public:
  struct Parts {
    Executor executor;
    Log& log;
    Random& random;
    std::shared_ptr<const Outputs> outputs;
    std::optional<sinks::AwsLogsMeans> awsLogs;  ///< nullopt: nothing is sent there
    std::stop_token stop;
  };

  explicit LogShipper(Parts parts) : parts_(std::move(parts)) {}

  /// From now on, or already, the container's lines are sent, until its output is complete; it may be called
  /// at any time. Only where a plan can be made of the options, which is known since the container was
  /// created.
  void ship(const std::string& id, const std::string& name, const LogDriver& driver);
  /// The container is being removed.
  void forget(const std::string& id);

 private:
  struct Flow {
    std::string id;
    std::string driver;
    std::shared_ptr<sinks::LogSink> sink;
    bool running = false;
    bool forgotten = false;
    bool failing = false;  ///< the last try, which has been told
    uint64_t dropped = 0;  ///< lines
  };

  /// What one send is made of.
  struct Load {
    std::vector<streams::LogLine> lines;
    std::vector<LogPosition> starts;  ///< of the lines
    size_t bytes = 0;                 ///< as the sink counts them
  };

  Result<std::shared_ptr<sinks::LogSink>> sinkOf(const std::string& id, const std::string& name,
                                                 const LogDriver& driver) const;
  Async<void> run(std::shared_ptr<Flow> flow);
  /// Adds lines to the load until it is worth a send; answers how many of them are for the next one.
  Async<size_t> gather(std::shared_ptr<Flow> flow, KeptLog& log, Load& load);
  /// Until the lines are sent, or dropped for want of room.
  Async<void> pass(std::shared_ptr<Flow> flow, KeptLog& log, std::vector<streams::LogLine> lines);
  /// Whether something had to be dropped meanwhile.
  Async<bool> rest(std::shared_ptr<Flow> flow, KeptLog& log, Duration pause);
  void tell(Flow& flow, const Result<size_t>& sent) const;
  /// Whether something had to be dropped.
  bool drop(Flow& flow, KeptLog& log) const;
  void keep(const Flow& flow, const LogPosition& at) const;
  bool over(const Flow& flow) const { return flow.forgotten || parts_.stop.stop_requested(); }

  Parts parts_;
  std::map<std::string, std::shared_ptr<Flow>> flows_;
};

}  // namespace berth::agent::containerd
