#include "agent/endpoints/rest/delays.hpp"

#include <utility>

namespace berth::agent::endpoints {

void Delays::start() {
  const std::lock_guard guard(lock_);
  if (running_) return;
  running_ = true;
  thread_ = std::thread([this] { run(); });
}

void Delays::stop() {
  {
    const std::lock_guard guard(lock_);
    running_ = false;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Delays::later(Duration delay, std::function<void()>& work) {
  const std::lock_guard guard(lock_);
  if (!running_) return false;
  const auto place = works_.emplace(clock_.now().mono + delay, std::move(work));
  if (place == works_.begin()) changed_.notify_all();
  return true;
}

void Delays::run() {
  std::unique_lock guard(lock_);
  while (running_ || !works_.empty()) {
    if (works_.empty()) {
      changed_.wait(guard);
      continue;
    }
    const Duration left = works_.begin()->first - clock_.now().mono;
    if (running_ && left > Duration(0)) {
      changed_.wait_for(guard, left);
      continue;
    }
    const auto next = works_.extract(works_.begin());
    guard.unlock();
    next.mapped()();
    guard.lock();
  }
}

}  // namespace berth::agent::endpoints
