#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/api/sse.hpp"
#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr Duration kQuiet = std::chrono::milliseconds(700);  ///< after this long the kept events have come
constexpr Duration kNoComment = std::chrono::seconds(40);    ///< a comment is due every 15 s
constexpr Duration kLongestPause = std::chrono::seconds(15);

struct EventsOptions {
  bool follow = false;
  bool json = false;
  std::string task;
  std::vector<std::string> types;
  std::string after;
};

/// The short words for EventBridge's detail types.
const std::map<std::string, std::string>& typeNames() {
  static const std::map<std::string, std::string> kNames{{"task", "ECS Task State Change"},
                                                         {"node", "ECS Container Instance State Change"},
                                                         {"service", "ECS Service Action"},
                                                         {"deployment", "ECS Deployment State Change"}};
  return kNames;
}

std::string shortType(const std::string& type) {
  for (const auto& [word, name] : typeNames()) {
    if (name == type) return word;
  }
  return type;
}

/// What a change was, in a few words.
std::string textOf(const std::string& kind, const json& detail) {
  if (kind == "task") {
    std::string out = taskName(detail) + " " + taskStatus(detail);
    if (const std::string why = stopReason(detail); !why.empty()) out += ": " + why;
    return out;
  }
  if (kind == "node") {
    const std::string name = nodeName(detail);
    return (name.empty() ? "" : name + " ") + textAt(detail, "status") +
           (flagAt(detail, "agentConnected") ? ", connected" : ", not connected");
  }
  std::string out = textAt(detail, "eventName");
  if (const std::string why = textAt(detail, "reason"); !why.empty()) out += (out.empty() ? "" : ": ") + why;
  return out.empty() ? detail.dump() : out;
}

Tone toneOfEvent(const std::string& kind, const json& detail) {
  if (kind == "task") return toneOf(taskStatus(detail));
  const std::string type = textAt(detail, "eventType");
  return type == "ERROR" ? Tone::Bad : type == "WARN" ? Tone::Wait : Tone::Plain;
}

void showEvent(const Session& session, const StreamEvent& event, bool asJson) {
  if (event.type == "gap") {
    session.err << "berth: changes are missing here (" << event.data << "): look at the whole state anew\n";
    return;
  }
  if (event.data.empty()) return;
  const json value = json::parse(event.data, nullptr, false);
  if (value.is_discarded()) return;
  if (asJson) {
    session.out << value.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
    return;
  }
  const json detail = value.value("detail", json::object());
  const std::string kind = shortType(textAt(value, "detail-type"));
  const json& resources = listAt(value, "resources");
  const std::string subject = resources.empty() ? std::string() : idOf(resources[0].get<std::string>());
  std::string line = textAt(value, "time") + "  " + kind +
                     std::string(kind.size() < 10 ? 10 - kind.size() : 0, ' ') + "  " +
                     subject.substr(0, 32) + "  " + textOf(kind, detail);
  if (session.terminal.width > 0) line = cutTo(line, session.terminal.width);
  session.out << session.paint(line, toneOfEvent(kind, detail)) << std::endl;
}

/// The id of the last change that there is.
Result<std::string> lastChange(const Session& session) {
  auto summary = session.api.ask({"GET", "/v1/summary", {}, ""});
  if (!summary) return summary.error();
  return textAt(summary->value("events", json::object()), "last");
}

std::string firstLineOf(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Ids are numbers of as many digits as it takes.
bool reaches(const std::string& id, const std::string& last) {
  return id.size() != last.size() ? id.size() > last.size() : id >= last;
}

Result<int> keptEvents(const Session& session, const EventsOptions& options, Ask ask) {
  auto last = lastChange(session);
  if (!last) return last.error();
  ask.query.emplace_back("after", options.after.empty() ? "0" : options.after);
  EventReader reader;
  Status done =
      session.api.stream(ask, {{"Accept", "text/event-stream"}}, kQuiet, [&](std::string_view bytes) {
        for (const StreamEvent& event : reader.feed(bytes)) showEvent(session, event, options.json);
        return !reaches(reader.lastId(), *last);
      });
  if (!done && done.error().code != Code::DeadlineExceeded) return done.error();
  return exits::kDone;
}

Result<int> followEvents(const Session& session, const EventsOptions& options, const Ask& ask) {
  std::string from = options.after;
  Duration pause = std::chrono::milliseconds(200);
  bool told = false;
  for (;;) {
    EventReader reader;
    http::Headers headers{{"Accept", "text/event-stream"}};
    if (!from.empty()) headers.add("Last-Event-ID", from);
    Status done = session.api.stream(ask, headers, kNoComment, [&](std::string_view bytes) {
      if (told) session.err << "berth: connected again\n";
      told = false;
      pause = std::chrono::milliseconds(200);
      for (const StreamEvent& event : reader.feed(bytes)) showEvent(session, event, options.json);
      if (!reader.lastId().empty()) from = reader.lastId();
      return true;
    });
    const bool helps = done || done.error().retryable;
    if (!helps) return done.error();
    if (!told)
      session.err << "berth: the stream ended" << (done ? "" : ": " + firstLineOf(done.error().message))
                  << "; going on when the controller is back\n";
    told = true;
    if (!session.api.wait(pause)) return exits::kStopped;
    pause = std::min<Duration>(pause * 2, kLongestPause);
  }
}

Result<int> events(const Session& session, const EventsOptions& options) {
  Ask ask{"GET", "/v1/events", {{"cluster", session.target.cluster.value}}, ""};
  for (const std::string& type : options.types) ask.query.emplace_back("detail-type", typeNames().at(type));
  if (!options.task.empty()) {
    auto task = findTask(session, options.task);
    if (!task) return task.error();
    ask.query.emplace_back("task", task->arn);
  }
  return options.follow ? followEvents(session, options, ask) : keptEvents(session, options, std::move(ask));
}

}  // namespace

void addEvents(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App* sub =
      app.add_subcommand("events", "What has changed in the cluster, the last 20,000 changes at most");
  sub->add_flag("-f,--follow", options->follow,
                "Go on with what comes, over restarts of the controller, too");
  sub->add_option("--task", options->task, "Only of this task")->type_name("TASK");
  sub->add_option("--type", options->types, "Only of this kind; may come several times")
      ->check(CLI::IsMember({"task", "node", "service", "deployment"}));
  sub->add_option("--after", options->after, "Only behind the change with this id")->type_name("ID");
  sub->add_flag("--json", options->json, "One event of EventBridge's form a line");
  sub->callback([&chosen, options] {
    chosen.work = [options](Session& session) { return events(session, *options); };
  });
}

}  // namespace berth::cli
