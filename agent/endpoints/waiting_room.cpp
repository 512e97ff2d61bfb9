#include "agent/endpoints/waiting_room.hpp"

namespace berth::agent::endpoints {

bool WaitingRoom::enter(const std::string& address) {
  const std::lock_guard guard(lock_);
  if (inside_ >= most_) return false;
  const auto found = of_.find(address);
  if (found != of_.end() && found->second >= mostOfOne_) return false;
  ++of_[address];
  ++inside_;
  return true;
}

void WaitingRoom::leave(const std::string& address) {
  const std::lock_guard guard(lock_);
  --inside_;
  const auto found = of_.find(address);
  if (--found->second == 0) of_.erase(found);
}

size_t WaitingRoom::size() const {
  const std::lock_guard guard(lock_);
  return inside_;
}

}  // namespace berth::agent::endpoints
