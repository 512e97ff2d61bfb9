// The folder that holds what a program must remember.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace berth {

/// Makes sure that `path`, absolute, is a folder this process can write: creates it (mode 0700, missing
/// folders above it 0755), then writes and removes a probe file in it. The owner and mode of one that exists
/// stay. Errors: InvalidArgument (not absolute), FailedPrecondition (something else is there),
/// PermissionDenied, ResourceExhausted (disk full), Unavailable (all else).
Status prepareDataDir(const std::string& path);

}  // namespace berth
