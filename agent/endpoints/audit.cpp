#include "agent/endpoints/audit.hpp"

#include <algorithm>

namespace berth::agent::endpoints {
namespace {

constexpr size_t kLongestUserAgent = 256;

std::string orDash(const std::string& text) { return text.empty() ? "-" : text; }

std::string quoted(std::string text) {
  text.resize(std::min(text.size(), kLongestUserAgent));
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') c = '_';
  }
  return text.empty() ? "-" : "\"" + text + "\"";
}

/// To the second, as the original writes it.
std::string wholeSecond(WallTime at) {
  std::string text = toRfc3339(at);
  const size_t point = text.find('.');
  return point == std::string::npos ? text : text.substr(0, point) + "Z";
}

}  // namespace

std::string auditLine(const AuditEntry& entry, const InstanceView& instance) {
  std::string line = wholeSecond(entry.at) + " " + std::to_string(entry.status) + " " +
                     orDash(entry.remoteAddress) + " " + quoted(entry.path) + " " + quoted(entry.userAgent) +
                     " " + orDash(entry.taskArn);
  if (!entry.role) return line;
  const bool execution = *entry.role == RoleCredentials::Role::Execution;
  line += execution ? " GetCredentialsExecutionRole" : " GetCredentials";
  return line + " 2 " + orDash(instance.cluster) + " " + orDash(instance.instanceArn);
}

}  // namespace berth::agent::endpoints
