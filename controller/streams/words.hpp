// The words of a command that comes as one text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::controller {

/// Splits as a POSIX shell does, without expanding anything: blanks and line ends between words, '...', "..."
/// with \ before ", \, $, ` and line ends, \ before any other character. InvalidArgument, for people to read,
/// when a quote or a \ at the end is left open.
Result<std::vector<std::string>> splitWords(std::string_view text);

}  // namespace berth::controller
