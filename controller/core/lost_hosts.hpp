// Instances whose agents are away: for how long their tasks are waited for.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::controller {

struct LostHostOptions {
  /// After the end of an agent's session its services' tasks are waited for so long before they are replaced.
  Duration replaceAfter = std::chrono::seconds(10);
  /// After the start of the controller, of agents that it has not heard of yet.
  Duration returnAfter = std::chrono::minutes(1);
  size_t mostAtOnce = 10;                           ///< instances that are given up at once; the next ones
  Duration pause = std::chrono::milliseconds(100);  ///< so much later
};

class LostHosts {
 public:
  explicit LostHosts(LostHostOptions options) : options_(options) {}

  /// An instance that no agent has joined for since the controller began.
  void unheard(const std::string& instance, MonoTime now) { wait(instance, now + options_.returnAfter); }
  void left(const std::string& instance, MonoTime now) { wait(instance, now + options_.replaceAfter); }
  /// Answers whether it had been given up.
  bool returned(const std::string& instance);

  /// Gives up those whose time is over, and answers them.
  std::vector<std::string> giveUp(MonoTime now);
  bool isLost(const std::string& instance) const { return lost_.contains(instance); }
  std::optional<MonoTime> nextDeadline() const;

 private:
  void wait(const std::string& instance, MonoTime until);

  LostHostOptions options_;
  std::set<std::pair<MonoTime, std::string>> waiting_;
  std::unordered_map<std::string, MonoTime> until_;
  std::unordered_set<std::string> lost_;
  std::optional<MonoTime> lastAt_;  ///< when some were given up
};

}  // namespace berth::controller
