// Files that hold secrets.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/result/result.hpp"

namespace berth::agent {

inline constexpr size_t kLargestSecret = size_t{64} << 10;  ///< bytes, as in the Secrets Manager

/// Reads a file that not everyone may read. Errors: NotFound, PermissionDenied (also when everyone may read
/// or write it), InvalidArgument (no regular file), ResourceExhausted (larger than kLargestSecret),
/// Unavailable. Messages name the file and the way out.
Result<std::string> readPrivateFile(const std::string& path);

/// The same for the file at directory/path[0]/path[1]/..., and never for one outside of `directory`: not by
/// "..", nor by symbolic links, which may only point to what is below it. PermissionDenied for those.
Result<std::string> readPrivateFileBelow(const std::string& directory, const std::vector<std::string>& path);

/// What it does where the kernel has no openat2 (before 5.6, or by a filter): follows no link at all.
Result<std::string> readPrivateFileWithoutLinks(const std::string& directory,
                                                const std::vector<std::string>& path);

}  // namespace berth::agent
