// Injected randomness, and the ids made of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "common/time/clock.hpp"

namespace berth {

/// Where randomness comes from. Single-threaded.
class Random {
 public:
  virtual ~Random() = default;
  /// 64 uniform random bits.
  virtual uint64_t next() = 0;
  /// Uniform in [0, 1).
  double uniform();
  /// Uniform in [0, bound); 0 for bound 0.
  uint64_t below(uint64_t bound);
};

/// From the kernel (getrandom), some at a time; good enough for keys. Not for use on both sides of a fork.
class SystemRandom final : public Random {
 public:
  uint64_t next() override;

 private:
  std::array<uint64_t, 32> drawn_{};
  size_t left_ = 0;
};

/// Repeatable from a seed, for tests and simulation; never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// `digits` lower-case hex digits.
std::string randomHex(Random& random, size_t digits);
/// 32 lower-case hex digits that sort by time: 12 of milliseconds since 1970, then random ones. In a sorted
/// store, new entries stand beside each other.
std::string timeOrderedHex(WallTime now, Random& random);
/// A version 4 UUID, dashed, lower case.
std::string randomUuid(Random& random);
/// `length` characters of A-Z, a-z, 0-9.
std::string randomAlnum(Random& random, size_t length);

}  // namespace berth
