// The small languages inside a Compose file: variables, command lines, times, sizes.
// Source: the Compose Specification, "Interpolation", "Extensions and fragments", "Specifying durations",
// "Specifying byte values".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::cli {

using Variables = std::map<std::string, std::string>;

/// A text with its variables filled in: $NAME, ${NAME}, ${NAME:-standing}, ${NAME-standing},
/// ${NAME:?message},
/// ${NAME?message}, ${NAME:+other}, ${NAME+other}; "$$" is a "$". InvalidArgument for a variable that is not
/// set and has no standing value, and for what is none of these.
Result<std::string> interpolated(std::string_view text, const Variables& variables);

/// A command line as words, as a shell splits it: blanks, '...', "..." and '\'. nullopt for a quote without
/// end.
std::optional<std::vector<std::string>> shellWords(std::string_view text);

/// Whole seconds of "1m30s", "10s", "500ms"; nullopt for another text and for a fraction of a second.
std::optional<int64_t> secondsOf(std::string_view text);

/// MiB, rounded up, of "512m", "1.5gb", "64k", "1048576" or "10b".
std::optional<int64_t> mebibytesOf(std::string_view text);

}  // namespace berth::cli
