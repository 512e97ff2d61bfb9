// The order among the containers of a task: who waits for whom to start, and to stop.
#pragma once

#include <optional>
#include <string>

#include "agent/model/task.hpp"

namespace berth::agent {

/// Whether a step may be taken. Never: what it waits for can't come true any more.
struct Gate {
  enum class State { Open, Waiting, Never };
  State state = State::Open;
  std::string why{};                ///< what it waits for, or why it never will; empty when open
  std::optional<MonoTime> until{};  ///< then it is given up
};

/// What keeps `container` from being created (amazon-ecs-agent, agent/engine/dependencygraph): a START
/// dependency or a link wants the other at least created, volumesFrom too; COMPLETE, SUCCESS and HEALTHY want
/// what they say. The startTimeout of the other bounds those three, from when it began to run.
Gate createGate(const Task& task, const Container& container, MonoTime now);

/// What keeps a created container from being started: START and links want the other running, or ended.
Gate startGate(const Task& task, const Container& container, MonoTime now);

/// The first container that has to be STOPPED before `container` is stopped, as it depends on it.
const Container* stopsBefore(const Task& task, const Container& container);

/// Why no order can satisfy a task's dependencies: one names a container that is not there, or they go round
/// in a circle. nullopt when there is one.
std::optional<std::string> brokenOrder(const acs::Task& task);

}  // namespace berth::agent
