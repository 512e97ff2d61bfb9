// Filters of system calls in the kernel's own form, made once for many containers.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/result/result.hpp"

namespace berth::agent::containerd {

/// What the kernel takes (seccomp(2), SECCOMP_SET_MODE_FILTER: an array of struct sock_filter) for a profile
/// like seccompProfile()'s, by libseccomp, as the OCI runtimes make it. Calls that libseccomp does not know
/// are left out, as they leave them out. Unimplemented, naming it, for an action or a comparison that is not
/// in such a profile; Internal when libseccomp refuses a rule.
Result<std::string> compileFilter(const nlohmann::json& profile);

/// To make a filter costs the OCI runtime some 8 ms of CPU, for each container anew, though nearly all have
/// the same. crun takes a finished one. Not safe to call from several threads at once.
class SeccompFilters {
 public:
  /// base64 of compileFilter(seccompProfile(capabilities, machine)). nullopt when that can't be made: the
  /// runtime makes its own then, and says why if it can't either.
  std::optional<std::string> of(const std::set<std::string>& capabilities, const std::string& machine);

  /// Whether an OCI runtime, a program's path, takes finished filters: crun does, by any path.
  static bool takenBy(const std::string& program);

 private:
  /// Containers can ask for any set of capabilities.
  static constexpr size_t kMost = 64;

  /// By the machine and the capabilities.
  std::map<std::pair<std::string, std::set<std::string>>, std::optional<std::string>> made_;
};

}  // namespace berth::agent::containerd
