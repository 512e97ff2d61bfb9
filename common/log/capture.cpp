#include "common/log/capture.hpp"

#include <algorithm>

#include "common/log/render.hpp"

namespace berth {

std::string CapturedLine::field(std::string_view key) const {
  const auto found = std::ranges::find(fields, key, &std::pair<std::string, std::string>::first);
  return found == fields.end() ? std::string() : found->second;
}

void CaptureLog::write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  CapturedLine line{level, std::string(message), {}};
  for (const LogField& field : fields) line.fields.emplace_back(field.key, fieldText(field));
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<CapturedLine> CaptureLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool CaptureLog::has(std::string_view message) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(lines_, message, &CapturedLine::message) != lines_.end();
}

std::string CaptureLog::text() const {
  std::string text;
  for (const CapturedLine& line : lines()) {
    std::vector<LogField> fields;
    for (const auto& [key, value] : line.fields) fields.emplace_back(key, value);
    text += renderText(line.level, line.message, fields) + '\n';
  }
  return text;
}

}  // namespace berth
