#include "controller/server/log_body.hpp"

#include <utility>

#include "controller/streams/rules.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

using streams::Channel;

/// An empty line now and then shows that there is a connection.
constexpr Duration kQuiet = std::chrono::seconds(15);

std::string errorLine(const std::string& type, const std::string& message) {
  return json::dump(Json{{"error", type}, {"message", message}}) + "\n";
}

}  // namespace

ApiError apiErrorOf(std::string_view payload) {
  const auto failure = streams::readFailure(payload);
  if (!failure) return {"ServerException", "The agent's answer can't be read.", 500};
  const int status = failure->type == "ResourceNotFoundException" ? 404
                     : failure->type.ends_with("Exception")       ? 400
                                                                  : 500;
  return {status == 500 ? "ServerException" : failure->type, failure->message, status};
}

struct LogBody::Ahead {
  std::shared_ptr<AgentStream> agent;
  std::optional<std::string> piece;
  bool last = false;   ///< `piece` is the last one
  bool wanted = true;  ///< somebody will take what comes
  Event changed;       ///< for who takes
  Event room;          ///< for who reads
};

LogBody::LogBody(Executor executor, Log& log, std::shared_ptr<AgentStream> agent,
                 std::shared_ptr<void> counting)
    : ahead_(std::make_shared<Ahead>()), counting_(std::move(counting)) {
  ahead_->agent = std::move(agent);
  spawn(std::move(executor), log, "logs", [ahead = ahead_] { return readAhead(ahead); });
}

LogBody::~LogBody() { stop(); }

void LogBody::stop() {
  ahead_->wanted = false;
  if (ahead_->agent) ahead_->agent->socket().close(1000, "");
  ahead_->changed.set();
  ahead_->room.set();
}

Async<void> LogBody::readAhead(std::shared_ptr<Ahead> ahead) {
  while (ahead->wanted && !ahead->last) {
    const auto message = co_await ahead->agent->socket().read();
    const auto frame = message ? streams::readFrame(*message) : Result<streams::Frame>(message.error());
    const Pass pass = frame ? passOfLogs(frame->channel) : Pass::Refuse;
    if (pass == Pass::Drop || (pass == Pass::Forward && frame->payload.empty())) continue;
    ahead->last = pass != Pass::Forward;
    if (pass == Pass::Forward) {
      ahead->piece = std::string(frame->payload);
    } else if (pass == Pass::Refuse) {
      ahead->piece = errorLine("TargetNotConnectedException", "the connection with the agent broke");
    } else if (frame->channel == Channel::Error) {
      const auto failure = streams::readFailure(frame->payload);
      ahead->piece =
          failure ? errorLine(failure->type, failure->message) : errorLine("CannotReadLogsError", "");
    }
    ahead->changed.set();
    while (ahead->wanted && ahead->piece && !ahead->last) {
      ahead->room.reset();
      co_await ahead->room.wait();
    }
  }
  ahead->agent.reset();
}

Async<std::string> LogBody::next() {
  const auto ahead = ahead_;
  while (ahead->wanted) {
    if (ahead->piece) {
      std::string out = std::move(*ahead->piece);
      ahead->piece.reset();
      ahead->room.set();
      co_return out;
    }
    if (ahead->last) break;
    ahead->changed.reset();
    if (!co_await ahead->changed.wait(kQuiet)) co_return "\n";
  }
  co_return "";
}

}  // namespace berth::controller
