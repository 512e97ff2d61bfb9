// Keeps the index of names in step with the state, while the controller runs.
#pragma once

#include <memory>

#include "controller/core/effects.hpp"
#include "controller/discovery/index.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::controller {

class Discovery {
 public:
  /// Tasks of an instance without a session are left out after `keepLost`. `clock` must outlive it.
  Discovery(boost::asio::io_context& io, Duration keepLost, const Clock& clock);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// The state that changes will be of: after a start, and when the core was made anew. It must stay where it
  /// is until the next call.
  void know(const State& state);
  /// Takes in what became durable. To be called before anyone is told of it: a task that is to be stopped has
  /// left its name by the time its agent hears so.
  void add(const Output& output);

  const DiscoveryIndex& index() const { return index_; }

 private:
  struct Timer;

  void armTimer();

  const Clock& clock_;
  DiscoveryIndex index_;
  const State* state_ = nullptr;
  std::shared_ptr<Timer> timer_;
};

}  // namespace berth::controller
