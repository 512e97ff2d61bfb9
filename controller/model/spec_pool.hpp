// The specs of all tasks, each once.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "controller/model/task.hpp"

namespace berth::controller {

class SpecPool {
 public:
  /// The pool's own of specs that are equal to this one: this one itself when it is the first. It stays while
  /// somebody has it.
  std::shared_ptr<const TaskSpec> own(const std::shared_ptr<const TaskSpec>& spec);

  size_t size() const { return specs_.size(); }

 private:
  void sweep();

  std::unordered_multimap<size_t, std::weak_ptr<const TaskSpec>> specs_;  ///< by hash
  size_t sweepAt_ = 1024;
};

}  // namespace berth::controller
