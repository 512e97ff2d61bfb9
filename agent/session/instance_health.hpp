// The health of this host as the controller is told of it. One check: does the container runtime answer?
// Values in, values out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/model/container_spec.hpp"
#include "common/result/result.hpp"
#include "proto/tcs/messages.hpp"

namespace berth::agent {

class InstanceHealth {
 public:
  /// INITIALIZING until the first check has ended.
  explicit InstanceHealth(WallTime now) : updated_(now), changed_(now) {}

  /// A check starts; answers its number. nullopt while another is under way.
  std::optional<uint64_t> begin();
  /// Check `number` has ended; ignored when that one is not under way (any more). A failure means IMPAIRED.
  void end(uint64_t number, const Status& outcome, WallTime now);

  /// The report that is due: at first, and after each check; nullopt otherwise.
  std::optional<tcs::PublishInstanceStatus> take(const Identity& identity, const std::string& requestId,
                                                 WallTime now);

 private:
  std::string status_ = "INITIALIZING";
  std::string reason_;
  WallTime updated_;
  WallTime changed_;
  bool due_ = true;
  uint64_t checks_ = 0;
  bool checking_ = false;
};

}  // namespace berth::agent
