// Which system calls a container may make by default.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace berth::agent::containerd {

/// linux.seccomp of the OCI runtime specification: what is not listed fails with EPERM (clone3 with ENOSYS,
/// so that libraries fall back to clone). What needs a capability is listed where `capabilities`
/// ("CAP_SYS_ADMIN") has it. `machine` is uname's: "x86_64", "aarch64"; for others the list counts for calls
/// of that machine alone.
nlohmann::json seccompProfile(const std::set<std::string>& capabilities, const std::string& machine);

}  // namespace berth::agent::containerd
