// /v1/logs: what containers have written.
#include <algorithm>
#include <charconv>
#include <utility>

#include "common/text/number.hpp"
#include "common/time/timestamp.hpp"
#include "controller/server/extension.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kLogParameters[] = {"container", "follow", "since", "tail", "task"};
constexpr int64_t kMostTail = 1'000'000;
constexpr size_t kNanoDigits = 9;

bool isDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Seconds since 1970 with the fraction that was given; nullopt for what is no time.
std::optional<std::string> secondsOf(const std::string& since) {
  const size_t dot = std::min(since.find('.'), since.size());
  std::string fraction;
  if (dot < since.size()) {
    const size_t end = std::min(since.find_first_not_of("0123456789", dot + 1), since.size());
    fraction = since.substr(dot, std::min(end - dot, kNanoDigits + 1));
  }
  const bool plain = isDigits(since.substr(0, dot)) && dot < 12 &&
                     (dot == since.size() || isDigits(std::string_view(since).substr(dot + 1)));
  if (plain) return since.substr(0, dot) + fraction;
  const auto time = parseTimestamp(since);
  if (!time) return std::nullopt;
  return std::to_string(toEpochMillis(*time) / 1000) + fraction;
}

/// The parameters but the task; `containers` holds the one that was named, if any.
ApiResult<acs::OpenStreamMessage> logsWanted(const http::Query& query) {
  acs::OpenStreamMessage out;
  out.kind = acs::OpenStreamMessage::Kind::Logs;
  for (const auto& [name, value] : query) {
    if (std::ranges::find(kLogParameters, name) == std::end(kLogParameters))
      return invalidParameter("The parameter '" + name.substr(0, 100) +
                              "' is not known here: use container, follow, since, tail, task.");
    if (name == "container") out.containers = {value};
    if (name == "follow" && value != "true" && value != "false")
      return invalidParameter("follow must be true or false.");
    if (name == "follow") out.follow = value == "true";
    if (name == "since") {
      auto since = secondsOf(value);
      if (!since)
        return invalidParameter("since must be a time like 2026-11-27T18:00:00Z, or seconds since 1970.");
      out.since = std::move(*since);
    }
    if (name == "tail") {
      const auto tail = parseNumber<int64_t>(value);
      if (!tail || *tail < 0 || *tail > kMostTail)
        return invalidParameter("tail must be a number of lines, from 0 to 1000000.");
      out.tail = *tail;
    }
  }
  return out;
}

std::vector<std::string> namesOf(const Task& task) {
  std::vector<std::string> out;
  for (const ContainerSpec& container : task.spec->containers) out.push_back(container.name);
  return out;
}

std::vector<std::string> namesOf(const Json& record) {
  std::vector<std::string> out;
  for (const Json& container : record["task"].value("containers", Json::array()))
    out.push_back(container.value("name", ""));
  return out;
}

}  // namespace

ApiResult<Question> Extension::readLogs(const http::Query& query) const {
  BERTH_API_TRY(wanted, logsWanted(query));
  const auto task = std::ranges::find(query, "task", &http::Query::value_type::first);
  if (task == query.end() || task->second.empty()) return invalidParameter("Name a task: task=ID.");
  return readTask(task->second, {Question::About::Logs, "berth:Logs", "", "", Json::object(), {}, 0, wanted});
}

Async<ApiResult<http::Answer>> Extension::logs(Question question) const {
  const ApiError unknown{"ResourceNotFoundException", "The task is neither in the state nor in the history.",
                         404};
  acs::OpenStreamMessage message = std::move(question.logs);
  std::string instance;
  std::vector<std::string> containers;
  if (const Task* task = state().task(question.id)) {
    instance = task->instance;
    containers = namesOf(*task);
    message.taskArn = names().task(task->spec->cluster, task->id).str();
  } else {
    const auto found = co_await deps_.history.find(question.id);
    if (!found || !*found) co_return unknown;
    const Json& shown = (**found)["task"];
    message.taskArn = shown.value("taskArn", "");
    if (question.resource != message.taskArn && question.resource != names().task("*", question.id).str())
      co_return unknown;
    if (const auto parsed = names().parseInstance(shown.value("containerInstanceArn", "")))
      instance = parsed->id;
    containers = namesOf(**found);
  }
  if (instance.empty())
    co_return ApiError{"ResourceNotFoundException", "The task has had no host: there is no output.", 404};
  if (message.containers.empty()) {
    message.containers = std::move(containers);
  } else if (std::ranges::find(containers, message.containers.front()) == containers.end()) {
    co_return invalidParameter("The task has no container named '" +
                               message.containers.front().substr(0, 255) + "'.");
  }
  auto body = co_await deps_.streams.logs(std::move(message), std::move(instance));
  if (const auto* error = std::get_if<ApiError>(&body)) co_return *error;
  co_return http::Answer(std::get<http::StreamedResponse>(std::move(body)));
}

}  // namespace berth::controller
