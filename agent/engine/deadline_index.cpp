#include "agent/engine/deadline_index.hpp"

namespace berth::agent {

void DeadlineIndex::remove(const Task& task) {
  changed_.erase(&task);
  const auto found = known_.find(&task);
  if (found == known_.end()) return;
  if (found->second) order_.erase({*found->second, &task});
  known_.erase(found);
}

void DeadlineIndex::set(const Task& task, Deadline deadline) {
  const auto [known, added] = known_.try_emplace(&task);
  if (known->second) order_.erase({*known->second, &task});
  known->second = deadline;
  if (deadline) order_.emplace(*deadline, &task);
}

DeadlineIndex::Deadline DeadlineIndex::earliest(const std::map<std::string, Task>& tasks,
                                                const std::function<Deadline(const Task&)>& of) {
  for (const Task* task : std::exchange(changed_, {})) set(*task, of(*task));
  if (known_.size() != tasks.size()) {
    // Tasks that were never named, such as those of a restart.
    for (const auto& [arn, task] : tasks) {
      if (!known_.contains(&task)) set(task, of(task));
    }
  }
  return order_.empty() ? std::nullopt : Deadline(order_.begin()->first);
}

}  // namespace berth::agent
