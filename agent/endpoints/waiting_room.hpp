// How many requests may wait for something at once, of all callers and of one.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace berth::agent::endpoints {

/// Safe to call from any thread.
class WaitingRoom {
 public:
  WaitingRoom(size_t most, size_t mostOfOne) : most_(most), mostOfOne_(mostOfOne) {}

  /// False: it is full. After true, call leave() once.
  bool enter(const std::string& address);
  void leave(const std::string& address);
  size_t size() const;

 private:
  const size_t most_;
  const size_t mostOfOne_;
  mutable std::mutex lock_;
  std::map<std::string, size_t> of_;
  size_t inside_ = 0;
};

}  // namespace berth::agent::endpoints
