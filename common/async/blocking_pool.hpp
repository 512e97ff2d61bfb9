// Where calls that block (commits, file trees, archives) run, away from the loop.
#pragma once

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <variant>

#include "common/async/event.hpp"

namespace berth {

/// A fixed number of threads with one queue. Destroy it before the io_context of its callers: the
/// destructor finishes what is queued and joins the threads.
class BlockingPool {
 public:
  explicit BlockingPool(size_t threads) : pool_(threads) {}
  ~BlockingPool() { pool_.join(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// Runs `fn()` on a thread of the pool and resumes the caller, on its own executor, with what it returned
  /// or threw. `fn` runs to its end even if the caller is gone, so it must own what it uses.
  template <class Fn>
  Async<std::invoke_result_t<Fn&>> run(Fn fn) {
    using T = std::invoke_result_t<Fn&>;
    struct Outcome {
      std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
      std::exception_ptr thrown;
      Event done;
    };
    const auto outcome = std::make_shared<Outcome>();
    const Executor caller = co_await boost::asio::this_coro::executor;
    boost::asio::post(
        pool_, [fn = std::move(fn), caller, work = boost::asio::make_work_guard(caller), outcome]() mutable {
          try {
            if constexpr (std::is_void_v<T>) {
              fn();
              outcome->value.emplace();
            } else {
              outcome->value.emplace(fn());
            }
          } catch (...) {
            outcome->thrown = std::current_exception();
          }
          boost::asio::post(caller, [outcome = std::move(outcome)] { outcome->done.set(); });
        });
    co_await outcome->done.wait();
    if (outcome->thrown) std::rethrow_exception(outcome->thrown);
    if constexpr (!std::is_void_v<T>) co_return std::move(*outcome->value);
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace berth
