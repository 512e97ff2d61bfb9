// The engine's events, from a stream that is opened again whenever it breaks.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "agent/ports/runtime.hpp"
#include "agent/runtimes/docker/engine_api.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

class EventStream {
 public:
  /// All must outlive the coroutine of run().
  EventStream(EngineApi& api, const Clock& clock, Random& random, Log& log)
      : api_(api), clock_(clock), random_(random), log_(log) {}

  /// Passes on what concerns containers with the label key `label`, until `stop`. Between two tries it waits
  /// 250 ms, twice as long after each failure, up to 10 s, less a random part of up to a half; a stream that
  /// has held for 10 s starts that anew.
  Async<void> run(std::string label, std::function<void(RuntimeEvent)> listener, std::stop_token stop);

 private:
  Async<Error> follow(std::string label, std::function<void(RuntimeEvent)> listener);

  EngineApi& api_;
  const Clock& clock_;
  Random& random_;
  Log& log_;
};

}  // namespace berth::agent
