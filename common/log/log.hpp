// Structured logs: a fixed message and named fields. Messages have no trailing period; ids go in fields.
// Secrets are never passed here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace berth {

enum class LogLevel { Debug, Info, Warn, Error };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double, bool> value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  LogField(std::string_view k, Integer v) : key(k), value(static_cast<int64_t>(v)) {}
};

/// Where log lines go. Safe to call from any thread; never fails.
class Log {
 public:
  virtual ~Log() = default;
  virtual bool enabled(LogLevel level) const = 0;
  /// From now on; a log without levels ignores it.
  virtual void setLevel(LogLevel) {}
  virtual void write(LogLevel level, std::string_view message, std::span<const LogField> fields) = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::Debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::Info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::Warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::Error, message, fields);
  }

 private:
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (enabled(level)) write(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
};

/// Drops everything; for tests and for parts that are given no log.
class NullLog final : public Log {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

}  // namespace berth
