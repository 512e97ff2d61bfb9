#include "controller/server/agent_sessions.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>

#include "common/async/async.hpp"
#include "proto/acs/codec.hpp"
#include "proto/json/fields.hpp"
#include "proto/tcs/codec.hpp"

namespace berth::controller {
namespace {

std::string value(const http::Query& query, std::string_view key) {
  for (const auto& [name, text] : query) {
    if (name == key) return text;
  }
  return {};
}

http::Response refusal(const ApiError& error) {
  http::Response response;
  response.status = 400;
  response.headers.set("Content-Type", "application/json");
  response.body = json::dump(Json{{error.type, error.message}});
  return response;
}

constexpr std::string_view kDockerPrefix = "DockerVersion: ";
constexpr std::string_view kCloseReason = "ConnectionExpired: Reconnect to continue";

/// What agents may send beyond Amazon's protocol.
const acs::Extensions kTaken{acs::Extension::Reports, acs::Extension::Exec, acs::Extension::Logs};

}  // namespace

// Listeners belong to their sockets.

class AgentSessions::Commands final : public http::WebSocketListener {
 public:
  Commands(AgentSessions& all, SessionId session, ReportTaker reports,
           const std::shared_ptr<http::WebSocket>& socket)
      : all_(all), session_(session), reports_(std::move(reports)), socket_(*socket), answers_(socket) {}

  void onMessage(std::string frame) override {
    auto message = acs::decodeFromAgent(frame);
    if (!message) {
      return all_.log_.warn("dropped an agent's message that can't be read",
                            {{"reason", message.error().message}});
    }
    all_.runner_.onFrame(session_, *message);
    if (auto* told = std::get_if<acs::ReportsMessage>(&*message)) take(std::move(*told));
  }
  void onClosed() override {
    const http::CloseInfo info = socket_.closeInfo();
    all_.log_.info("agent disconnected", {{"code", info.code}, {"reason", info.reason}});
    if (all_.links_.erase(session_) > 0) all_.runner_.disconnect(session_);
  }

 private:
  void take(acs::ReportsMessage told) {
    if (!reports_)
      return all_.log_.warn("dropped an agent's reports: it did not say that it would send them here");
    reports_(std::move(told), [weak = answers_](const acs::ReportsAck& ack) {
      if (const auto open = weak.lock()) open->send(acs::encode(acs::ToAgent(ack)));
    });
  }

  AgentSessions& all_;
  SessionId session_;
  ReportTaker reports_;  ///< null: the agent did not offer it
  const http::WebSocket& socket_;
  std::weak_ptr<http::WebSocket> answers_;  ///< an answer may come when the socket is gone
};

/// When something was sent last on a telemetry session, by whichever thread.
class AgentSessions::LastSent {
 public:
  void note(MonoTime now) { at_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  MonoTime at() const { return MonoTime(Duration(at_.load(std::memory_order_relaxed))); }

 private:
  std::atomic<Duration::rep> at_{0};
};

class AgentSessions::Telemetry final : public http::WebSocketListener {
 public:
  Telemetry(AgentSessions& all, http::WebSocket& socket, std::shared_ptr<LastSent> sent)
      : all_(all), socket_(socket), sent_(std::move(sent)) {
    beat();
  }

  void onMessage(std::string frame) override {
    auto answer = all_.onTelemetry(frame);
    if (!answer)
      return all_.log_.warn("dropped telemetry that can't be read", {{"reason", answer.error().message}});
    if (!answer->empty()) send(std::move(*answer));
  }
  void onClosed() override {}

  void beat() { send(tcs::encodeHeartbeat()); }
  /// Acks keep an agent's session as heartbeats do (amazon-ecs-agent, ecs-agent/tcs/handler).
  MonoTime nextBeat() const { return sent_->at() + all_.heartbeat_; }

 private:
  void send(std::string frame) {
    sent_->note(all_.clock_.now().mono);
    socket_.send(std::move(frame));
  }

  AgentSessions& all_;
  http::WebSocket& socket_;
  std::shared_ptr<LastSent> sent_;
};

http::UpgradeDecision AgentSessions::acs(const http::Query& query, const std::string& address,
                                         acs::Extensions offered, ReportTaker reports) {
  Hello hello;
  hello.cluster = value(query, "clusterArn");
  hello.instance = value(query, "containerInstanceArn");
  hello.agentVersion = value(query, "agentVersion");
  hello.agentHash = value(query, "agentHash");
  hello.dockerVersion = value(query, "dockerVersion");
  if (hello.dockerVersion.starts_with(kDockerPrefix)) hello.dockerVersion.erase(0, kDockerPrefix.size());
  hello.newProcess = value(query, "sendCredentials") == "true";
  hello.address = address;
  // Checked before the upgrade, connected after it: a handshake that breaks off leaves no session behind.
  auto known = runner_.core().knownInstance(hello.cluster, hello.instance);
  if (const auto* error = std::get_if<ApiError>(&known)) {
    log_.info("refused an agent's session", {{"instance", hello.instance}, {"reason", error->type}});
    return refusal(*error);
  }
  const acs::Extensions taken = kTaken & offered;
  http::Headers answer;
  if (!taken.empty()) answer.add(acs::kExtensionsHeader, taken.render());
  if (!taken.has(acs::Extension::Reports)) reports = nullptr;
  http::WebSocketOpened opened =
      [this, hello, taken, reports = std::move(reports)](const std::shared_ptr<http::WebSocket>& socket) {
        return openAcs(hello, taken, reports, socket);
      };
  return http::Upgrade(std::move(opened), std::move(answer));
}

std::shared_ptr<http::WebSocketListener> AgentSessions::openAcs(
    const Hello& hello, acs::Extensions taken, ReportTaker reports,
    const std::shared_ptr<http::WebSocket>& socket) {
  auto session = runner_.connect(hello, [&](SessionId id) { links_[id] = {socket, taken}; });
  if (const auto* error = std::get_if<ApiError>(&session)) {
    socket->close(1008, error->type);
    return nullptr;
  }
  log_.info("agent connected", {{"instance", hello.instance}, {"agent_version", hello.agentVersion}});
  return std::make_shared<Commands>(*this, std::get<SessionId>(session), std::move(reports), socket);
}

http::UpgradeDecision AgentSessions::tcs(const http::Query& query) {
  auto known = runner_.core().knownInstance(value(query, "cluster"), value(query, "containerInstance"));
  if (const auto* error = std::get_if<ApiError>(&known)) return refusal(*error);
  auto sent = std::make_shared<LastSent>();
  auto answerer = [sent, &clock = clock_](std::string_view frame) -> std::string {
    const auto type = tcs::decodeType(frame);
    // Most of what comes, and the largest; nothing here asks for what it says.
    if (!type || *type != tcs::kPublishMetrics) return {};
    sent->note(clock.now().mono);
    return tcs::encodeAck("AckPublishMetric", "ok");
  };
  http::WebSocketOpened opened = [this, sent](const std::shared_ptr<http::WebSocket>& socket) {
    return openTcs(socket, sent);
  };
  return http::Upgrade(std::move(opened), {}, std::move(answerer));
}

Async<void> AgentSessions::beatAll() {
  constexpr Duration kLongest = std::chrono::milliseconds(500);
  const Duration look = std::min(kLongest, heartbeat_ / 4);
  while (true) {
    co_await sleepFor(look);
    const MonoTime now = clock_.now().mono;
    while (!beats_.empty() && beats_.begin()->first <= now) {
      auto entry = beats_.extract(beats_.begin());
      const auto open = entry.mapped().lock();
      if (!open) continue;
      if (open->nextBeat() <= now) open->beat();
      entry.key() = open->nextBeat();
      beats_.insert(std::move(entry));
    }
  }
}

std::shared_ptr<http::WebSocketListener> AgentSessions::openTcs(
    const std::shared_ptr<http::WebSocket>& socket, std::shared_ptr<LastSent> sent) {
  if (!std::exchange(beating_, true)) {
    spawn(io_.get_executor(), log_, "telemetry heartbeats", [this] { return beatAll(); });
  }
  auto session = std::make_shared<Telemetry>(*this, *socket, std::move(sent));
  beats_.emplace(session->nextBeat(), session);
  return session;
}

Result<std::string> AgentSessions::onTelemetry(std::string_view frame) {
  const auto message = tcs::decodeFromAgent(frame);
  if (!message) return message.error();
  if (const auto* health = std::get_if<tcs::PublishHealth>(&*message)) {
    for (const tcs::TaskHealth& task : health->tasks) {
      for (const tcs::ContainerHealth& container : task.containers) {
        runner_.onHealth(task.taskArn, container.name, container.status);
      }
    }
    return tcs::encodeAck("AckPublishHealth", "ok");
  }
  if (std::holds_alternative<tcs::PublishInstanceStatus>(*message))
    return tcs::encodeAck("AckPublishInstanceStatus", "ok");
  return std::string();
}

void AgentSessions::send(SessionId session, const acs::ToAgent& message) {
  if (auto it = links_.find(session); it != links_.end()) it->second.socket->send(acs::encode(message));
}

void AgentSessions::close(SessionId session, const std::string& reason) {
  auto it = links_.find(session);
  if (it == links_.end()) return;
  bool inactive = reason == "InactiveInstanceException";
  it->second.socket->close(inactive ? 1008 : 1000, inactive ? reason : std::string(kCloseReason));
  links_.erase(it);
}

void AgentSessions::closeAll(const std::string& reason) {
  auto links = std::exchange(links_, {});
  for (auto& [session, link] : links) link.socket->close(1012, reason);
}

}  // namespace berth::controller
