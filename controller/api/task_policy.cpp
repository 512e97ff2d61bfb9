#include "controller/api/task_policy.hpp"

#include <algorithm>

#include "common/text/number.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostListed = 100;

std::vector<std::string> listOf(const std::string& text) {
  std::vector<std::string> out;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

ApiError wrongTag(const std::string& key, const std::string& value, const std::string& rule) {
  return invalidParameter("The tag " + key + " must be " + rule + ", not '" + value.substr(0, 100) + "'.");
}

std::optional<ApiError> readDuration(const std::string& key, const std::string& value, int64_t& millis) {
  const auto duration = parseDuration(value);
  if (!duration || *duration <= Duration::zero()) return wrongTag(key, value, "a duration, like 10m");
  millis = std::chrono::duration_cast<std::chrono::milliseconds>(*duration).count();
  return std::nullopt;
}

std::optional<ApiError> readTag(const std::string& key, const std::string& value, TaskPolicy& out) {
  const std::string name = key.substr(std::string_view(kRetryTags).size());
  if (name == "attempts") {
    const auto attempts = parseNumber<int64_t>(value);
    if (!attempts) return wrongTag(key, value, "a number");
    out.retry.attempts = *attempts;
  } else if (name == "backoff") {
    return readDuration(key, value, out.retry.backoffMillis);
  } else if (name == "maxBackoff") {
    return readDuration(key, value, out.retry.maxBackoffMillis);
  } else if (name == "onExitCodes") {
    for (const std::string& one : listOf(value)) {
      const auto code = parseNumber<int64_t>(one);
      if (!code) return wrongTag(key, value, "exit codes with spaces between them");
      out.retry.onExitCodes.push_back(*code);
    }
  } else if (name == "onReasons") {
    out.retry.onReasons = listOf(value);
  } else if (name != "of" && name != "attempt") {
    return invalidParameter("There is no tag " + key.substr(0, 100) + ": use " + kRetryTags +
                            "attempts, .backoff, .maxBackoff, .onExitCodes or .onReasons.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> brokenRetry(const RetryRules& rules) {
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(kLongestBackoff).count();
  if (rules.attempts < 1 || rules.attempts > kMostAttempts)
    return "attempts must be from 1 (no retry) to " + std::to_string(kMostAttempts) + ", not " +
           std::to_string(rules.attempts);
  if (rules.backoffMillis < 1 || rules.backoffMillis > longest)
    return "backoff must be a duration up to " + formatDuration(kLongestBackoff);
  if (rules.maxBackoffMillis < rules.backoffMillis || rules.maxBackoffMillis > longest)
    return "maxBackoff must be a duration from backoff's to " + formatDuration(kLongestBackoff);
  if (rules.onExitCodes.size() > kMostListed || rules.onReasons.size() > kMostListed)
    return "onExitCodes and onReasons have at most " + std::to_string(kMostListed) + " entries";
  const auto code = std::ranges::find_if(rules.onExitCodes, [](int64_t one) { return one < 0 || one > 255; });
  if (code != rules.onExitCodes.end())
    return "onExitCodes has numbers from 0 to 255, not " + std::to_string(*code);
  const auto reason = std::ranges::find_if(
      rules.onReasons, [](const std::string& one) { return one.empty() || one.size() > 255; });
  if (reason != rules.onReasons.end()) return "onReasons has texts of 1 to 255 characters";
  return std::nullopt;
}

ApiResult<TaskPolicy> policyOf(const std::string& tags) {
  TaskPolicy out;
  // Most tasks have none of these, and then there is nothing to parse.
  if (tags.find("\"berth:") == std::string::npos) return out;
  bool limited = false;
  for (const Json& tag : parsed(tags, Json::array())) {
    const std::string key = text(tag, "key");
    const std::string value = text(tag, "value");
    if (key == kMaxLifetimeTag) {
      if (auto error = readDuration(key, value, out.maxLifetimeMillis)) return *error;
      if (std::chrono::milliseconds(out.maxLifetimeMillis) > kLongestLifetime)
        return wrongTag(key, value, "a duration up to " + formatDuration(kLongestLifetime));
    } else if (key.starts_with(kRetryTags)) {
      if (auto error = readTag(key, value, out)) return *error;
      limited = limited || key.ends_with(".maxBackoff");
    }
  }
  // A long back-off by itself raises the limit, whose default is for the usual ones.
  if (!limited) out.retry.maxBackoffMillis = std::max(out.retry.maxBackoffMillis, out.retry.backoffMillis);
  if (auto broken = brokenRetry(out.retry)) return invalidParameter(kRetryTags + *broken + ".");
  return out;
}

}  // namespace berth::controller
