// What tasks take of instances.
#pragma once

#include <cstdint>
#include <set>

namespace berth::controller {

/// What a task takes of an instance, or an instance has.
struct Resources {
  int64_t cpu = 0;     ///< units, 1024 a core
  int64_t memory = 0;  ///< MiB
  std::set<uint16_t> ports;
  std::set<uint16_t> udpPorts;

  void add(const Resources& other);
  void subtract(const Resources& other);
  bool operator==(const Resources&) const = default;
};

}  // namespace berth::controller
