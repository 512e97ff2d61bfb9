// What led to a task's end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.hpp"

namespace berth::controller {

struct Cause {
  enum class Kind : uint8_t { StopTask, ContainerStopped, InstanceDeregistered };

  Kind kind = Kind::StopTask;
  WallTime at{};
  std::string by;        ///< the ARN of who called; of ContainerStopped: the name of the container
  std::string output{};  ///< of ContainerStopped: the last lines that it wrote, when its agent has told them

  bool operator==(const Cause&) const = default;
};
/// "StopTask"
std::string_view name(Cause::Kind kind);

/// Causes in the order in which they came; most tasks have none, and pay a pointer for them.
class Causes {
 public:
  Causes() = default;
  Causes(const Causes& other) : list_(other.list_ ? std::make_unique<List>(*other.list_) : nullptr) {}
  Causes(Causes&&) = default;
  Causes& operator=(Causes other) {
    list_.swap(other.list_);
    return *this;
  }

  /// Adds a cause; of each kind the first is kept.
  void add(Cause cause);
  const std::vector<Cause>& list() const;
  bool operator==(const Causes& other) const { return list() == other.list(); }

 private:
  using List = std::vector<Cause>;
  std::unique_ptr<List> list_;
};

}  // namespace berth::controller
