// When each step of the starts of tasks has passed. Values and their order only: whoever calls brings the
// time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/ports/start_step.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

/// "payload received", "admitted", ...
std::string_view name(StartStep step);
/// A name for metrics: "payload_received", "admitted", ...
std::string label(StartStep step);

struct StartMark {
  StartStep step = StartStep::Received;
  std::string container;  ///< empty: of the task as a whole
  Duration took{};        ///< since the last mark that it comes after
  Duration after{};       ///< since the payload
};

/// In the order in which they passed; the first is Received.
using StartTrace = std::vector<StartMark>;

/// The traces of the tasks whose payloads came in this run of the agent. Each step of a container counts
/// once, the first time; what comes after the acknowledgement is no part of a start. Single-threaded.
class StartTraces {
 public:
  /// Hears of each mark; may be empty.
  void listen(std::function<void(const StartMark&)> listener) { listener_ = std::move(listener); }

  /// A payload has brought a task that was not there.
  void begin(const std::string& taskArn, MonoTime now);
  /// Ignored for tasks that have no trace.
  void mark(const std::string& taskArn, const std::string& container, StartStep step, MonoTime now);
  /// What the runtime calls a container: its steps there are marked by that.
  void bind(const std::string& runtimeName, const std::string& taskArn, const std::string& container);
  void mark(const std::string& runtimeName, StartStep step, MonoTime now);
  void forget(const std::string& taskArn);
  void clear();
  /// nullptr: it has none.
  std::shared_ptr<const StartTrace> find(const std::string& taskArn) const;

 private:
  struct Kept {
    MonoTime began{};
    std::shared_ptr<StartTrace> marks;
  };

  std::map<std::string, Kept> traces_;
  /// Of containers that are being started, by their names at the runtime.
  std::map<std::string, std::pair<std::string, std::string>> bound_;
  std::function<void(const StartMark&)> listener_;
};

}  // namespace berth::agent
