// Tasks as agents are sent them.
#pragma once

#include <memory>
#include <unordered_map>

#include "controller/model/state.hpp"
#include "proto/acs/payload.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {

/// What follows from the spec of a task is worked out once for all tasks of that spec.
class Payloads {
 public:
  explicit Payloads(const ecs::Names& names) : names_(names) {}

  /// The task's definition must be in the state.
  acs::Task of(const State& state, const Task& task);

 private:
  struct Known {
    std::shared_ptr<const TaskSpec> spec;  ///< keeps the key from becoming another spec's
    acs::Task payload;
  };

  const acs::Task& common(const State& state, const Task& task);

  const ecs::Names& names_;
  std::unordered_map<const TaskSpec*, Known> known_;
};

}  // namespace berth::controller
