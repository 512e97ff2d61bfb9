#include "controller/server/gateway.hpp"

#include "common/async/callback.hpp"
#include "common/aws/json_request.hpp"
#include "controller/operations/table.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kTargetPrefix = "AmazonEC2ContainerServiceV20141113";

http::Response plain(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(body);
  return response;
}

aws::VerifierConfig verifierConfig(const std::string& region) {
  aws::VerifierConfig config;
  config.service = "ecs";
  config.region = region;
  return config;
}

/// A refused websocket names one of the few exceptions that agents know there (amazon-ecs-agent,
/// ecs-agent/wsclient): one that lasts, or one to try again after.
http::Response refusedUpgrade(const ApiError& error) {
  bool passes = error.type == "ThrottlingException";
  http::Response response;
  response.status = passes ? 503 : 403;
  response.headers.set("Content-Type", "application/json");
  const char* known = passes ? "ServerException" : "AccessDeniedException";
  response.body = json::dump(Json{{known, error.type + ": " + error.message}});
  return response;
}

}  // namespace

http::Response errorResponse(int status, std::string message) {
  std::string type = status == 413   ? "RequestEntityTooLargeException"
                     : status == 500 ? "ServerException"
                                     : "BadRequestException";
  return aws::toResponse(ApiError{type, std::move(message), status}, "");
}

Gateway::Gateway(GatewayOptions options, aws::Verifier::Lookup lookup, CoreRunner& runner,
                 AgentSessions& sessions, Random& random, const Clock& clock, Log& log)
    : options_(std::move(options)),
      verifier_(verifierConfig(options_.region), std::move(lookup)),
      runner_(runner),
      sessions_(sessions),
      random_(random),
      clock_(clock),
      log_(log),
      startedAt_(std::chrono::floor<std::chrono::seconds>(clock.now().wall)),
      calls_(metrics_.counter("berth_api_calls_total", "API calls that arrived")),
      refused_(metrics_.counter("berth_api_refused_total", "API calls and websockets that were refused")) {}

ApiResult<std::string> Gateway::authenticate(const http::ServerRequest& request, bool changes) {
  if (!options_.authenticate) return std::string("anonymous");
  Now now = clock_.now();
  aws::SignedRequest signed_request{request.method, request.target, request.headers, request.body};
  auto verified = verifier_.verify(signed_request, now.wall);
  if (const auto* error = std::get_if<ApiError>(&verified)) return *error;
  const auto& caller = std::get<aws::Caller>(verified);
  // Clients sign with a resolution of one second, so two equal calls within it look like a replay. They are
  // told to try again, which their SDKs do by themselves, with a new signature.
  // What an earlier run of the controller has served is not known any more, so what was signed before this
  // run is refused alike.
  auto signed_at = parseAmzDate(request.headers.get("X-Amz-Date").value_or(""));
  bool known_run = signed_at && *signed_at >= startedAt_;
  if (changes && (!known_run || !replays_.firstUse(caller.signature, now.mono))) {
    return ApiError{
        "ThrottlingException",
        "A request with this signature may have been served already: sign it anew and try again."};
  }
  return caller.accessKeyId;
}

Async<http::Response> Gateway::handle(http::ServerRequest request) {
  if (request.method == "GET" && request.path == "/health") {
    co_return runner_.healthy() ? plain(200, "ok\n") : plain(503, "the store can't be written\n");
  }
  if (request.method == "GET" && request.path == "/metrics") co_return metrics();
  co_return co_await call(std::move(request));
}

Async<http::Response> Gateway::call(http::ServerRequest request) {
  std::string id = randomUuid(random_);
  calls_.add();
  auto refuse = [&](const ApiError& error) {
    refused_.add();
    log_.debug("refused a call", {{"request", id}, {"remote", request.remoteAddress}, {"error", error.type}});
    return aws::toResponse(error, id);
  };
  auto read = aws::readJsonRequest(request.method, request.headers, request.body);
  const auto* json = std::get_if<aws::JsonRequest>(&read);
  const OperationEntry* entry = json ? findAction(json->operation) : nullptr;
  bool changes = !entry || !entry->reads;
  auto who = authenticate(request, changes);
  if (const auto* error = std::get_if<ApiError>(&who)) co_return refuse(*error);
  if (!json) co_return refuse(std::get<ApiError>(read));
  if (json->targetPrefix != kTargetPrefix) {
    ApiError unknown{"UnknownOperationException", "Unknown target: " + json->targetPrefix.substr(0, 100)};
    co_return refuse(unknown);
  }
  Caller caller;
  caller.accessKeyId = std::get<std::string>(who);
  auto host = request.headers.get("Host");
  caller.endpoint = std::string(options_.tls ? "https://" : "http://") + std::string(host.value_or(""));
  Json input = Json::parse(json->body);
  std::string operation = json->operation;
  auto result = co_await loopAwait<ApiResult<Json>>([&](auto done) {
    runner_.call(operation, std::move(input), caller,
                 [done](ApiResult<Json> reply) { done(std::move(reply)); });
  });
  if (!result) co_return refuse(ApiError{"ServerException", result.error().message, 500});
  if (const auto* error = std::get_if<ApiError>(&*result)) co_return refuse(*error);
  log_.debug("served a call", {{"request", id}, {"operation", operation}, {"key", caller.accessKeyId}});
  co_return aws::successResponse(json::dump(std::get<Json>(*result)), id);
}

Async<http::UpgradeDecision> Gateway::upgrade(http::ServerRequest request) {
  bool acs = request.path == "/v1/acs/ws" || request.path == "/v1/acs/";
  bool tcs = request.path == "/v1/tcs/ws" || request.path == "/v1/tcs/";
  if (!acs && !tcs) co_return plain(404, "there is no websocket at this path\n");
  auto who = authenticate(request, /*changes=*/true);
  if (const auto* error = std::get_if<ApiError>(&who)) {
    refused_.add();
    co_return refusedUpgrade(*error);
  }
  auto query = http::parseQuery(request.query);
  if (!query) co_return plain(400, "the query can't be read\n");
  co_return acs ? sessions_.acs(*query) : sessions_.tcs(*query);
}

/// What follows from the state is counted when it is asked for: it is asked for seldom.
http::Response Gateway::metrics() {
  const State& state = runner_.core().state();
  size_t connected = 0;
  for (const auto& [id, instance] : state.instances()) connected += instance.connected;
  std::map<TaskStatus, size_t> by_status;
  for (const auto& task : state.tasks()) ++by_status[task->lastStatus];
  metrics_.gauge("berth_agents_connected", "agents with a command session")
      .set(static_cast<double>(connected));
  for (TaskStatus status :
       {TaskStatus::Pending, TaskStatus::Running, TaskStatus::Stopping, TaskStatus::Stopped}) {
    metrics_.gauge("berth_tasks", "tasks by lastStatus", {{"status", std::string(name(status))}})
        .set(static_cast<double>(by_status[status]));
  }
  http::Response response = plain(200, metrics_.render());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

}  // namespace berth::controller
