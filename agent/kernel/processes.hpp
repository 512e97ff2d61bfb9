// The processes of containers, by their control groups.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/kernel/group_finder.hpp"
#include "agent/ports/processes.hpp"

namespace berth::agent {

class KernelProcesses final : public Processes {
 public:
  /// `later` runs a function on the loop soon, outside of the call that passes it.
  explicit KernelProcesses(std::function<void(std::function<void()>)> later, KernelRoots roots = {});

  void watch(const ProcessTarget& target) override;
  void reap(ProcessTarget target, bool kill, Callback<bool> done) override;

  /// The same, at once.
  Result<bool> reapNow(const ProcessTarget& target, bool kill);

 private:
  std::function<void(std::function<void()>)> later_;
  GroupFinder finder_;
  std::map<std::string, std::vector<std::string>> watched_;  ///< folders by container
};

}  // namespace berth::agent
