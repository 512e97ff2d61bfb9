// What tasks take of instances.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace berth::controller {

/// One GPU of an instance, or that a task takes.
struct Gpu {
  std::string id;         ///< empty: the task has not been given one yet
  std::string container;  ///< of the task, that has it

  bool operator==(const Gpu&) const = default;
};

/// What a task takes of an instance, or an instance has.
struct Resources {
  int64_t cpu = 0;     ///< units, 1024 a core
  int64_t memory = 0;  ///< MiB
  std::set<uint16_t> ports;
  std::set<uint16_t> udpPorts;
  std::vector<Gpu> gpus = {};

  void add(const Resources& other);
  void subtract(const Resources& other);
  bool operator==(const Resources&) const = default;
};

}  // namespace berth::controller
