// A task to begin with.
#pragma once

#include "agent/model/task.hpp"

namespace berth::agent::sample {

inline constexpr const char* kTaskArn =
    "arn:aws:ecs:us-east-1:000000000000:task/default/0123456789abcdef0123456789abcdef";

inline Now at(int64_t seconds) {
  return Now{MonoTime(std::chrono::seconds(seconds)), fromEpochMillis(1'700'000'000'000 + seconds * 1000)};
}

/// Containers "main" (essential) and "side" (not essential).
inline acs::Task payload() {
  acs::Task task;
  task.arn = kTaskArn;
  task.desiredStatus = "RUNNING";
  task.family = "web";
  task.version = "3";
  for (const char* name : {"main", "side"}) {
    acs::Container container;
    container.name = name;
    container.image = "registry.example/web:1";
    container.essential = std::string_view(name) == "main";
    container.memory = 64;
    task.containers.push_back(container);
  }
  return task;
}

inline RuntimeContainer created(const std::string& id) {
  RuntimeContainer seen;
  seen.id = id;
  return seen;
}

inline RuntimeContainer running(const std::string& id) {
  RuntimeContainer seen;
  seen.id = id;
  seen.state = RunState::Running;
  seen.pid = 4711;
  return seen;
}

inline RuntimeContainer exited(const std::string& id, int code) {
  RuntimeContainer seen;
  seen.id = id;
  seen.state = RunState::Exited;
  seen.exitCode = code;
  return seen;
}

}  // namespace berth::agent::sample
