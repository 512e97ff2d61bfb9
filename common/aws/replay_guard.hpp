// Remembers signatures for as long as their requests could be sent again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "common/time/clock.hpp"

namespace berth::aws {

/// Signatures in two generations, each one window long: a signature is remembered for one to two windows.
/// Single-threaded.
class ReplayGuard {
 public:
  /// `window`: at least the whole span in which a verifier takes a signature, twice its maxSkew.
  /// `capacity`: signatures a generation, about 40 bytes each.
  explicit ReplayGuard(Duration window = std::chrono::minutes(10), size_t capacity = 1 << 21);

  /// True once for each signature in the window. False also while the generation is full: forgetting early
  /// would let a request through twice. Callers refuse with an error that can be retried with a new
  /// signature.
  bool firstUse(std::string_view signature, MonoTime now);

 private:
  Duration window_;
  size_t capacity_;
  MonoTime since_{};
  std::unordered_set<uint64_t> current_;
  std::unordered_set<uint64_t> previous_;
};

}  // namespace berth::aws
