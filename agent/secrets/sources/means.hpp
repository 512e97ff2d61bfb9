// What the sources work with, and how patient they are.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "agent/ports/secrets.hpp"
#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

/// All of it must outlive the loop's last run.
struct FetchMeans {
  Executor executor;
  http::Client& client;
  const Clock& clock;
  Random& random;
  Log& log;
};

/// Calls that may succeed later (throttled, 5xx, no connection, a time limit) are made again, after a delay
/// of anything up to a bound that doubles (full jitter, as the AWS SDKs' standard mode has it).
struct RetryOptions {
  int attempts = 4;
  Duration firstBound = std::chrono::milliseconds(250);
  Duration mostBound = std::chrono::seconds(5);
  Duration overall = std::chrono::seconds(60);  ///< for everything that one fetch() does
};

/// Awaits attempt(timeout) until it succeeds or there is no point in going on; `timeout` is at most `perCall`
/// and ends with `end`. Its last error, or Cancelled.
template <class T, class Attempt>
Async<Result<T>> withRetries(FetchMeans means, RetryOptions options, Duration perCall, MonoTime end,
                             std::stop_token stop, Attempt attempt) {
  Duration bound = options.firstBound;
  for (int count = 1;; ++count) {
    const Duration left = end - means.clock.now().mono;
    if (left <= Duration::zero())
      co_return makeError(Code::DeadlineExceeded, "the time for all calls is over");
    Result<T> result = co_await attempt(std::min(perCall, left));
    if (result || !result.error().retryable || count >= options.attempts) co_return result;
    const Duration delay(static_cast<int64_t>(means.random.below(static_cast<uint64_t>(bound.count()))));
    if (means.clock.now().mono + delay >= end) co_return result;
    if (!co_await sleepFor(delay, stop)) co_return makeError(Code::Cancelled, "the agent is stopping");
    bound = std::min(options.mostBound, bound * 2);
  }
}

/// Starts the coroutine work() and passes its result to `done`, unless `stop` is requested by then.
template <class T, class Work>
void answerWith(const FetchMeans& means, std::string name, std::stop_token stop, Callback<T> done,
                Work work) {
  spawn(means.executor, means.log, std::move(name),
        [stop = std::move(stop), done = std::move(done), work = std::move(work)]() -> Async<void> {
          Result<T> result = co_await work();
          if (!stop.stop_requested()) done(std::move(result));
        });
}

}  // namespace berth::agent
