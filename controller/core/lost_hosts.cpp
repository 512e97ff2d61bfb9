#include "controller/core/lost_hosts.hpp"

#include <algorithm>

namespace berth::controller {

void LostHosts::wait(const std::string& instance, MonoTime until) {
  returned(instance);
  waiting_.emplace(until, instance);
  until_.emplace(instance, until);
}

bool LostHosts::returned(const std::string& instance) {
  if (const auto known = until_.find(instance); known != until_.end()) {
    waiting_.erase({known->second, instance});
    until_.erase(known);
  }
  return lost_.erase(instance) > 0;
}

std::vector<std::string> LostHosts::giveUp(MonoTime now) {
  std::vector<std::string> out;
  if (lastAt_ && now < *lastAt_ + options_.pause) return out;
  while (!waiting_.empty() && waiting_.begin()->first <= now && out.size() < options_.mostAtOnce) {
    out.push_back(waiting_.begin()->second);
    until_.erase(out.back());
    waiting_.erase(waiting_.begin());
    lost_.insert(out.back());
  }
  if (!out.empty()) lastAt_ = now;
  return out;
}

std::optional<MonoTime> LostHosts::nextDeadline() const {
  if (waiting_.empty()) return std::nullopt;
  const MonoTime first = waiting_.begin()->first;
  return lastAt_ ? std::max(first, *lastAt_ + options_.pause) : first;
}

}  // namespace berth::controller
