// Log lines as text: what a StderrLog writes, without the writing.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/log/log.hpp"
#include "common/time/clock.hpp"

namespace berth {

/// The value alone, not escaped: hello, -3, 0.5, true.
std::string fieldText(const LogField& field);

// In both forms of a line control characters, invalid UTF-8 and marks that reorder text are escaped, so that
// what a container or a client supplies can neither begin a line of its own nor steer a terminal.

/// `2024-06-29T08:33:20.123Z INFO message key=value other="two words"`, without a line end.
std::string renderText(WallTime time, LogLevel level, std::string_view message,
                       std::span<const LogField> fields);

/// The same without the time.
std::string renderText(LogLevel level, std::string_view message, std::span<const LogField> fields);

/// {"time":"2024-06-29T08:33:20.123Z","level":"info","msg":"message","program":"berth-agent","key":"value"},
/// without a line end. An empty `program` is left out; a field with one of these four names gets a "_" behind
/// its name; a number that JSON doesn't have (NaN, infinity) becomes a string.
std::string renderJson(WallTime time, LogLevel level, std::string_view program, std::string_view message,
                       std::span<const LogField> fields);

}  // namespace berth
