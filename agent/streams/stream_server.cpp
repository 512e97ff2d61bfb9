#include "agent/streams/stream_server.hpp"

#include <utility>

#include "agent/streams/exec_stream.hpp"
#include "agent/streams/log_stream.hpp"
#include "agent/streams/sending.hpp"

namespace berth::agent {
namespace {

constexpr size_t kMostStreams = 50;
constexpr std::string_view kPath = "/v1/agent/streams/";

std::string urlOf(const std::string& endpoint, const std::string& stream, const Identity& identity) {
  const auto url = http::parseUrl(endpoint);
  const http::Query query{{"clusterArn", identity.cluster}, {"containerInstanceArn", identity.instanceArn}};
  return (url ? url->origin() : endpoint) + std::string(kPath) + http::percentEncode(stream) + "?" +
         http::encodeQuery(query);
}

Async<void> beat(std::weak_ptr<http::WebSocket> socket, std::stop_token ended) {
  constexpr Duration kBetween = std::chrono::seconds(30);
  while (co_await sleepFor(kBetween, ended)) {
    const auto open = socket.lock();
    if (!open || open->closeInfo().code != 0) co_return;
    open->sendBinary(streams::makeFrame(streams::Channel::KeepAlive));
  }
}

}  // namespace

StreamServer::StreamServer(StreamServerDeps deps, LinkOptions options)
    : deps_(std::move(deps)), options_(std::move(options)) {}

void StreamServer::open(acs::OpenStreamMessage message, std::string endpoint) {
  const bool too_many = gate_.inside() >= kMostStreams;
  auto pass = gate_.enter();
  if (!pass) return;
  auto asked = std::make_shared<const acs::OpenStreamMessage>(std::move(message));
  auto shared = std::make_shared<Gate::Pass>(std::move(*pass));
  std::string url = urlOf(endpoint, asked->streamId, options_.identity);
  spawn(deps_.link.io.get_executor(), deps_.link.log, "stream",
        [this, asked, url, too_many, shared] { return serve(asked, url, too_many); });
}

Async<void> StreamServer::serve(std::shared_ptr<const acs::OpenStreamMessage> message, std::string url,
                                bool tooMany) {
  http::WsAnswer answer;
  const auto socket = co_await dial(deps_.link, options_, url, answer);
  if (!socket) {
    deps_.link.log.warn("can't open a stream to the controller",
                        {{"stream", message->streamId}, {"reason", socket.error().message}});
    co_return;
  }
  if (stopping_.stop_requested()) co_return (*socket)->close(1001, "the agent is stopping");
  if (tooMany) {
    const std::string most = std::to_string(kMostStreams);
    co_return fail(**socket, {"SessionLimitException", "the agent carries " + most + " streams already"});
  }
  open_.insert(*socket);
  std::stop_source ended;
  spawn(deps_.link.io.get_executor(), deps_.link.log, "stream heartbeats",
        [weak = std::weak_ptr(*socket), token = ended.get_token()] { return beat(weak, token); });
  co_await carry(message, *socket);
  ended.request_stop();
  open_.erase(*socket);
}

Async<void> StreamServer::carry(std::shared_ptr<const acs::OpenStreamMessage> message, Socket socket) {
  const bool exec = message->kind == acs::OpenStreamMessage::Kind::Exec;
  std::vector<LocatedContainer> located;
  for (const std::string& name : message->containers) {
    auto found = deps_.locate(message->taskArn, name);
    if (!found) co_return fail(*socket, {"ResourceNotFoundException", found.error().message});
    located.push_back(std::move(*found));
  }
  deps_.link.log.info(
      "stream open",
      {{"stream", message->streamId}, {"kind", exec ? "exec" : "logs"}, {"task", message->taskArn}});
  const StreamMeans means{deps_.link.io.get_executor(), deps_.containers, deps_.link.log,
                          stopping_.get_token()};
  if (exec) {
    co_await carryExec(means, message, located.front(), socket);
  } else {
    co_await carryLogs(means, message, std::move(located), socket);
  }
  deps_.link.log.info("stream closed", {{"stream", message->streamId}});
}

Async<void> StreamServer::run(std::stop_token stop) {
  while (co_await sleepFor(std::chrono::hours(1), stop)) {
  }
  stopping_.request_stop();
  const auto open = open_;
  for (const Socket& socket : open) socket->close(1001, "the agent is stopping");
  co_await gate_.close();
}

}  // namespace berth::agent
