// Callers of the API: those who start tasks, and one who looks at them.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/bench/fleet/agent.hpp"

namespace berth::fleet {

/// Milliseconds, and what they come to.
class Latencies {
 public:
  void add(double milliseconds) { all_.push_back(milliseconds); }
  /// 0 when there are none.
  double at(double part);
  size_t count() const { return all_.size(); }

 private:
  std::vector<double> all_;
};

/// Starts tasks by RunTask, ten a call, on a number of connections; with a rate, on a schedule of its own.
class Starter {
 public:
  /// `most` callers, each with a connection of its own once it calls.
  Starter(FleetDeps& deps, size_t most);

  /// `perSecond` 0: as fast as calls are answered.
  void begin(size_t tasks, double perSecond, size_t callers);
  bool done() const { return answered_ >= total_; }
  size_t placed() const { return placed_; }
  size_t failed() const { return failed_; }
  /// From the call's leaving to the task's arrival at its agent.
  Latencies& toPayload() { return toPayload_; }

 private:
  void call(HttpChannel& channel);
  void onAnswer(int status, std::string_view body, size_t tasks, MonoTime sent);
  void onDelivered(std::string_view arn);
  void pace();

  FleetDeps& deps_;
  std::vector<std::unique_ptr<HttpChannel>> channels_;
  size_t callers_ = 0;
  size_t total_ = 0;
  size_t asked_ = 0;
  size_t answered_ = 0;
  size_t placed_ = 0;
  size_t failed_ = 0;
  double perSecond_ = 0;
  MonoTime began_{};
  uint64_t calls_ = 0;
  /// Of tasks of which either the answer or the payload has come: whichever is first waits for the other.
  std::unordered_map<std::string, MonoTime> half_;
  Latencies toPayload_;
};

/// Describes tasks, a hundred a call, one call after another with a pause between.
class Describer {
 public:
  Describer(FleetDeps& deps, std::vector<std::string> arns);
  void begin(size_t calls);
  bool done() const { return left_ == 0; }
  Latencies& latencies() { return latencies_; }

 private:
  void call();

  FleetDeps& deps_;
  HttpChannel channel_;
  std::string body_;
  size_t left_ = 0;
  Latencies latencies_;
};

}  // namespace berth::fleet
