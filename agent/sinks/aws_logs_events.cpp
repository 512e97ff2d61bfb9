// From lines to calls of PutLogEvents.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/sinks/aws_logs_plan.hpp"
#include "common/text/number.hpp"
#include "common/time/clock.hpp"
#include "common/time/timestamp.hpp"
#include "proto/json/fields.hpp"

namespace berth::agent::sinks {
namespace {

using nlohmann::json;

size_t costOf(const AwsLogsEvent& event) { return event.message.size() + AwsLogsBounds::kEventCosts; }

}  // namespace

std::vector<AwsLogsEvent> awsLogsEvents(const MessageRule& rule, const std::vector<streams::LogLine>& lines) {
  std::vector<AwsLogsEvent> out;
  const streams::LogLine* before = nullptr;
  int64_t time = 0;
  for (const streams::LogLine& line : lines) {
    if (const auto told = parseTimestamp(line.time)) time = toEpochMillis(*told);
    const bool joined = before && rule.goesOn(*before, line) &&
                        out.back().message.size() + 1 + line.text.size() <= AwsLogsBounds::kMessage;
    if (joined) {
      out.back().message += (before->partial ? "" : "\n") + line.text;
      ++out.back().lines;
    } else {
      out.push_back({time, line.text, 1});
    }
    before = &line;
  }
  std::erase_if(out, [](const AwsLogsEvent& event) { return event.message.empty(); });
  return out;
}

std::vector<std::vector<AwsLogsEvent>> awsLogsBatches(std::vector<AwsLogsEvent> events) {
  // The host's clock may have been set back.
  std::ranges::stable_sort(events, {}, &AwsLogsEvent::time);
  std::vector<std::vector<AwsLogsEvent>> out;
  size_t bytes = 0;
  for (AwsLogsEvent& event : events) {
    const bool fits = !out.empty() && bytes + costOf(event) <= AwsLogsBounds::kBatchBytes &&
                      out.back().size() < AwsLogsBounds::kEvents &&
                      event.time - out.back().front().time < AwsLogsBounds::kSpanMillis;
    if (!fits) {
      out.emplace_back();
      bytes = 0;
    }
    bytes += costOf(event);
    out.back().push_back(std::move(event));
  }
  return out;
}

std::string putLogEventsBody(const AwsLogsPlan& plan, std::span<const AwsLogsEvent> batch) {
  json events = json::array();
  for (const AwsLogsEvent& event : batch)
    events.push_back({{"timestamp", event.time}, {"message", event.message}});
  return berth::json::dump(
      {{"logGroupName", plan.group}, {"logStreamName", plan.stream}, {"logEvents", std::move(events)}});
}

size_t refusedLines(const std::string& answer, std::span<const AwsLogsEvent> batch) {
  const auto object = berth::json::parseObject(answer, "answer");
  if (!object) return 0;
  const auto told = object->find("rejectedLogEventsInfo");
  if (told == object->end() || !told->is_object()) return 0;
  // Both ends are of the first event that is not refused any more, or not yet.
  const auto count = static_cast<int64_t>(batch.size());
  const auto at = [&](const char* name, int64_t none) {
    const auto found = told->find(name);
    const bool number = found != told->end() && found->is_number_integer();
    return number ? std::clamp<int64_t>(found->get<int64_t>(), 0, count) : none;
  };
  const int64_t first = std::max(at("tooOldLogEventEndIndex", 0), at("expiredLogEventEndIndex", 0));
  const int64_t last = std::max(first, at("tooNewLogEventStartIndex", count));
  size_t out = 0;
  for (int64_t i = 0; i < count; ++i) out += i < first || i >= last ? batch[static_cast<size_t>(i)].lines : 0;
  return out;
}

}  // namespace berth::agent::sinks
