#include "agent/session/instance_health.hpp"

namespace berth::agent {

std::optional<uint64_t> InstanceHealth::begin() {
  if (checking_) return std::nullopt;
  checking_ = true;
  return ++checks_;
}

void InstanceHealth::end(uint64_t number, const Status& outcome, WallTime now) {
  if (!checking_ || number != checks_) return;
  checking_ = false;
  const std::string status = outcome ? "OK" : "IMPAIRED";
  if (status != status_) changed_ = now;
  status_ = status;
  reason_ = outcome ? "" : outcome.error().message;
  updated_ = now;
  due_ = true;
}

std::optional<tcs::PublishInstanceStatus> InstanceHealth::take(const Identity& identity,
                                                               const std::string& requestId, WallTime now) {
  if (!due_) return std::nullopt;
  due_ = false;
  tcs::PublishInstanceStatus out;
  out.cluster = identity.cluster;
  out.containerInstance = identity.instanceArn;
  out.requestId = requestId;
  out.statuses.push_back({"ContainerRuntime", status_, reason_, updated_, changed_});
  out.timestamp = now;
  return out;
}

}  // namespace berth::agent
