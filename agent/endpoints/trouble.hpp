// What keeps the agent from doing its work at present.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "common/result/result.hpp"

namespace berth::agent::endpoints {

/// Safe to call from any thread.
class Trouble {
 public:
  /// Empty: there is none.
  void set(std::string trouble) {
    const std::lock_guard guard(lock_);
    trouble_ = std::move(trouble);
  }
  /// Unavailable with the trouble as its message.
  Status status() const {
    const std::lock_guard guard(lock_);
    return trouble_.empty() ? Status() : Status(makeError(Code::Unavailable, trouble_));
  }

 private:
  mutable std::mutex lock_;
  std::string trouble_;
};

}  // namespace berth::agent::endpoints
