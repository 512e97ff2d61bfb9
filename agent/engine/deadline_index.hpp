// The earliest deadline of many tasks, of which few change between two questions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "agent/model/task.hpp"

namespace berth::agent {

/// Keeps what was said of each task until that task is named as changed. Tasks are known by where they are.
class DeadlineIndex {
 public:
  using Deadline = std::optional<MonoTime>;

  /// The task may have another deadline now.
  void forget(const Task& task) { changed_.insert(&task); }
  /// Before the task is destroyed.
  void remove(const Task& task);
  /// Asks `of` for what is not known, and answers with the earliest. `tasks` are all there are.
  Deadline earliest(const std::map<std::string, Task>& tasks, const std::function<Deadline(const Task&)>& of);

 private:
  void set(const Task& task, Deadline deadline);

  std::unordered_map<const Task*, Deadline> known_;
  std::set<std::pair<MonoTime, const Task*>> order_;
  std::set<const Task*> changed_;
};

}  // namespace berth::agent
