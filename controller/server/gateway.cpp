#include "controller/server/gateway.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "common/async/callback.hpp"
#include "common/aws/json_request.hpp"
#include "proto/ecs/text.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kTargetPrefix = "AmazonEC2ContainerServiceV20141113";
/// Refused calls of nobody known in the audit log.
constexpr Rate kStrangers{10, 100};
/// Resources of a call in the audit log, and bytes of each: no valid call has more.
constexpr size_t kMostTold = 100;
constexpr size_t kLongestTold = 600;

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

/// What a session's query says, as the members of a call. Both spellings of the cluster are agents'.
Json sessionInput(const http::Query& query, bool acs) {
  Json input = Json::object();
  for (const auto& [name, value] : query) {
    if (name == (acs ? "clusterArn" : "cluster")) input.emplace("cluster", value);
    if (name == (acs ? "containerInstanceArn" : "containerInstance"))
      input.emplace("containerInstance", value);
  }
  return input;
}

/// The access key id that a request claims, before anything of it is known to be true.
std::string claimedKey(const http::Headers& headers) {
  constexpr std::string_view kCredential = "Credential=";
  constexpr size_t kLongest = 128;
  const std::string_view text = headers.get("Authorization").value_or("");
  const size_t at = text.find(kCredential);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kCredential.size());
  return std::string(rest.substr(0, std::min(rest.find('/'), kLongest)));
}

}  // namespace

http::Response errorResponse(int status, std::string message) {
  std::string type = status == 413   ? "RequestEntityTooLargeException"
                     : status == 500 ? "ServerException"
                                     : "BadRequestException";
  return aws::toResponse(ApiError{type, std::move(message), status}, "");
}

Gateway::Gateway(GatewayOptions options, GatewayDeps deps)
    : options_(std::move(options)),
      deps_(deps),
      verifier_(verifierConfig(options_.region),
                [this](std::string_view id) { return deps_.callers.credentials(id); }),
      throttle_(options_.throttle),
      startedAt_(std::chrono::floor<std::chrono::seconds>(deps_.clock.now().wall)) {
  if (options_.authenticate) return;
  const ecs::Names& names = deps_.runner.core().names();
  anyone_ = std::make_shared<const KnownCaller>(KnownCaller{rootOf(names), Rights::All, {}});
}

Gateway::Asked Gateway::begin(std::string source, std::string operation, bool changes) {
  Asked asked;
  asked.changes = changes;
  asked.audited = changes && isKnownOperation(operation);
  asked.audit.time = deps_.clock.now().wall;
  asked.audit.requestId = randomUuid(deps_.random);
  asked.audit.source = std::move(source);
  asked.audit.operation = isKnownOperation(operation) ? std::move(operation) : "";
  return asked;
}

std::optional<ApiError> Gateway::identify(const http::ServerRequest& request, Asked& asked) {
  if (!options_.authenticate) {
    asked.caller = anyone_;
    asked.audit.accessKeyId = "anonymous";
  } else {
    asked.audit.accessKeyId = claimedKey(request.headers);
    aws::SignedRequest signed_request{request.method, request.target, request.headers, request.body};
    auto verified = verifier_.verify(signed_request, deps_.clock.now().wall);
    if (const auto* error = std::get_if<ApiError>(&verified)) return *error;
    auto& who = std::get<aws::Caller>(verified);
    asked.caller = deps_.callers.find(who.accessKeyId)->caller;
    asked.audit.accessKeyId = who.accessKeyId;
    asked.signature = std::move(who.signature);
  }
  asked.audit.principal = asked.caller->principal;
  return std::nullopt;
}

std::optional<ApiError> Gateway::replayed(const http::ServerRequest& request, const Asked& asked) {
  if (!options_.authenticate || !asked.changes) return std::nullopt;
  // Clients sign with a resolution of one second, so two equal calls within it look like a replay. They are
  // told to try again, which their SDKs do by themselves, with a new signature.
  // What an earlier run of the controller has served is not known any more, so what was signed before this
  // run is refused alike.
  auto signed_at = parseAmzDate(request.headers.get("X-Amz-Date").value_or(""));
  bool known_run = signed_at && *signed_at >= startedAt_;
  if (known_run && replays_.firstUse(asked.signature, deps_.clock.now().mono)) return std::nullopt;
  return ApiError{"ThrottlingException",
                  "A request with this signature may have been served already: sign it anew and try again."};
}

std::optional<ApiError> Gateway::authorized(const Json& input, Asked& asked) {
  if (!isKnownOperation(asked.audit.operation)) return std::nullopt;
  if (asked.caller->rights == Rights::All && !deps_.audit.on()) return std::nullopt;
  const Controller& core = deps_.runner.core();
  const auto needs = needsOf(asked.audit.operation, input, core.names(), core.state());
  for (const Need& need : std::span(needs).first(std::min(needs.size(), kMostTold)))
    asked.audit.resources.emplace_back(ecs::cut(need.resource, kLongestTold));
  const CallFacts facts{asked.audit.operation, input, sourceAddress(asked.audit.source), options_.tls};
  return authorize(*asked.caller, facts, needs, core.names(), core.state());
}

std::optional<ApiError> Gateway::mayLaunch(const Json& launch, const Asked& asked) {
  if (launch.is_null() || asked.caller->rights == Rights::All) return std::nullopt;
  const Controller& core = deps_.runner.core();
  const auto needs = needsOf("RunTask", launch, core.names(), core.state());
  const CallFacts facts{"RunTask", launch, sourceAddress(asked.audit.source), options_.tls};
  return authorize(*asked.caller, facts, needs, core.names(), core.state());
}

void Gateway::record(Asked& asked, const std::string& outcome) {
  if (!deps_.audit.on()) return;
  asked.audit.outcome = outcome;
  asked.audit.leftOut = std::exchange(leftOut_, 0);
  if (!deps_.audit.write(asked.audit)) deps_.metrics.unrecorded.add();
}

/// Who comes too fast is counted, not told: telling would cost as much as serving. What nobody known does is
/// told a few times a second: they must not fill the disk.
void Gateway::recordRefusal(Asked& asked, const ApiError& error) {
  if (error.type == "ThrottlingException") return;
  if (!asked.caller) {
    if (strangers_.take(kStrangers, deps_.clock.now().mono)) return record(asked, error.type);
    ++leftOut_;
  } else if (asked.audited || error.type == "AccessDeniedException") {
    record(asked, error.type);
  }
}

void Gateway::noteRefusal(Asked& asked, const ApiError& error) {
  deps_.metrics.refused.add();
  deps_.log.debug("refused a call", {{"request", asked.audit.requestId},
                                     {"remote", asked.audit.source},
                                     {"principal", asked.audit.principal},
                                     {"error", error.type}});
  recordRefusal(asked, error);
}

http::Response Gateway::refuse(Asked& asked, const ApiError& error) {
  noteRefusal(asked, error);
  return aws::toResponse(error, asked.audit.requestId);
}

void Gateway::noteOutcome(Asked& asked, const std::string& operation, const Reply& answer, MonoTime begun) {
  deps_.metrics.served(operation, answer, deps_.clock.now().mono - begun);
  if (const auto* error = std::get_if<ApiError>(&answer)) return noteRefusal(asked, *error);
  if (asked.audited) record(asked, "ok");
  deps_.log.debug(
      "served a call",
      {{"request", asked.audit.requestId}, {"operation", operation}, {"key", asked.audit.accessKeyId}});
}

Async<http::Response> Gateway::handle(http::ServerRequest request) {
  if (request.method == "GET" && request.path == "/health") {
    co_return deps_.runner.healthy() ? plain(200, "ok\n") : plain(503, "the store can't be written\n");
  }
  if (request.method == "GET" && request.path == "/metrics") {
    http::Response response = plain(200, deps_.metrics.render());
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    co_return response;
  }
  co_return co_await call(std::move(request));
}

Async<http::Response> Gateway::call(http::ServerRequest request) {
  deps_.metrics.calls.add();
  Json input;
  auto read = aws::readJsonRequest(request.method, request.headers, request.body, input);
  const auto* json = std::get_if<aws::JsonRequest>(&read);
  const std::string operation = json ? json->operation : "";
  const OperationEntry* entry = findAction(operation);
  Asked asked = begin(request.remoteAddress, operation, !entry || !entry->reads);
  if (entry && entry->repeats) asked.changes = false;
  if (auto error = identify(request, asked)) co_return refuse(asked, *error);
  if (!throttle_.admit(asked.audit.principal, operation, deps_.clock.now().mono)) {
    deps_.metrics.throttled.add();
    co_return refuse(asked, ApiError{"ThrottlingException", "Rate exceeded"});
  }
  if (auto error = replayed(request, asked)) co_return refuse(asked, *error);
  if (!json) co_return refuse(asked, std::get<ApiError>(read));
  if (json->targetPrefix != kTargetPrefix) {
    ApiError unknown{"UnknownOperationException", "Unknown target: " + json->targetPrefix.substr(0, 100)};
    co_return refuse(asked, unknown);
  }
  if (auto error = authorized(input, asked)) co_return refuse(asked, *error);
  Caller caller = callerOf(request, asked, options_.tls);
  co_return co_await perform(operation, std::move(input), std::move(caller), std::move(asked));
}

Caller Gateway::callerOf(const http::ServerRequest& request, const Asked& asked, bool tls) {
  const auto host = request.headers.get("Host");
  return Caller{asked.audit.accessKeyId,
                std::string(tls ? "https://" : "http://") + std::string(host.value_or("")),
                asked.audit.principal};
}

Async<http::Response> Gateway::perform(std::string operation, Json input, Caller caller, Asked asked) {
  const MonoTime begun = deps_.clock.now().mono;
  const std::string command = operation == "ExecuteCommand" ? text(input, "command") : "";
  auto result = co_await loopAwait<Reply>([&](auto done) {
    deps_.runner.call(operation, std::move(input), caller, [done](Reply reply) { done(std::move(reply)); });
  });
  Reply reply = result ? *std::move(result) : ApiError{"ServerException", result.error().message, 500};
  if (auto* agreed = std::get_if<Json>(&reply); agreed && operation == "ExecuteCommand") {
    auto session = deps_.streams.grant(*agreed, command, asked.audit, caller.endpoint);
    if (auto* granted = std::get_if<Json>(&session)) {
      (*agreed)["session"] = std::move(*granted);
    } else {
      reply = std::get<ApiError>(std::move(session));
    }
  }
  noteOutcome(asked, operation, reply, begun);
  if (const auto* error = std::get_if<ApiError>(&reply))
    co_return aws::toResponse(*error, asked.audit.requestId);
  co_return aws::successResponse(textOf(std::move(reply)), asked.audit.requestId);
}

Async<http::Answer> Gateway::answer(http::ServerRequest request) {
  if (!Extension::serves(request)) co_return co_await handle(std::move(request));
  auto read = deps_.extension.read(request);
  auto* question = std::get_if<Question>(&read);
  const bool changes = question && question->action.changes;
  Asked asked = begin(request.remoteAddress, question ? question->operation : "berth:Why", changes);
  if (auto error = identify(request, asked)) co_return refuse(asked, *error);
  if (!throttle_.admit(asked.audit.principal, asked.audit.operation, deps_.clock.now().mono)) {
    deps_.metrics.throttled.add();
    co_return refuse(asked, ApiError{"ThrottlingException", "Rate exceeded"});
  }
  // One that is not written down among what policies can allow is nobody's, not everybody's.
  if (question && !isKnownOperation(question->operation))
    co_return refuse(asked,
                     ApiError{"AccessDeniedException", "No policy can allow " + question->operation + "."});
  if (auto error = replayed(request, asked)) co_return refuse(asked, *error);
  // What there is and is not, only who may ask learns.
  const Json needs{{"resource", question ? question->resource : "*"}};
  if (auto error = authorized(needs, asked)) co_return refuse(asked, *error);
  if (!question) co_return refuse(asked, std::get<ApiError>(read));
  if (auto error = mayLaunch(question->action.launch, asked)) co_return refuse(asked, *error);
  Caller caller = callerOf(request, asked, options_.tls);
  auto answer = co_await deps_.extension.answer(std::move(*question), std::move(caller));
  if (const auto* error = std::get_if<ApiError>(&answer)) co_return refuse(asked, *error);
  if (asked.audited) record(asked, "ok");
  auto& given = std::get<http::Answer>(answer);
  if (const auto* streamed = std::get_if<http::StreamedResponse>(&given))
    deps_.ends.add(asked.audit.accessKeyId, std::weak_ptr(streamed->body));
  co_return std::move(given);
}

Async<http::UpgradeDecision> Gateway::upgradeStream(http::ServerRequest request) {
  // Who may hold the instance's command session may open its streams.
  Asked asked = begin(request.remoteAddress, "Poll", /*changes=*/true);
  const auto query = http::parseQuery(request.query);
  auto error = identify(request, asked);
  if (!error) error = replayed(request, asked);
  if (!error && !query) co_return plain(400, "the query can't be read\n");
  const Json input = query ? sessionInput(*query, true) : Json::object();
  if (!error) error = authorized(input, asked);
  if (error) {
    static_cast<void>(refuse(asked, *error));
    co_return refusedUpgrade(*error);
  }
  const auto instance = deps_.runner.core().names().parseInstance(text(input, "containerInstance"));
  co_return kept(deps_.streams.agent(request, instance ? instance->id : ""), asked.audit.accessKeyId,
                 deps_.ends);
}

/// Who is on the way in is never asked to be slower: sessions carry heartbeats.
Async<http::UpgradeDecision> Gateway::upgrade(http::ServerRequest request) {
  if (Streams::servesClient(request)) co_return deps_.streams.client(request);
  if (Streams::servesAgent(request)) co_return co_await upgradeStream(std::move(request));
  bool acs = request.path == "/v1/acs/ws" || request.path == "/v1/acs/";
  bool tcs = request.path == "/v1/tcs/ws" || request.path == "/v1/tcs/";
  if (!acs && !tcs) co_return plain(404, "there is no websocket at this path\n");
  Asked asked = begin(request.remoteAddress, acs ? "Poll" : "StartTelemetrySession", /*changes=*/true);
  auto query = http::parseQuery(request.query);
  auto error = identify(request, asked);
  if (!error) error = replayed(request, asked);
  if (!error && !query) co_return plain(400, "the query can't be read\n");
  const Json input = query ? sessionInput(*query, acs) : Json::object();
  if (!error) error = authorized(input, asked);
  if (error) {
    static_cast<void>(refuse(asked, *error));
    co_return refusedUpgrade(*error);
  }
  const std::string key = asked.audit.accessKeyId;
  if (tcs) co_return kept(deps_.sessions.tcs(*query), key, deps_.ends);
  const auto offered = request.headers.get(acs::kExtensionsHeader).value_or("");
  const auto instance = deps_.runner.core().names().parseInstance(textOf(input, "containerInstance"));
  const std::string address = sourceAddress(asked.audit.source);
  Holder holder{callerOf(request, asked, options_.tls), asked.audit.source, instance ? instance->id : ""};
  co_return kept(
      deps_.sessions.acs(*query, address, acs::Extensions::parse(offered), reportsOf(std::move(holder))), key,
      deps_.ends);
}

}  // namespace berth::controller
