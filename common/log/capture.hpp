// A log that keeps what it is given, for tests to look at.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/log.hpp"

namespace berth {

struct CapturedLine {
  LogLevel level = LogLevel::Info;
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields;  ///< values as text: 3, true, 0.5

  /// The value of the first field with that key; empty when there is none.
  std::string field(std::string_view key) const;
};

/// Keeps every line of at least `level`.
class CaptureLog final : public Log {
 public:
  explicit CaptureLog(LogLevel level = LogLevel::Debug) : level_(level) {}

  bool enabled(LogLevel level) const override { return level >= level_; }
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override;

  std::vector<CapturedLine> lines() const;
  /// Whether a line has exactly this message.
  bool has(std::string_view message) const;
  /// All lines, "INFO message key=value", for the output of a failing test.
  std::string text() const;

 private:
  const LogLevel level_;
  mutable std::mutex mutex_;
  std::vector<CapturedLine> lines_;
};

}  // namespace berth
