#include "controller/server/streams.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "controller/server/exec_session.hpp"
#include "controller/server/log_body.hpp"
#include "controller/streams/words.hpp"
#include "proto/json/fields.hpp"
#include "proto/ssm/message.hpp"

namespace berth::controller {
namespace {

using streams::Channel;
using streams::Failure;

constexpr std::string_view kClientPath = "/v1/exec/";
constexpr std::string_view kAgentPath = "/v1/agent/streams/";
constexpr Duration kTokenCounts = std::chrono::seconds(60);
constexpr Duration kOpeningTakes = std::chrono::seconds(10);
constexpr Duration kAgentTakes = std::chrono::seconds(10);
/// An agent that is missed twice is lost; one that opens its session anew is not.
constexpr Duration kLooksForAgent = std::chrono::seconds(3);
constexpr size_t kTokenLength = 64;

http::Response noStream() {
  http::Response response;
  response.status = 404;
  response.headers.set("Content-Type", "application/json");
  response.body =
      json::dump(Json{{"__type", "ResourceNotFoundException"},
                      {"message", "There is no such session: its token was used, or is too old."}});
  return response;
}

std::string nameOf(acs::Extension extension) { return acs::Extensions{extension}.render(); }

ApiError notConnected(acs::Extension needed) {
  return {"TargetNotConnectedException", "The agent of the task's host is not connected, or has no " +
                                             nameOf(needed) +
                                             ": it needs berth-agent, of this version or newer."};
}

Async<void> closeSilent(std::weak_ptr<http::WebSocket> socket, std::stop_token spoken) {
  if (!co_await sleepFor(kOpeningTakes, spoken)) co_return;
  if (const auto open = socket.lock()) open->close(1008, "no first frame within 10 s");
}

/// A client's first message.
struct First {
  streams::Opening opening;
  bool plugin = false;  ///< session-manager-plugin's
};

Result<First> readFirst(const std::string& message) {
  if (ssm::isOpening(message)) {
    auto token = ssm::readOpening(message);
    if (!token) return token.error();
    return First{{std::move(*token), true, true, "", std::nullopt}, true};
  }
  const auto frame = streams::readFrame(message);
  if (!frame) return frame.error();
  if (frame->channel != Channel::Open)
    return makeError(Code::InvalidArgument, "the first frame must be open (6)");
  auto opening = streams::readOpening(frame->payload);
  if (!opening) return opening.error();
  return First{std::move(*opening), false};
}

/// nullopt: the websocket was closed before there was one.
Async<std::optional<Result<First>>> firstMessage(std::shared_ptr<http::WebSocket> socket, Executor executor,
                                                 Log& log) {
  std::stop_source spoken;
  spawn(executor, log, "first frame",
        [weak = std::weak_ptr(socket), token = spoken.get_token()] { return closeSilent(weak, token); });
  const Result<std::string> message = co_await socket->read();
  spoken.request_stop();
  if (!message) co_return std::nullopt;
  co_return readFirst(*message);
}

/// Closes, and reads to the end: what the other side still sends is not waited for by anyone else.
Async<void> refuseClient(std::shared_ptr<ExecClient> client, Failure failure) {
  client->send(streams::errorFrame(failure));
  client->close(closeCodeOf(failure.type), failure.type, failure.message);
  while (true) {
    const auto ignored = co_await client->read();
    if (!ignored && ignored.error().code != Code::InvalidArgument) co_return;
  }
}

acs::OpenStreamMessage messageFor(const Grant& grant, const streams::Opening& opening) {
  acs::OpenStreamMessage out;
  out.kind = acs::OpenStreamMessage::Kind::Exec;
  out.taskArn = grant.taskArn;
  out.containers = {grant.container};
  out.command = grant.words;
  out.user = opening.user;
  out.tty = opening.tty;
  out.input = opening.input;
  if (opening.size) {
    out.columns = opening.size->columns;
    out.rows = opening.size->rows;
  }
  return out;
}

/// Counts one for as long as it lives.
std::shared_ptr<void> counted(std::shared_ptr<size_t> count) {
  ++*count;
  return {count.get(), [count](size_t*) { --*count; }};
}

}  // namespace

AgentStream::~AgentStream() {
  if (socket_) socket_->close(1000, "");
  over_->set();
}

bool Streams::servesClient(const http::ServerRequest& request) {
  return request.path.starts_with(kClientPath);
}
bool Streams::servesAgent(const http::ServerRequest& request) { return request.path.starts_with(kAgentPath); }

bool Streams::full() { return *open_ + grants_.size(deps_.clock.now().mono) >= options_.most; }

bool Streams::connected(const std::string& instance, acs::Extension needed) const {
  const Delivery* session = deps_.runner.core().session(instance);
  return session && deps_.sessions.extensions(session->session()).has(needed);
}

ApiResult<Json> Streams::grant(const Json& described, const std::string& command, const AuditEntry& call,
                               const std::string& endpoint) {
  const std::string task_arn = described["taskArn"];
  const auto parsed = deps_.runner.core().names().parseTask(task_arn);
  const Task* task = parsed ? deps_.runner.core().state().task(parsed->id) : nullptr;
  auto words = splitWords(command);
  if (!words) return invalidParameter(words.error().message + ".");
  if (!task || !connected(task->instance, acs::Extension::Exec)) return notConnected(acs::Extension::Exec);
  if (full()) {
    return clientError("As many streams are open as streams.max in controller.yaml allows (" +
                       std::to_string(options_.most) + "): end some, or raise it.");
  }
  const MonoTime now = deps_.clock.now().mono;
  Grant grant;
  grant.id = "ecs-execute-command-" + randomHex(deps_.random, 32);
  grant.token = randomAlnum(deps_.random, kTokenLength);
  grant.taskArn = task_arn;
  grant.instance = task->instance;
  grant.container = described["containerName"];
  grant.command = command;
  grant.words = std::move(*words);
  grant.requestId = call.requestId;
  grant.principal = call.principal;
  grant.accessKeyId = call.accessKeyId;
  grant.until = now + kTokenCounts;
  const std::string origin = endpoint.starts_with("http") ? "ws" + endpoint.substr(4) : endpoint;
  Json out{{"sessionId", grant.id},
           {"streamUrl", origin + std::string(kClientPath) + grant.id},
           {"tokenValue", grant.token}};
  grants_.add(std::move(grant), now);
  return out;
}

http::UpgradeDecision Streams::client(const http::ServerRequest& request) {
  const std::string id = request.path.substr(kClientPath.size());
  if (!grants_.has(id, deps_.clock.now().mono)) return noStream();
  return http::WebSocketSession([this, id, source = request.remoteAddress](Socket socket) {
    return serveClient(std::move(socket), id, source);
  });
}

http::UpgradeDecision Streams::agent(const http::ServerRequest& request, const std::string& instance) {
  const auto found = expected_.find(request.path.substr(kAgentPath.size()));
  if (found == expected_.end() || found->second->instance_ != instance) return noStream();
  return http::WebSocketSession([stream = std::weak_ptr(found->second)](Socket socket) -> Async<void> {
    auto open = stream.lock();
    if (!open || open->socket_) co_return;
    const std::shared_ptr<Event> over = open->over_;
    open->socket_ = std::move(socket);
    open->opened_.set();
    open.reset();
    co_await over->wait();
  });
}

Async<ApiResult<std::shared_ptr<AgentStream>>> Streams::ask(acs::OpenStreamMessage message,
                                                            std::string instance) {
  const acs::Extension needed =
      message.kind == acs::OpenStreamMessage::Kind::Exec ? acs::Extension::Exec : acs::Extension::Logs;
  if (!connected(instance, needed)) co_return notConnected(needed);
  message.messageId = randomUuid(deps_.random);
  message.streamId = randomHex(deps_.random, 32);
  const std::string id = message.streamId;
  const auto stream = std::make_shared<AgentStream>(instance);
  expected_[id] = stream;
  deps_.sessions.send(deps_.runner.core().session(instance)->session(), acs::ToAgent(std::move(message)));
  const bool opened = co_await stream->opened_.wait(kAgentTakes);
  expected_.erase(id);
  if (opened) {
    spawn(deps_.io.get_executor(), deps_.log, "agent of a stream",
          [this, weak = std::weak_ptr(stream), over = stream->over_] { return watchAgent(weak, over); });
    co_return stream;
  }
  co_return ApiError{"TargetNotConnectedException", "The agent did not open its side within 10 s."};
}

Async<void> Streams::watchAgent(std::weak_ptr<AgentStream> stream, std::shared_ptr<Event> over) {
  bool away = false;
  while (!co_await over->wait(kLooksForAgent)) {
    const auto open = stream.lock();
    if (!open) co_return;
    const bool there = deps_.runner.core().session(open->instance_) != nullptr;
    if (away && !there) {
      open->socket().close(1011, "the agent is lost");
      co_return;
    }
    away = !there;
  }
}

Async<void> Streams::serveClient(Socket socket, std::string id, std::string source) {
  const auto first = co_await firstMessage(socket, deps_.io.get_executor(), deps_.log);
  if (!first) co_return;
  std::shared_ptr<ExecClient> client = framesClient(socket);
  if (!*first) co_return co_await refuseClient(client, {"InvalidFrameException", first->error().message});
  const streams::Opening& opening = (**first).opening;
  auto taken = grants_.take(id, opening.token, deps_.clock.now().mono);
  if ((**first).plugin)
    client = pluginClient(socket, id, {deps_.io.get_executor(), deps_.random, deps_.clock, deps_.log});
  if (!std::holds_alternative<Grant>(taken))
    co_return co_await refuseClient(client, {"InvalidTokenException", "the token is not this session's"});
  const Grant grant = std::get<Grant>(std::move(taken));
  deps_.ends.add(grant.accessKeyId, std::weak_ptr(socket));
  const auto counting = counted(open_);
  auto agent = co_await ask(messageFor(grant, opening), grant.instance);
  const auto* error = std::get_if<ApiError>(&agent);
  ExecSession::Facts facts{grant, opening, std::move(source)};
  if (error) {
    recordSession(deps_.audit, facts, deps_.clock.now().wall,
                  SessionEnd{Failure{error->type, error->message}});
    co_return co_await refuseClient(client, {error->type, error->message});
  }
  const auto session = std::make_shared<ExecSession>(
      ExecSession::Means{deps_.io.get_executor(), deps_.audit, deps_.clock, deps_.log, options_.idle},
      std::move(facts), client, std::get<std::shared_ptr<AgentStream>>(std::move(agent)));
  co_await session->run();
}

Async<ApiResult<http::StreamedResponse>> Streams::logs(acs::OpenStreamMessage message, std::string instance) {
  if (full()) {
    co_return clientError("As many streams are open as streams.max in controller.yaml allows (" +
                          std::to_string(options_.most) + "): end some, or raise it.");
  }
  const auto counting = counted(open_);
  auto asked = co_await ask(std::move(message), std::move(instance));
  if (const auto* error = std::get_if<ApiError>(&asked)) co_return *error;
  auto agent = std::get<std::shared_ptr<AgentStream>>(std::move(asked));
  while (true) {
    const auto received = co_await agent->socket().read();
    if (!received) co_return ApiError{"TargetNotConnectedException", "The connection with the agent broke."};
    const auto frame = streams::readFrame(*received);
    if (frame && frame->channel == Channel::Started) break;
    if (frame && frame->channel == Channel::Error) co_return apiErrorOf(frame->payload);
  }
  http::StreamedResponse out;
  out.head.headers.set("Content-Type", "application/x-ndjson");
  out.head.headers.set("Cache-Control", "no-store");
  out.body = std::make_shared<LogBody>(deps_.io.get_executor(), deps_.log, std::move(agent), counting);
  co_return out;
}

}  // namespace berth::controller
