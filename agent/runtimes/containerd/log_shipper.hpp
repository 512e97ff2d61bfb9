// Passes what containers write on to syslog, journald and fluentd, out of the log keeper's files.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/runtimes/containerd/kept_log.hpp"
#include "agent/runtimes/containerd/outputs.hpp"
#include "agent/sinks/log_sink.hpp"
#include "common/log/log.hpp"

namespace berth::agent::containerd {

/// Lines of a container that its sink did not take, and for which there was no room any more.
uint64_t droppedBySink(const Outputs& outputs, const std::string& id);

/// A container's lines go to its sink in their order. How far is kept beside its log (`sent`), so that the
/// agent's restart sends at most one batch twice. While a sink is dead nothing waits for it but the files:
/// what they no longer have room for is dropped, counted, and told in the agent's log.
class LogShipper : public std::enable_shared_from_this<LogShipper> {
 public:
  LogShipper(Executor executor, Log& log, std::shared_ptr<const Outputs> outputs, std::stop_token stop)
      : executor_(std::move(executor)), log_(log), outputs_(std::move(outputs)), stop_(std::move(stop)) {}

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

  Async<void> run(std::shared_ptr<Flow> flow);
  /// Until the lines are sent, or dropped for want of room.
  Async<void> pass(std::shared_ptr<Flow> flow, KeptLog& log, std::vector<streams::LogLine> lines);
  void tell(Flow& flow, const Status& sent) const;
  /// Whether something had to be dropped.
  bool drop(Flow& flow, KeptLog& log) const;
  void keep(const Flow& flow, const KeptLog& log) const;
  bool over(const Flow& flow) const { return flow.forgotten || stop_.stop_requested(); }

  Executor executor_;
  Log& log_;
  std::shared_ptr<const Outputs> outputs_;
  std::stop_token stop_;
  std::map<std::string, std::shared_ptr<Flow>> flows_;
};

}  // namespace berth::agent::containerd
