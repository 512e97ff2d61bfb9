#include "agent/sinks/aws_logs_plan.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/sinks/sink_options.hpp"
#include "common/http/message.hpp"

namespace berth::agent::sinks {
namespace {

constexpr const char* kGroup = "awslogs-group";
constexpr const char* kFormat = "awslogs-datetime-format";
constexpr const char* kPattern = "awslogs-multiline-pattern";
constexpr std::string_view kCredentials = "/v2/credentials/";
constexpr size_t kLongestName = 512;
constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.#";
/// How often, and how many at a time, is the agent's to say.
constexpr std::array kOfPace = {"awslogs-force-flush-interval-seconds", "awslogs-max-buffered-events"};

struct TimeCode {
  char letter;
  const char* pattern;
};
/// Of awslogs-datetime-format. Source: Docker's documentation of its driver awslogs.
constexpr std::array<TimeCode, 19> kTimeCodes = {
    {{'y', "[0-9]{2}"},
     {'m', "(?:0[1-9]|1[0-2])"},
     {'Y', "[0-9]{4}"},
     {'H', "(?:[01][0-9]|2[0-3])"},
     {'I', "(?:0[0-9]|1[0-2])"},
     {'M', "[0-5][0-9]"},
     {'S', "[0-5][0-9]"},
     {'p', "[AP]M"},
     {'z', "[+-][0-9]{4}"},
     {'Z', "[A-Z]{1,4}T"},
     {'L', "\\.[0-9]{3}"},
     {'f', "[0-9]{6}"},
     {'j', "(?:[0-2][0-9]{2}|3[0-5][0-9]|36[0-6])"},
     {'d', "(?:0[1-9]|[12][0-9]|3[01])"},
     {'w', "[0-6]"},
     {'a', "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"},
     {'A', "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"},
     {'b', "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"},
     {'B',
      "(?:January|February|March|April|May|June|July|August|"
      "September|October|November|December)"}}};

/// The pattern of a text of these codes; nullopt for a code that is none.
std::optional<std::string> patternOf(std::string_view format) {
  std::string out;
  while (!format.empty()) {
    const size_t percent = std::min(format.find('%'), format.size());
    out += re2::RE2::QuoteMeta(re2::StringPiece(format.data(), percent));
    format.remove_prefix(percent);
    if (format.empty()) break;
    const char letter = format.size() > 1 ? format[1] : '\0';
    const auto code = std::ranges::find(kTimeCodes, letter, &TimeCode::letter);
    if (letter != '%' && code == kTimeCodes.end()) return std::nullopt;
    out += letter == '%' ? "%" : code->pattern;
    format.remove_prefix(2);
  }
  return out;
}

re2::RE2::Options quiet() {
  re2::RE2::Options out;
  out.set_log_errors(false);
  return out;
}

Status putBegins(AwsLogsPlan& plan, const std::string& name, const std::string& value) {
  if (!plan.begins.empty() || value.empty())
    return wrongOption(name, value,
                       std::string("a text, and without the other of ") + kFormat + ", " + kPattern);
  if (name == kFormat) {
    const auto pattern = patternOf(value);
    if (!pattern) return wrongOption(name, value, "a time in codes like %Y-%m-%d %H:%M:%S");
    plan.begins = *pattern;
    return {};
  }
  const re2::RE2 pattern(value, quiet());
  if (!pattern.ok()) return wrongOption(name, value, "a regular expression of RE2: " + pattern.error());
  plan.begins = value;
  return {};
}

Status putFlag(bool& out, const std::string& name, const std::string& value) {
  if (value != "true" && value != "false") return wrongOption(name, value, "true or false");
  out = value == "true";
  return {};
}

Status putName(std::string& out, const std::string& name, const std::string& value) {
  const bool stream = name != kGroup;
  const bool fits = stream ? value.find_first_of(":*") == std::string::npos
                           : value.find_first_not_of(kOfNames) == std::string::npos;
  if (value.empty() || value.size() > kLongestName || !fits)
    return wrongOption(name, value,
                       stream ? "of 1 to 512 characters, without ':' and '*'"
                              : "of 1 to 512 characters out of a-z, A-Z, 0-9, '_', '-', '/', '.' and '#'");
  out = value;
  return {};
}

Status putAwsLogsOption(AwsLogsPlan& plan, const std::string& name, const std::string& value) {
  if (isOfWaiting(name) || std::ranges::find(kOfPace, std::string_view(name)) != kOfPace.end()) return {};
  if (name == kGroup) return putName(plan.group, name, value);
  if (name == "awslogs-stream") return putName(plan.stream, name, value);
  if (name == kFormat || name == kPattern) return putBegins(plan, name, value);
  if (name == "awslogs-create-group") return putFlag(plan.createGroup, name, value);
  if (name == "awslogs-create-stream") return putFlag(plan.createStream, name, value);
  if (name == "tag") return {};
  if (name == "awslogs-region") {
    plan.region = value;
    return value.empty() ? wrongOption(name, value, "a region's name") : Status();
  }
  if (name == "awslogs-endpoint") {
    plan.endpoint = value;
    return http::parseUrl(value) ? Status() : wrongOption(name, value, "a URL like https://HOST");
  }
  if (name == "awslogs-credentials-endpoint") {
    plan.credentialsId = value.starts_with(kCredentials) ? value.substr(kCredentials.size()) : "";
    return plan.credentialsId.empty() ? wrongOption(name, value, "/v2/credentials/ID") : Status();
  }
  return unknownOption("awslogs", name);
}

}  // namespace

Result<AwsLogsPlan> planAwsLogs(const std::map<std::string, std::string>& options,
                                const std::string& containerId, const std::string& containerName) {
  AwsLogsPlan out;
  for (const auto& [name, value] : options) {
    if (Status put = putAwsLogsOption(out, name, value); !put) return put.error();
  }
  if (out.group.empty())
    return makeError(Code::InvalidArgument, "log driver awslogs needs the option awslogs-group");
  if (!out.stream.empty()) return out;
  const auto given = options.find("tag");
  const auto stream =
      tagOf(given == options.end() ? "{{.FullID}}" : given->second, containerId, containerName);
  if (!stream) return stream.error();
  out.stream = *stream;
  return out;
}

struct MessageRule::Pattern {
  re2::RE2 begins;
};

MessageRule::MessageRule(const std::string& begins)
    : pattern_(begins.empty() ? nullptr : new Pattern{re2::RE2(begins, quiet())}) {}

MessageRule::~MessageRule() = default;

bool MessageRule::goesOn(const streams::LogLine& before, const streams::LogLine& line) const {
  if (before.partial) return before.isStderr == line.isStderr;
  return pattern_ && !re2::RE2::PartialMatch(line.text, pattern_->begins);
}

size_t MessageRule::open(const std::vector<streams::LogLine>& lines) const {
  if (lines.empty() || (!pattern_ && !lines.back().partial)) return 0;
  size_t first = lines.size() - 1;
  while (first > 0 && goesOn(lines[first - 1], lines[first])) --first;
  return lines.size() - first;
}

}  // namespace berth::agent::sinks
