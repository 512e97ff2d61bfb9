#include "common/ids/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace berth {

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

uint64_t Random::below(uint64_t bound) {
  if (bound == 0) return 0;
  // The lowest 2^64 mod bound values would make the small remainders likelier than the rest.
  const uint64_t skipped = (0 - bound) % bound;
  uint64_t bits = next();
  while (bits < skipped) bits = next();
  return bits % bound;
}

uint64_t SystemRandom::next() {
  if (left_ == 0) {
    // Up to 256 bytes come whole; only a signal before the kernel's pool is ready can interrupt.
    while (getrandom(drawn_.data(), sizeof drawn_, 0) != static_cast<ssize_t>(sizeof drawn_)) {
      if (errno != EINTR) std::abort();
    }
    left_ = drawn_.size();
  }
  // What was given out is not kept.
  return std::exchange(drawn_[--left_], 0);
}

std::string randomHex(Random& random, size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(digits);
  uint64_t bits = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (i % 16 == 0) bits = random.next();
    text += kDigits[bits & 15];
    bits >>= 4;
  }
  return text;
}

std::string timeOrderedHex(WallTime now, Random& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = randomHex(random, 32);
  auto millis = static_cast<uint64_t>(toEpochMillis(now));
  for (size_t i = 12; i > 0; --i, millis >>= 4) text[i - 1] = kDigits[millis & 15];
  return text;
}

std::string randomUuid(Random& random) {
  std::string text = randomHex(random, 32);
  text[12] = '4';
  text[16] = "89ab"[random.next() & 3];
  for (size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

std::string randomAlnum(Random& random, size_t length) {
  constexpr std::string_view kCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  text.reserve(length);
  while (text.size() < length) text += kCharacters[random.below(kCharacters.size())];
  return text;
}

}  // namespace berth
