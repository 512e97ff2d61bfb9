// What the controller answers beyond the ECS API: /v1/why, /v1/tasks, /v1/tasks/ID, /v1/summary, /v1/events,
// /v1/logs, /v1/discovery, /v1/jobs, /v1/alarms.
#pragma once

#include <string>

#include "common/http/server.hpp"
#include "controller/api/context.hpp"
#include "controller/discovery/list.hpp"
#include "controller/events/render_event.hpp"
#include "controller/explain/why.hpp"
#include "controller/server/alarms_endpoint.hpp"
#include "controller/server/core_runner.hpp"
#include "controller/server/event_feed.hpp"
#include "controller/server/history.hpp"
#include "controller/server/jobs_endpoint.hpp"
#include "controller/server/streams.hpp"

namespace berth::controller {

/// A question that was understood.
struct Question {
  enum class About {
    Task,
    Instance,
    Service,
    Placement,
    Found,
    Record,
    Summary,
    Events,
    Logs,
    Discovery,
    Action
  };

  About about = About::Summary;
  std::string operation;        ///< as policies know it: "berth:Why"
  std::string resource;         ///< the ARN that it is about, or "*"
  std::string id;               ///< of the task or instance, or the beginning of one; of a service its key
  Json input = Json::object();  ///< of a placement: cluster and taskDefinition; of a search: cluster
  EventFilter filter;
  int64_t after = 0;              ///< the position behind which events are wanted
  acs::OpenStreamMessage logs{};  ///< which are wanted
  ListFilter names = {};          ///< that are to be listed
  ActionRequest action = {};
};

struct ExtensionDeps {
  CoreRunner& runner;
  EventFeed& feed;
  History& history;
  Streams& streams;
  const Clock& clock;
  const DiscoveryIndex* discovery = nullptr;  ///< null: it is switched off
};

class Extension {
 public:
  explicit Extension(ExtensionDeps deps) : deps_(deps) {}

  static bool serves(const http::ServerRequest& request);

  /// ResourceNotFoundException (404) for a path or a reference that is none of ours,
  /// InvalidParameterException for a query that can't be meant.
  ApiResult<Question> read(const http::ServerRequest& request) const;
  /// Answers someone who may ask. TaskNotFound and the like are errors of status 404.
  Async<ApiResult<http::Answer>> answer(Question question, Caller caller);

 private:
  ApiResult<Question> readWhy(const http::Query& query) const;
  ApiResult<Question> readTask(const std::string& reference, Question question) const;
  ApiResult<Question> readInstance(const std::string& reference) const;
  ApiResult<Question> readPlacement(const http::Query& query) const;
  ApiResult<Question> readService(const http::Query& query) const;
  ApiResult<Question> readFound(const http::Query& query) const;
  /// The name of the cluster that a query means; "default" unless it says one.
  ApiResult<std::string> readCluster(const http::Query& query) const;
  ApiResult<Question> readAction(const http::ServerRequest& request, const http::Query& query) const;
  ApiResult<Question> readLogs(const http::Query& query) const;
  ApiResult<Question> readEvents(const http::ServerRequest& request, const http::Query& query) const;
  ApiResult<Question> readDiscovery(const http::Query& query) const;

  const State& state() const { return deps_.runner.core().state(); }
  const ecs::Names& names() const { return deps_.runner.core().names(); }
  AgentFacts factsOf(const std::string& instance) const;
  Json whyOf(const Task& task) const;
  ApiResult<Json> serviceWhy(const Question& question) const;
  Async<ApiResult<Json>> record(Question question) const;
  Async<ApiResult<Json>> perform(ActionRequest request, Caller caller);
  Json summary() const;
  Async<ApiResult<http::Answer>> logs(Question question) const;
  http::StreamedResponse stream(Question question) const;

  ExtensionDeps deps_;
};

}  // namespace berth::controller
