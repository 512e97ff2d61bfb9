// The log of a program: standard error, from where journald or a person picks it up.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/log/log.hpp"
#include "common/result/result.hpp"

namespace berth {

enum class LogFormat {
  Auto,  ///< Text when standard error is a terminal, else Json
  Text,
  Json,
};

struct LogOptions {
  LogLevel level = LogLevel::Info;  ///< what is less severe is dropped
  LogFormat format = LogFormat::Auto;
  std::string program;  ///< "berth-agent"; a field of each JSON line
};

/// "debug", "info", "warn" or "error"; InvalidArgument for anything else.
Result<LogLevel> parseLogLevel(std::string_view name);
/// "auto", "text" or "json"; InvalidArgument for anything else.
Result<LogFormat> parseLogFormat(std::string_view name);

/// A log that writes one line a call to standard error (forms: log/render.hpp). A line that can't be written
/// is dropped.
std::unique_ptr<Log> makeLog(const LogOptions& options);

}  // namespace berth
