// The folder of callers, as people keep it:
//
//   CALLERS/NAME/credentials   access keys in the format of AWS's shared credentials file, a profile each
//   CALLERS/NAME/*.json        policies in IAM's JSON: what the caller may do
//   CALLERS/NAME/role          instead of policies: the word "agent"
//
// Names that begin with '.' or end in '~' are left alone.
#pragma once

#include <filesystem>
#include <string>

#include "common/result/result.hpp"
#include "controller/callers/caller_book.hpp"

namespace berth::controller {

/// InvalidArgument with every problem, one a line: what can't be read or has no place there, secrets that
/// others can read, files that others can write, keys that two have, a caller with neither policy nor role or
/// both, what parsePolicy refuses, an Action of ECS that no operation has.
Result<CallerBook> readCallers(const std::filesystem::path& folder, const std::string& account);

}  // namespace berth::controller
