// Calls that are the same and under way at the same time become one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/async/event.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// Nothing is kept once the call has ended. On one loop.
template <class T>
class SharedCalls {
 public:
  /// The result of work(), or of the call with the same `key` that is under way. Keys must hold all that the
  /// answer depends on, who asks included.
  template <class Work>
  static Async<Result<T>> join(std::shared_ptr<SharedCalls> calls, std::string key, Work work) {
    if (const auto found = calls->underWay_.find(key); found != calls->underWay_.end()) {
      const std::shared_ptr<Flight> flight = found->second;
      co_await flight->done.wait();
      co_return *flight->result;
    }
    const Landing landing(calls, key);
    landing.flight->result = co_await work();
    co_return *landing.flight->result;
  }

  size_t underWay() const { return underWay_.size(); }

 private:
  struct Flight {
    std::optional<Result<T>> result = makeError(Code::Cancelled, "the call was dropped");
    Event done;
  };
  /// Ends the flight also when the call ends by an exception, or never goes on.
  struct Landing {
    Landing(std::shared_ptr<SharedCalls> owner, std::string name)
        : calls(std::move(owner)), key(std::move(name)) {
      calls->underWay_.emplace(key, flight);
    }
    ~Landing() {
      calls->underWay_.erase(key);
      flight->done.set();
    }
    Landing(const Landing&) = delete;
    Landing& operator=(const Landing&) = delete;

    std::shared_ptr<SharedCalls> calls;
    std::string key;
    std::shared_ptr<Flight> flight = std::make_shared<Flight>();
  };

  std::map<std::string, std::shared_ptr<Flight>, std::less<>> underWay_;
};

}  // namespace berth::agent
