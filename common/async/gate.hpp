// Lets work in until it is closed, and then waits for what is inside.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "common/async/event.hpp"

namespace berth {

class Gate {
 private:
  struct State {
    size_t inside = 0;
    bool closed = false;
    Event empty;
  };

 public:
  /// Work in progress: give one to each coroutine that must end before its owner is destroyed.
  class Pass {
   public:
    Pass(Pass&&) = default;
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (state_ && --state_->inside == 0 && state_->closed) state_->empty.set();
    }

   private:
    friend class Gate;
    explicit Pass(std::shared_ptr<State> state) : state_(std::move(state)) { ++state_->inside; }
    std::shared_ptr<State> state_;
  };

  /// nullopt once the gate is closed.
  std::optional<Pass> enter() {
    if (state_->closed) return std::nullopt;
    return Pass(state_);
  }

  size_t inside() const { return state_->inside; }
  bool closed() const { return state_->closed; }

  /// Refuses new work from now on.
  void shut() {
    state_->closed = true;
    if (state_->inside == 0) state_->empty.set();
  }

  /// shut(), and waits until every pass is gone. May be called again and by several.
  Async<void> close() {
    shut();
    const std::shared_ptr<State> state = state_;
    co_await state->empty.wait();
  }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace berth
