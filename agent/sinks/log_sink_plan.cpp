// What is sent to syslog, journald and fluentd: values in, values out.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/sinks/log_sink.hpp"
#include "agent/sinks/sink_options.hpp"
#include "common/text/number.hpp"

namespace berth::agent::sinks {
namespace {

using Options = std::map<std::string, std::string>;

constexpr std::array kFacilities = {"kern",   "user",   "mail",   "daemon", "auth",     "syslog",
                                    "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
                                    "",       "",       "",       "",       "local0",   "local1",
                                    "local2", "local3", "local4", "local5", "local6",   "local7"};
constexpr int kError = 3;
constexpr int kInformational = 6;
constexpr size_t kShortName = 12;

std::string ownName() {
  std::array<char, 256> out{};
  return ::gethostname(out.data(), out.size() - 1) == 0 ? out.data() : "localhost";
}

Status putSyslog(SinkPlan& plan, const std::string& name, const std::string& value) {
  if (name == "syslog-facility") {
    const auto found =
        std::ranges::find(kFacilities, value, [](const char* one) { return std::string(one); });
    const auto number = parseNumber<int>(value);
    if (!value.empty() && found != kFacilities.end())
      plan.facility = static_cast<int>(found - kFacilities.begin());
    else if (number && *number >= 0 && *number < static_cast<int>(kFacilities.size()))
      plan.facility = *number;
    else
      return wrongOption(name, value, "a facility of syslog, like daemon or local0");
    return {};
  }
  if (name != "syslog-format") return makeError(Code::NotFound, "");
  const std::array<std::pair<const char*, SyslogForm>, 3> forms = {
      {{"rfc3164", SyslogForm::Rfc3164},
       {"rfc5424", SyslogForm::Rfc5424},
       {"rfc5424micro", SyslogForm::Rfc5424Micro}}};
  for (const auto& [word, form] : forms) {
    if (value != word) continue;
    plan.form = form;
    return {};
  }
  return wrongOption(name, value, "rfc3164, rfc5424 or rfc5424micro");
}

Status putSinkOption(SinkPlan& plan, const std::string& name, const std::string& value) {
  if (isOfWaiting(name)) return {};
  if (name == plan.driver + "-address" && plan.driver != "journald") {
    const bool syslog = plan.driver == "syslog";
    const auto address = parseSinkAddress(value, "tcp", syslog ? "514" : "24224");
    const bool datagrams = address && (address->protocol == "udp" || address->protocol == "unixgram");
    if (!address || (!syslog && datagrams))
      return wrongOption(name, value,
                         syslog ? "like udp://HOST:514, tcp://HOST:514 or unixgram:///dev/log"
                                : "like HOST:24224, tcp://HOST:24224 or unix:///PATH");
    plan.address = *address;
    return {};
  }
  if (name == "tag") {
    const auto tag = tagOf(value, plan.containerId, plan.containerName);
    if (!tag) return tag.error();
    plan.tag = *tag;
    return {};
  }
  const Status put =
      plan.driver == "syslog" ? putSyslog(plan, name, value) : Status(makeError(Code::NotFound, ""));
  if (put || put.error().code != Code::NotFound) return put;
  return unknownOption(plan.driver, name);
}

/// "2026-01-02T03:04:05.678Z" to seconds; 0 for what is not of that form.
std::time_t secondsOf(const std::string& time) {
  std::tm parts = {};
  return ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr ? 0 : ::timegm(&parts);
}

/// As syslog has always had it: the host's own time, without a year or a zone.
std::string stamp(const std::string& time) {
  const std::time_t seconds = secondsOf(time);
  std::tm parts = {};
  std::array<char, 32> out{};
  ::localtime_r(&seconds, &parts);
  return {out.data(), std::strftime(out.data(), out.size(), "%b %e %H:%M:%S", &parts)};
}

}  // namespace

std::optional<SinkAddress> parseSinkAddress(std::string_view text, const std::string& protocol,
                                            const std::string& port) {
  SinkAddress out{protocol, "", port};
  const size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) {
    out.protocol = text.substr(0, scheme);
    text.remove_prefix(scheme + 3);
  }
  if (out.protocol == "unix" || out.protocol == "unixgram") {
    out.port.clear();
    out.host = text;
    // The kernel takes no longer path.
    return text.starts_with('/') && text.size() < 108 ? std::optional(out) : std::nullopt;
  }
  if (out.protocol != "tcp" && out.protocol != "udp") return std::nullopt;
  const size_t colon = text.rfind(':');
  const bool inBrackets = text.starts_with('[');
  if (colon != std::string_view::npos && (!inBrackets || text[colon - 1] == ']')) {
    out.port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (inBrackets && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  out.host = text;
  const auto number = parseNumber<uint16_t>(out.port);
  return out.host.empty() || !number || *number == 0 ? std::nullopt : std::optional(out);
}

bool isSocketDriver(const std::string& driver) {
  return driver == "syslog" || driver == "journald" || driver == "fluentd";
}

Result<SinkPlan> planSink(const std::string& driver, const Options& options, const std::string& containerId,
                          const std::string& containerName) {
  SinkPlan out;
  out.driver = driver;
  out.containerId = containerId;
  out.containerName = containerName;
  out.hostname = ownName();
  out.tag = containerId.substr(0, kShortName);
  if (driver == "syslog") out.address = {"unixgram", "/dev/log", ""};
  if (driver == "journald") out.address = {"unixgram", "/run/systemd/journal/socket", ""};
  if (driver == "fluentd") out.address = {"tcp", "127.0.0.1", "24224"};
  for (const auto& [name, value] : options) {
    if (Status put = putSinkOption(out, name, value); !put) return put.error();
  }
  return out;
}

std::vector<std::string> syslogMessages(const SinkPlan& plan, const std::vector<streams::LogLine>& lines) {
  std::vector<std::string> out;
  const bool stream = plan.address.protocol == "tcp" || plan.address.protocol == "unix";
  for (const streams::LogLine& line : lines) {
    std::string text =
        "<" + std::to_string(plan.facility * 8 + (line.isStderr ? kError : kInformational)) + ">";
    switch (plan.form) {
      case SyslogForm::Unix:
        text += stamp(line.time) + " " + plan.tag + ": ";
        break;
      case SyslogForm::Rfc3164:
        text += stamp(line.time) + " " + plan.hostname + " " + plan.tag + ": ";
        break;
      case SyslogForm::Rfc5424:
      case SyslogForm::Rfc5424Micro:
        // The log's times have milliseconds, which both allow.
        text += "1 " + line.time + " " + plan.hostname + " " + plan.tag + " - " + plan.tag + " - ";
        break;
    }
    out.push_back(text + line.text + (stream ? "\n" : ""));
  }
  return out;
}

std::vector<std::string> journalMessages(const SinkPlan& plan, const std::vector<streams::LogLine>& lines) {
  std::vector<std::string> out;
  for (const streams::LogLine& line : lines) {
    std::string text = "PRIORITY=" + std::to_string(line.isStderr ? kError : kInformational) + "\n";
    text +=
        "CONTAINER_ID=" + plan.containerId.substr(0, kShortName) + "\nCONTAINER_ID_FULL=" + plan.containerId;
    text += "\nCONTAINER_NAME=" + plan.containerName + "\nCONTAINER_TAG=" + plan.tag;
    text += "\nSYSLOG_IDENTIFIER=" + plan.tag + "\nSYSLOG_TIMESTAMP=" + line.time;
    if (line.partial) text += "\nCONTAINER_PARTIAL_MESSAGE=true";
    // A line holds no end of a line, so that the short form will do.
    out.push_back(text + "\nMESSAGE=" + line.text + "\n");
  }
  return out;
}

std::string fluentdMessage(const SinkPlan& plan, const std::vector<streams::LogLine>& lines) {
  nlohmann::json entries = nlohmann::json::array();
  for (const streams::LogLine& line : lines) {
    nlohmann::json record = {{"container_id", plan.containerId},
                             {"container_name", "/" + plan.containerName},
                             {"source", line.isStderr ? "stderr" : "stdout"},
                             {"log", line.text}};
    if (line.partial) record["partial_message"] = "true";
    entries.push_back({secondsOf(line.time), std::move(record)});
  }
  std::string out;
  nlohmann::json::to_msgpack(nlohmann::json::array({plan.tag, std::move(entries)}), out);
  return out;
}

}  // namespace berth::agent::sinks
