#include "controller/server/exec_session.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace berth::controller {
namespace {

using streams::Channel;
using streams::Failure;

/// What may wait to be sent to one side before the other is read on.
constexpr size_t kMostUnsent = size_t{256} << 10;
constexpr Duration kBetweenSigns = std::chrono::seconds(30);
constexpr size_t kLongestCommand = 4096;

}  // namespace

void recordSession(AuditLog& audit, const ExecSession::Facts& facts, WallTime now,
                   const std::optional<SessionEnd>& end) {
  const Grant& grant = facts.grant;
  AuditEntry entry;
  entry.time = now;
  entry.requestId = grant.requestId;
  entry.principal = grant.principal;
  entry.accessKeyId = grant.accessKeyId;
  entry.source = facts.source;
  entry.operation = "ExecuteCommand";
  entry.resources = {grant.taskArn};
  nlohmann::ordered_json session{{"id", grant.id},
                                 {"task", grant.taskArn},
                                 {"container", grant.container},
                                 {"command", grant.command.substr(0, kLongestCommand)},
                                 {"user", facts.opening.user},
                                 {"tty", facts.opening.tty}};
  entry.outcome = "session opened";
  if (end) {
    entry.outcome = "session ended";
    const auto* code = std::get_if<int>(&end->how);
    if (code) session["exitCode"] = *code;
    if (!code) session["error"] = std::get<Failure>(end->how).type;
  }
  entry.session = session.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  audit.write(entry);
}

ExecSession::ExecSession(Means means, Facts facts, std::shared_ptr<ExecClient> client,
                         std::shared_ptr<AgentStream> agent)
    : means_(means), facts_(std::move(facts)), client_(std::move(client)), agent_(std::move(agent)) {}

void ExecSession::touch(Channel channel) {
  if (isActivity(channel)) active_ = means_.clock.now().mono;
}

void ExecSession::end(SessionEnd how) {
  if (ended_) return;
  ended_ = std::move(how);
  if (const auto* failure = std::get_if<Failure>(&ended_->how)) {
    client_->close(closeCodeOf(failure->type), failure->type, failure->message);
  } else {
    client_->close(1000, "", "");
  }
}

Async<bool> ExecSession::sent(Async<bool> drained) {
  ++waiting_;
  const bool open = co_await std::move(drained);
  --waiting_;
  if (open) active_ = means_.clock.now().mono;
  co_return open;
}

void ExecSession::refuse(std::string rule) {
  const Failure failure{"InvalidFrameException", std::move(rule)};
  client_->send(streams::errorFrame(failure));
  end({failure});
}

Async<void> ExecSession::fromClient() {
  while (true) {
    const auto message = co_await client_->read();
    if (!message) {
      if (message.error().code == Code::InvalidArgument) refuse(message.error().message);
      if (message.error().code == Code::Cancelled) end({Failure{"ClientDisconnected", ""}});
      break;
    }
    const auto frame = streams::readFrame(*message);
    const Pass pass = frame ? passFromClient(frame->channel) : Pass::Refuse;
    if (pass == Pass::Drop) continue;
    if (pass == Pass::Refuse) {
      refuse(frame ? "a client sends stdin, resize and keepalive" : frame.error().message);
      break;
    }
    touch(frame->channel);
    agent_->socket().sendBinary(*message);
    if (!co_await sent(agent_->socket().drained(kMostUnsent))) break;
  }
  if (client_->closeInfo().code != 0 && !ended_)
    end({Failure{"ClientDisconnected", "the client closed its side"}});
  // The agent ends the command when its side is closed.
  agent_->socket().close(1000, "");
  clientOver_.set();
}

Async<void> ExecSession::fromAgent() {
  while (const auto message = co_await agent_->socket().read()) {
    const auto frame = streams::readFrame(*message);
    const Pass pass = frame ? passFromAgent(frame->channel) : Pass::Refuse;
    if (pass == Pass::Drop) continue;
    if (pass == Pass::Refuse) break;
    touch(frame->channel);
    client_->send(*message);
    if (pass == Pass::Last) {
      // Closing has a time limit of its own: a slow reader gets all of it first.
      co_await sent(client_->drained(0));
      const auto failure = streams::readFailure(frame->payload);
      const auto code = streams::readExit(frame->payload);
      co_return end(
          {code ? std::variant<int, Failure>(*code)
                : std::variant<int, Failure>(failure ? *failure : Failure{"CannotExecuteError", ""})});
    }
    if (!co_await sent(client_->drained(kMostUnsent))) break;
  }
  if (ended_ || client_->closeInfo().code != 0) co_return;
  const Failure failure{"TargetNotConnectedException",
                        "the connection with the agent broke: what became of the command is not known"};
  client_->send(streams::errorFrame(failure));
  end({failure});
}

Async<void> ExecSession::watch(std::stop_token over) {
  while (true) {
    // Who waits for a slow reader is not idle; the websocket's own time limit ends that.
    if (waiting_ > 0) active_ = means_.clock.now().mono;
    const Duration left = active_ + means_.idle - means_.clock.now().mono;
    if (left <= Duration::zero()) {
      const Failure failure{"SessionTimeoutException",
                            "neither input nor output for " + formatDuration(means_.idle)};
      client_->send(streams::errorFrame(failure));
      end({failure});
      agent_->socket().close(1000, "");
      co_return;
    }
    if (!co_await sleepFor(std::min(left, kBetweenSigns), over)) co_return;
    client_->send(streams::makeFrame(Channel::KeepAlive));
    agent_->socket().sendBinary(streams::makeFrame(Channel::KeepAlive));
  }
}

Async<void> ExecSession::run() {
  const auto self = shared_from_this();
  active_ = means_.clock.now().mono;
  recordSession(means_.audit, facts_, means_.clock.now().wall, std::nullopt);
  std::stop_source over;
  spawn(means_.executor, means_.log, "session watch",
        [self, token = over.get_token()] { return self->watch(token); });
  spawn(means_.executor, means_.log, "session input", [self] { return self->fromClient(); });
  co_await fromAgent();
  if (!ended_) end({Failure{"ClientDisconnected", "the client closed its side"}});
  co_await clientOver_.wait();
  over.request_stop();
  recordSession(means_.audit, facts_, means_.clock.now().wall, ended_);
}

}  // namespace berth::controller
