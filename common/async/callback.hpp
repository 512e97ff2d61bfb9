// From calls that take a callback to coroutines.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "common/async/async.hpp"
#include "common/result/result.hpp"

namespace berth {

/// Suspends until `resume`, which this sets, is called; the coroutine then goes on a little later. It never
/// does when every copy of `resume` is destroyed first.
Async<void> waitFor(std::function<void()>& resume);

/// Calls `start(done)`, where `done` is a std::function<void(Result<T>)>, and waits until `done` was called:
///     Result<RuntimeInfo> info = co_await loopAwait<RuntimeInfo>([&](auto done) { runtime.info(done); });
/// `done` may be called at once or later, on the loop's thread; calls after the first are ignored. When
/// every copy of `done` is destroyed without a call, or `stop` is requested first, the result is Cancelled.
template <class T, class Start>
Async<Result<T>> loopAwait(Start start, std::stop_token stop = {}) {
  struct Answer {
    std::optional<Result<T>> value;
    bool over = false;
    std::function<void()> resume;  ///< while somebody waits

    void end() {
      over = true;
      if (auto waiting = std::exchange(resume, nullptr)) waiting();
    }
  };
  struct Promise {
    std::shared_ptr<Answer> answer;
    ~Promise() { answer->end(); }
  };
  const auto answer = std::make_shared<Answer>();
  auto promise = std::make_shared<Promise>();
  promise->answer = answer;
  std::function<void(Result<T>)> done = [promise](Result<T> result) {
    if (promise->answer->over) return;
    promise->answer->value.emplace(std::move(result));
    promise->answer->end();
  };
  promise.reset();
  start(std::move(done));
  const std::stop_callback over(std::move(stop), [answer] { answer->end(); });
  if (!answer->over) co_await waitFor(answer->resume);
  if (!answer->value) co_return makeError(Code::Cancelled, "the call was dropped without an answer");
  co_return std::move(*answer->value);
}

}  // namespace berth
