// The audit log of credentials requests. Source of the line: amazon-ecs-agent, ecs-agent/logger/audit.
#pragma once

#include <optional>
#include <string>

#include "agent/endpoints/message.hpp"
#include "agent/endpoints/view.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::endpoints {

struct AuditEntry {
  WallTime at;
  int status = 0;
  std::string remoteAddress;
  std::string path;  ///< without the credentials id
  std::string userAgent;
  std::string taskArn;                        ///< empty: not known
  std::optional<RoleCredentials::Role> role;  ///< of the credentials that were asked for, when they are known
};

/// One line without its end: time, status, address, "path", "user agent", task; and, when the role is known,
/// the event, the format's version (2), cluster and instance. A missing value is "-". Control characters,
/// quotes and backslashes of the user agent are written as "_", and it is cut to 256 bytes: nobody forges a
/// line.
std::string auditLine(const AuditEntry& entry, const InstanceView& instance);

}  // namespace berth::agent::endpoints
