#include "controller/server/extension.hpp"

#include <algorithm>
#include <utility>

#include "common/async/callback.hpp"
#include "common/text/number.hpp"
#include "controller/api/render.hpp"
#include "controller/explain/causes.hpp"
#include "controller/explain/found.hpp"
#include "controller/explain/summary.hpp"
#include "controller/server/event_stream.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kFind = "/v1/tasks";
constexpr std::string_view kTasks = "/v1/tasks/";
constexpr Duration kHeartbeat = std::chrono::seconds(15);

std::string valueOf(const http::Query& query, std::string_view name) {
  const auto found = std::ranges::find(query, name, &http::Query::value_type::first);
  return found == query.end() ? std::string() : found->second;
}

ApiError notFound(std::string message) { return {"ResourceNotFoundException", std::move(message), 404}; }

/// The parameter that is none of those that a path takes.
std::optional<ApiError> unknownParameter(const http::Query& query, std::initializer_list<const char*> known) {
  std::string all;
  for (const char* name : known) all += (all.empty() ? "" : ", ") + std::string(name);
  for (const auto& [name, value] : query) {
    if (std::ranges::find(known, name) == known.end())
      return invalidParameter("The parameter '" + name.substr(0, 100) + "' is not known here: use " +
                              (all.empty() ? "none" : all) + ".");
  }
  return std::nullopt;
}

http::Response jsonResponse(const Json& body) {
  http::Response out;
  out.headers.set("Content-Type", "application/json");
  out.body = json::dump(body) + "\n";
  return out;
}

/// What a record in the history says, in the form of a stopped task's why.
Json whyOfRecord(const Json& record) {
  const Json& task = record["task"];
  Json what{{"task", task.value("taskArn", "")}, {"cluster", task.value("clusterArn", "")}};
  if (task.contains("containerInstanceArn")) what["containerInstance"] = task["containerInstanceArn"];
  Json out{{"what", std::move(what)}, {"state", "STOPPED"},  {"desired", "STOPPED"},
           {"since", nullptr},        {"waitsFor", nullptr}, {"causes", record["causes"]}};
  if (task.contains("stoppedAt")) out["since"] = toRfc3339(fromEpochSeconds(task["stoppedAt"].get<double>()));
  return out;
}

}  // namespace

bool Extension::serves(const http::ServerRequest& request) {
  const bool reads = request.path.starts_with("/v1/") || request.path == "/events";
  return (request.method == "GET" && reads) || isJobsPath(request.path) || isAlarmsPath(request.path);
}

ApiResult<Question> Extension::read(const http::ServerRequest& request) const {
  const auto query = http::parseQuery(request.query);
  if (!query) return invalidParameter("The query can't be read.");
  if (request.path == "/v1/why") return readWhy(*query);
  if (request.path == "/v1/events" || request.path == "/events") return readEvents(request, *query);
  if (isJobsPath(request.path) || isAlarmsPath(request.path)) return readAction(request, *query);
  if (request.path == "/v1/summary") {
    if (auto error = unknownParameter(*query, {})) return *error;
    return Question{Question::About::Summary, "berth:Summary", "*", "", Json::object(), {}, 0, {}};
  }
  if (request.path == "/v1/discovery") return readDiscovery(*query);
  if (request.path == kFind) return readFound(*query);
  if (request.path.starts_with(kTasks)) {
    if (auto error = unknownParameter(*query, {})) return *error;
    const auto reference = http::percentDecode(request.path.substr(kTasks.size()));
    Question question{Question::About::Record, "berth:History", "", "", Json::object(), {}, 0, {}};
    return readTask(reference.value_or(""), std::move(question));
  }
  if (request.path == "/v1/logs") return readLogs(*query);
  return notFound(
      "There is nothing at this path: use /v1/why, /v1/tasks, /v1/tasks/ID, /v1/summary, /v1/events, "
      "/v1/logs, "
      "/v1/jobs, /v1/alarms or /v1/discovery.");
}

ApiResult<Question> Extension::readWhy(const http::Query& query) const {
  if (auto error = unknownParameter(query, {"task", "instance", "service", "cluster", "taskDefinition"}))
    return *error;
  const std::string task = valueOf(query, "task");
  const std::string instance = valueOf(query, "instance");
  const bool service = !valueOf(query, "service").empty();
  const bool placement = !valueOf(query, "taskDefinition").empty();
  if (int{!task.empty()} + int{!instance.empty()} + int{service} + int{placement} != 1)
    return invalidParameter(
        "Ask about one thing: task=, instance=, or service= or taskDefinition= with cluster=.");
  if (service) return readService(query);
  if (placement) return readPlacement(query);
  if (!instance.empty()) return readInstance(instance);
  return readTask(task, {Question::About::Task, "berth:Why", "", "", Json::object(), {}, 0, {}});
}

ApiResult<Question> Extension::readTask(const std::string& reference, Question question) const {
  const auto parsed = names().parseTask(reference);
  if (!parsed) return invalidParameter("'" + reference.substr(0, 300) + "' is no task's id or ARN.");
  const Task* task = state().task(parsed->id);
  // Of one that is in the history alone the cluster is known only when the reference says it.
  const std::string cluster = task ? task->spec->cluster : parsed->cluster.value_or("*");
  question.id = parsed->id;
  question.resource = names().task(cluster, parsed->id).str();
  return question;
}

ApiResult<Question> Extension::readInstance(const std::string& reference) const {
  const auto parsed = names().parseInstance(reference);
  if (!parsed)
    return invalidParameter("'" + reference.substr(0, 300) + "' is no container instance's id or ARN.");
  const Instance* instance = state().instance(parsed->id);
  const std::string cluster = instance ? instance->cluster : parsed->cluster.value_or("*");
  return Question{Question::About::Instance,
                  "berth:Why",
                  names().instance(cluster, parsed->id).str(),
                  parsed->id,
                  Json::object(),
                  {},
                  0,
                  {}};
}

ApiResult<Question> Extension::readPlacement(const http::Query& query) const {
  BERTH_API_TRY(cluster, readCluster(query));
  return Question{Question::About::Placement,
                  "berth:Why",
                  names().cluster(cluster).str(),
                  "",
                  Json{{"cluster", cluster}, {"taskDefinition", valueOf(query, "taskDefinition")}},
                  {},
                  0,
                  {}};
}

ApiResult<std::string> Extension::readCluster(const http::Query& query) const {
  std::string cluster = valueOf(query, "cluster");
  if (cluster.empty()) cluster = "default";
  const auto name = names().parseCluster(cluster);
  if (!name) return invalidParameter("'" + cluster.substr(0, 300) + "' is no cluster's name or ARN.");
  return name->str();
}

ApiResult<Question> Extension::readService(const http::Query& query) const {
  BERTH_API_TRY(cluster, readCluster(query));
  const std::string reference = valueOf(query, "service");
  const auto parsed = names().parseService(reference);
  if (!parsed) return invalidParameter("'" + reference.substr(0, 300) + "' is no service's name or ARN.");
  const std::string in = parsed->cluster.value_or(cluster);
  return Question{Question::About::Service,
                  "berth:Why",
                  names().service(in, parsed->id).str(),
                  Service::keyOf(in, parsed->id),
                  Json::object(),
                  {},
                  0,
                  {}};
}

ApiResult<Question> Extension::readFound(const http::Query& query) const {
  if (auto error = unknownParameter(query, {"cluster", "prefix"})) return *error;
  BERTH_API_TRY(cluster, readCluster(query));
  const std::string prefix = valueOf(query, "prefix");
  if (prefix.empty()) return invalidParameter("Say with prefix= what the ids of the tasks begin with.");
  return Question{Question::About::Found,
                  "berth:FindTasks",
                  names().cluster(cluster).str(),
                  prefix,
                  Json{{"cluster", cluster}},
                  {},
                  0,
                  {}};
}

ApiResult<Question> Extension::readEvents(const http::ServerRequest& request,
                                          const http::Query& query) const {
  if (auto error = unknownParameter(query, {"cluster", "task", "detail-type", "after"})) return *error;
  Question question{Question::About::Events, "berth:Events", "*", "", Json::object(), {}, 0, {}};
  if (const std::string cluster = valueOf(query, "cluster"); !cluster.empty()) {
    const auto name = names().parseCluster(cluster);
    if (!name) return invalidParameter("'" + cluster.substr(0, 300) + "' is no cluster's name or ARN.");
    question.filter.cluster = name->str();
    question.resource = names().cluster(name->str()).str();
  }
  if (const std::string task = valueOf(query, "task"); !task.empty()) {
    auto read = readTask(task, question);
    if (auto* error = std::get_if<ApiError>(&read)) return *error;
    question = std::get<Question>(std::move(read));
    question.filter.task = question.id;
  }
  for (const auto& [name, value] : query) {
    if (name != "detail-type") continue;
    if (!isDetailType(value))
      return invalidParameter("'" + value.substr(0, 100) + "' is no detail type of ECS's events.");
    question.filter.detailTypes.insert(value);
  }
  const std::string last(request.headers.get("Last-Event-ID").value_or(valueOf(query, "after")));
  const auto after = parseNumber<int64_t>(last);
  if (!last.empty() && (!after || *after < 0))
    return invalidParameter("Last-Event-ID (or after=) must be the id of an event, or 0 for the oldest.");
  question.after = after.value_or(deps_.feed.log().end() - 1);
  return question;
}

ApiResult<Question> Extension::readDiscovery(const http::Query& query) const {
  if (auto error = unknownParameter(query, {"cluster", "service"})) return *error;
  if (!deps_.discovery)
    return invalidParameter("Discovery is switched off: set discovery.listen in the controller's settings.");
  Question question{Question::About::Discovery, "berth:Discovery", "*", "", Json::object(), {}, 0};
  question.names.service = valueOf(query, "service");
  if (const std::string cluster = valueOf(query, "cluster"); !cluster.empty()) {
    const auto name = names().parseCluster(cluster);
    if (!name) return invalidParameter("'" + cluster.substr(0, 300) + "' is no cluster's name or ARN.");
    question.names.cluster = name->str();
    question.resource = names().cluster(name->str()).str();
  }
  return question;
}

ApiResult<Question> Extension::readAction(const http::ServerRequest& request,
                                          const http::Query& query) const {
  auto read = isJobsPath(request.path) ? readJobsRequest(request, query, names())
                                       : readAlarmsRequest(request, query, names());
  if (const auto* error = std::get_if<ApiError>(&read)) return *error;
  auto action = std::get<ActionRequest>(std::move(read));
  Question question{Question::About::Action, action.operation, action.resource, "", Json::object(), {}, 0};
  question.action = std::move(action);
  return question;
}

AgentFacts Extension::factsOf(const std::string& instance) const {
  AgentFacts facts;
  facts.lostAt = deps_.feed.lostSince(instance);
  const Delivery* session = deps_.runner.core().session(instance);
  if (!session) return facts;
  facts.connected = true;
  const Now now = deps_.clock.now();
  facts.heardAt =
      now.wall - std::chrono::duration_cast<std::chrono::milliseconds>(now.mono - session->heardAt());
  return facts;
}

Json Extension::whyOf(const Task& task) const {
  const Delivery* session = deps_.runner.core().session(task.instance);
  Handover handover = Handover::NotSent;
  if (session) handover = static_cast<Handover>(session->told(task.id));
  return whyTask(state(), names(), task, factsOf(task.instance), handover,
                 deps_.runner.core().waiting().waitOf(task.id));
}

ApiResult<Json> Extension::serviceWhy(const Question& question) const {
  const Service* service = state().service(question.id);
  if (!service) return notFound("The service was not found.");
  const WallTime now = deps_.clock.now().wall;
  return whyService(state(), names(), *service, deps_.runner.core().services().factsOf(*service, now), now);
}

Async<ApiResult<Json>> Extension::record(Question question) const {
  const bool why = question.about == Question::About::Task;
  if (const Task* task = state().task(question.id))
    co_return why ? whyOf(*task) : Json::parse(recordOf(state(), names(), *task));
  auto found = co_await deps_.history.find(question.id);
  if (!found) co_return ApiError{"ServerException", found.error().message, 500};
  const ecs::Names& all = names();
  const std::string in_any = all.task("*", question.id).str();
  const bool known =
      *found && (question.resource == in_any || (**found)["task"].value("taskArn", "") == question.resource);
  if (!known) co_return notFound("The task is neither in the state nor in the history.");
  co_return why ? whyOfRecord(**found) : **found;
}

Async<ApiResult<Json>> Extension::perform(ActionRequest request, Caller caller) {
  if (!request.changes) co_return deps_.runner.ask(request.action, request.input, caller);
  auto done = co_await loopAwait<ApiResult<Json>>([&](auto reply) {
    deps_.runner.perform(request.action, request.input, caller,
                         [reply](Reply result) { reply(treeOf(std::move(result))); });
  });
  if (!done) co_return ApiError{"ServerException", done.error().message, 500};
  if (const auto* error = std::get_if<ApiError>(&*done)) co_return *error;
  co_return jobsAnswer(request, std::get<Json>(*std::move(done)), state(), names());
}

Json Extension::summary() const {
  Json out = summaryOf(state(), names());
  const EventLog& log = deps_.feed.log();
  out["events"] = {{"oldest", std::to_string(log.begin())}, {"last", std::to_string(log.end() - 1)}};
  out["history"] = {{"tasks", nullptr}};
  if (const auto size = deps_.history.size()) out["history"]["tasks"] = *size;
  out["storeWritable"] = deps_.runner.healthy();
  return out;
}

http::StreamedResponse Extension::stream(Question question) const {
  http::StreamedResponse out;
  out.head.headers.set("Content-Type", "text/event-stream");
  out.head.headers.set("Cache-Control", "no-store");
  CoreRunner& runner = deps_.runner;
  // The core may be made anew while someone listens.
  auto render = [&runner](const Change& change) {
    return eventOf(change, runner.core().state(), runner.core().names());
  };
  out.body = std::make_shared<EventStream>(deps_.feed, std::move(question.filter), question.after,
                                           std::move(render), kHeartbeat);
  return out;
}

Async<ApiResult<http::Answer>> Extension::answer(Question question, Caller caller) {
  ApiResult<Json> body = Json();
  switch (question.about) {
    case Question::About::Events:
      co_return http::Answer(stream(std::move(question)));
    case Question::About::Logs:
      co_return co_await logs(std::move(question));
    case Question::About::Summary:
      body = summary();
      break;
    case Question::About::Discovery:
      body = targetsOf(*deps_.discovery, question.names);
      break;
    case Question::About::Service:
      body = serviceWhy(question);
      break;
    case Question::About::Found:
      body = tasksBeginningWith(state(), names(), text(question.input, "cluster"), question.id);
      break;
    case Question::About::Placement:
      body = deps_.runner.ask(whyPlacement, question.input, caller);
      break;
    case Question::About::Instance: {
      const Instance* instance = state().instance(question.id);
      const bool known =
          instance && names().instance(instance->cluster, instance->id).str() == question.resource;
      if (!known) co_return notFound("The container instance was not found.");
      body = whyInstance(state(), names(), *instance, factsOf(instance->id));
      break;
    }
    case Question::About::Action:
      body = co_await perform(std::move(question.action), std::move(caller));
      break;
    case Question::About::Task:
    case Question::About::Record:
      body = co_await record(std::move(question));
      break;
  }
  if (const auto* error = std::get_if<ApiError>(&body)) co_return *error;
  co_return http::Answer(jsonResponse(std::get<Json>(body)));
}

}  // namespace berth::controller
