// A thread that does things later.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

/// Safe to call from any thread. Works must not block: they follow one another on one thread.
class Delays {
 public:
  explicit Delays(const Clock& clock) : clock_(clock) {}
  ~Delays() { stop(); }

  /// Starts the thread, also again after stop().
  void start();
  /// Does at once what was put off, and ends the thread. Not from a work.
  void stop();
  /// False, and `work` is left alone, unless the thread runs.
  bool later(Duration delay, std::function<void()>& work);

 private:
  void run();

  const Clock& clock_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool running_ = false;
  std::multimap<MonoTime, std::function<void()>> works_;
  std::thread thread_;
};

}  // namespace berth::agent::endpoints
