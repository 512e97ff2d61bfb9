#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"
#include "common/time/timestamp.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kEventsShown = 5;
constexpr size_t kTasksShown = 3;

struct WhyOptions {
  std::string name;
  std::string kind;  ///< "task", "service", "node", "placement"; empty: whatever has that name
  bool json = false;
};

/// "2026-11-27T18:00:00.000Z (3m ago)"
std::string momentOf(const Session& session, const json& value, const char* member) {
  const std::string text = textAt(value, member);
  const auto time = parseTimestamp(text);
  return time ? text + " (" + ageOf(session.api.now() - *time) + " ago)" : text;
}

/// What else a cause says: "by=..., reason=...".
std::string detailsOf(const json& cause) {
  std::string out;
  for (const auto& [member, value] : cause.items()) {
    if (member == "cause" || member == "at" || member == "arn") continue;
    out += (out.empty() ? "" : ", ") + member + " " +
           (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return out;
}

void showCauses(const Session& session, const json& answer) {
  for (const json& cause : listAt(answer, "causes")) {
    std::string title = textAt(cause, "cause");
    if (title.empty()) title = idOf(textAt(cause, "arn"));
    session.out << "  " << (title.empty() ? "cause" : title);
    if (cause.contains("at")) session.out << " at " << momentOf(session, cause, "at");
    const std::string details = detailsOf(cause);
    session.out << (details.empty() ? "" : ": " + details) << "\n";
  }
}

void showAgent(const Session& session, const json& answer) {
  if (!answer.contains("agent")) return;
  const json& agent = answer["agent"];
  session.out << "agent: "
              << (flagAt(agent, "connected") ? "connected" : session.paint("not connected", Tone::Bad));
  if (agent.contains("lastHeard")) session.out << ", last heard " << momentOf(session, agent, "lastHeard");
  if (agent.contains("lostAt")) session.out << ", lost " << momentOf(session, agent, "lostAt");
  session.out << "\n";
}

void showAnswer(const Session& session, const std::string& title, const json& answer) {
  const std::string state = textAt(answer, "state");
  session.out << title << " is " << session.paint(state, toneOf(state));
  if (const std::string desired = textAt(answer, "desired"); !desired.empty() && desired != state)
    session.out << ", wanted " << desired;
  if (answer.contains("since") && answer["since"].is_string())
    session.out << ", since " << momentOf(session, answer, "since");
  session.out << "\n";
  const std::string waits = textAt(answer, "waitsFor");
  if (!waits.empty()) session.out << "waits for " << session.paint(waits, Tone::Wait) << "\n";
  if (answer.contains("until")) session.out << "until " << textAt(answer, "until") << "\n";
  if (answer.contains("fit"))
    session.out << "fits on " << numberAt(answer, "fit") << " of " << numberAt(answer, "instances")
                << " nodes\n";
  if (answer.contains("fails") && answer["fails"].is_object()) {
    for (const auto& [test, count] : answer["fails"].items())
      session.out << "  " << test << " fails on " << count << "\n";
  }
  showAgent(session, answer);
  if (answer.contains("tasks") && answer["tasks"].is_object()) {
    session.out << "tasks:";
    for (const auto& [status, count] : answer["tasks"].items()) session.out << " " << count << " " << status;
    session.out << "\n";
  }
  if (listAt(answer, "causes").empty()) return;
  session.out << "causes:\n";
  showCauses(session, answer);
}

Result<json> askWhy(const Session& session, http::Query query) {
  return session.api.ask({"GET", "/v1/why", std::move(query), ""});
}

Result<int> whyOf(Session& session, const WhyOptions& options, const std::string& title, http::Query query) {
  auto answer = askWhy(session, std::move(query));
  if (!answer) return answer.error();
  if (options.json) {
    session.print(*answer);
  } else {
    showAnswer(session, title, *answer);
  }
  return exits::kDone;
}

/// The tasks of a service that are not where they should be, the first few.
Result<json> waitingTasks(const Session& session, const std::string& service) {
  auto arns = session.listInCluster("ListTasks", {{"serviceName", service}}, "taskArns");
  if (!arns) return arns.error();
  auto tasks = describeAll(session, "tasks", textsOf(*arns));
  if (!tasks) return tasks.error();
  json out = json::array();
  for (const json& task : *tasks) {
    if (taskStatus(task) == "RUNNING" || out.size() >= kTasksShown) continue;
    auto answer = askWhy(session, {{"task", textAt(task, "taskArn")}});
    if (answer) out.push_back(std::move(*answer));
  }
  return out;
}

void showService(const Session& session, const json& service, const json& why, const json& waiting) {
  session.out << "service " << textAt(service, "serviceName") << " is " << textAt(service, "status")
              << ": desired " << numberAt(service, "desiredCount") << ", running "
              << numberAt(service, "runningCount") << ", pending " << numberAt(service, "pendingCount")
              << "\n";
  for (const json& deployment : listAt(service, "deployments")) {
    const std::string state = textAt(deployment, "rolloutState");
    session.out << "deployment " << textAt(deployment, "id") << " (" << textAt(deployment, "status")
                << ") of " << idOf(textAt(deployment, "taskDefinition")) << ": "
                << session.paint(state, toneOf(state));
    if (const std::string reason = textAt(deployment, "rolloutStateReason"); !reason.empty())
      session.out << ": " << reason;
    session.out << "; failed " << numberAt(deployment, "failedTasks") << "\n";
  }
  if (const std::string waits = textAt(why, "waitsFor"); !waits.empty()) {
    session.out << "waits for " << session.paint(waits, Tone::Wait);
    if (why.contains("since") && why["since"].is_string())
      session.out << ", since " << momentOf(session, why, "since");
    if (why.contains("until")) session.out << ", until " << textAt(why, "until");
    session.out << "\n";
  }
  for (const json& task : waiting) {
    const json what = task.value("what", json::object());
    showAnswer(session, "task " + idOf(textAt(what, "task")), task);
  }
  const json& events = listAt(service, "events");
  if (!events.empty()) session.out << "last events:\n";
  for (size_t i = 0; i < std::min(events.size(), kEventsShown); ++i) {
    const auto at = timeAt(events[i], "createdAt");
    session.out << "  " << (at ? toRfc3339(*at) : "") << " " << textAt(events[i], "message") << "\n";
  }
}

Result<int> whyService(Session& session, const WhyOptions& options, const std::string& name) {
  auto service = describeService(session, name);
  if (!service) return service.error();
  auto waiting = waitingTasks(session, textAt(*service, "serviceName"));
  if (!waiting) return waiting.error();
  const auto asked = askWhy(
      session, {{"cluster", session.target.cluster.value}, {"service", textAt(*service, "serviceName")}});
  // The API alone says the rest.
  const json why = asked ? *asked : json::object();
  if (options.json) {
    session.print({{"service", *service}, {"why", why}, {"waiting", *waiting}});
  } else {
    showService(session, *service, why, *waiting);
  }
  return exits::kDone;
}

Result<int> whyPlacement(Session& session, const WhyOptions& options) {
  return whyOf(session, options, "a task of " + options.name,
               {{"cluster", session.target.cluster.value}, {"taskDefinition", options.name}});
}

/// What kind of thing an ARN names, in our words.
std::string kindOfArn(const std::string& arn) {
  if (arn.find(":task-definition/") != std::string::npos) return "placement";
  if (arn.find(":container-instance/") != std::string::npos) return "node";
  if (arn.find(":service/") != std::string::npos) return "service";
  return "task";
}

Result<int> why(Session& session, WhyOptions options) {
  if (options.kind.empty() && options.name.starts_with("arn:")) options.kind = kindOfArn(options.name);
  const bool any = options.kind.empty();
  std::string tried;
  if (options.kind == "service" || any) {
    auto service = findService(session, options.name);
    if (service) return whyService(session, options, service->arn);
    if (!any || service.error().code != Code::NotFound) return service.error();
    tried = "a service";
  }
  if (options.kind == "task" || (any && looksLikeId(options.name))) {
    auto task = findTask(session, options.name);
    if (task) {
      auto answer = whyOf(session, options, "task " + task->id, {{"task", task->arn}});
      if (answer || !any || answer.error().code != Code::NotFound) return answer;
    } else if (!any || task.error().code != Code::NotFound) {
      return task.error();
    }
    tried += ", a task";
  }
  if (options.kind == "node" || any) {
    auto node = findNode(session, options.name);
    if (node) return whyOf(session, options, "node " + node->id, {{"instance", node->arn}});
    if (!any || node.error().code != Code::NotFound) return node.error();
    tried += ", a node";
  }
  auto placement = whyPlacement(session, options);
  if (placement || !any) return placement;
  return makeError(Code::NotFound, "nothing here is called '" + options.name + "': it is neither " + tried +
                                       " nor a task definition of cluster '" + session.target.cluster.value +
                                       "'");
}

}  // namespace

void addWhy(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<WhyOptions>();
  CLI::App* sub =
      app.add_subcommand("why", "What a task, service, node or placement waits for, and what ended it");
  sub->add_option(
         "name", options->name,
         "A service, a task or node (the beginning of its id), or a task definition: would it find a place?")
      ->required()
      ->type_name("NAME");
  sub->add_option("--as", options->kind, "What it is, where several are called so")
      ->check(CLI::IsMember({"task", "service", "node", "placement"}));
  sub->add_flag("--json", options->json, "As the controller tells it");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return why(session, *options); }; });
}

}  // namespace berth::cli
