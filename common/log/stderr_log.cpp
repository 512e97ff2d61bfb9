#include "common/log/stderr_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "common/log/render.hpp"
#include "common/time/clock.hpp"

namespace berth {
namespace {

spdlog::level::level_enum spdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// spdlog's sink keeps lines of several threads apart; the lines themselves are ours.
class StderrLog final : public Log {
 public:
  explicit StderrLog(const LogOptions& options)
      : json_(options.format == LogFormat::Json ||
              (options.format == LogFormat::Auto && isatty(STDERR_FILENO) == 0)),
        program_(options.program),
        logger_(options.program, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlogLevel(options.level));
    logger_.set_pattern("%v");
    // Its default prints to standard error itself, which would break the format.
    logger_.set_error_handler([](const std::string&) {});
  }

  bool enabled(LogLevel level) const override { return logger_.should_log(spdlogLevel(level)); }

  void setLevel(LogLevel level) override { logger_.set_level(spdlogLevel(level)); }

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    const WallTime now = clock_.now().wall;
    const std::string line =
        json_ ? renderJson(now, level, program_, message, fields) : renderText(now, level, message, fields);
    logger_.log(spdlogLevel(level), spdlog::string_view_t(line));
  }

 private:
  const bool json_;
  const std::string program_;
  const SystemClock clock_;
  spdlog::logger logger_;
};

}  // namespace

Result<LogLevel> parseLogLevel(std::string_view name) {
  if (name == "debug") return LogLevel::Debug;
  if (name == "info") return LogLevel::Info;
  if (name == "warn") return LogLevel::Warn;
  if (name == "error") return LogLevel::Error;
  return makeError(Code::InvalidArgument,
                   "log level \"" + std::string(name) + "\" is not one of debug, info, warn, error");
}

Result<LogFormat> parseLogFormat(std::string_view name) {
  if (name == "auto") return LogFormat::Auto;
  if (name == "text") return LogFormat::Text;
  if (name == "json") return LogFormat::Json;
  return makeError(Code::InvalidArgument,
                   "log format \"" + std::string(name) + "\" is not one of auto, text, json");
}

std::unique_ptr<Log> makeLog(const LogOptions& options) { return std::make_unique<StderrLog>(options); }

}  // namespace berth
