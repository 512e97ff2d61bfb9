// What a registration that the controller no longer knows has left on the runtime.
#pragma once

#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "common/async/event.hpp"
#include "common/log/log.hpp"
#include "common/store/store.hpp"

namespace berth::agent {

/// Removes the containers of former registrations, until none is left: nobody else would ever look after
/// them. Which they are is a row of the store (see agent/state/codec.hpp), so a new run of the agent goes on
/// with it. Everything outlives the coroutines that it starts on `executor`.
class FormerInstances {
 public:
  FormerInstances(Executor executor, Runtime& runtime, Store& store, Log& log)
      : executor_(std::move(executor)), runtime_(runtime), store_(store), log_(log) {}

  /// Idempotent. Ends with the last container of `instanceArn`, or by `stop`.
  void sweep(const std::string& instanceArn, std::stop_token stop);
  /// Waits until all that is swept is gone, `most` at the longest.
  Async<void> settle(Duration most);
  /// All that were ever swept in this run.
  const std::set<std::string>& arns() const { return arns_; }

 private:
  Async<void> sweepOne(std::string instanceArn, std::stop_token stop);
  Async<std::string> removeAll(std::string instanceArn);
  void forget(const std::string& instanceArn);

  Executor executor_;
  Runtime& runtime_;
  Store& store_;
  Log& log_;
  std::set<std::string> arns_;
  size_t left_ = 0;
  Event swept_;
};

}  // namespace berth::agent
