#include "common/aws/replay_guard.hpp"

#include <utility>

namespace berth::aws {
namespace {

/// 64 bits of a verified signature tell it from all others: only holders of a key can make one, and none can
/// choose it. A chance collision costs a retry.
uint64_t fingerprint(std::string_view signature) {
  uint64_t value = 0;
  for (char c : signature.substr(0, 16)) {
    value = value << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

ReplayGuard::ReplayGuard(Duration window, size_t capacity) : window_(window), capacity_(capacity) {}

bool ReplayGuard::firstUse(std::string_view signature, MonoTime now) {
  if (now - since_ >= window_) {
    previous_ = now - since_ < 2 * window_ ? std::exchange(current_, {}) : std::unordered_set<uint64_t>{};
    current_.clear();
    since_ = now;
  }
  const uint64_t key = fingerprint(signature);
  if (previous_.contains(key) || current_.contains(key)) return false;
  if (current_.size() >= capacity_) return false;
  current_.insert(key);
  return true;
}

}  // namespace berth::aws
