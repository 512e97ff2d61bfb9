// Streams between clients and agents: commands in containers, and what containers have written. An agent
// opens its side when it is asked to; here the two are joined. docs/exec.md has the protocol.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/async/event.hpp"
#include "common/http/server.hpp"
#include "controller/server/agent_sessions.hpp"
#include "controller/server/audit_log.hpp"
#include "controller/server/open_ends.hpp"
#include "controller/streams/grants.hpp"
#include "proto/acs/extensions.hpp"

namespace berth::controller {

struct StreamOptions {
  size_t most = 1000;  ///< open and granted at once
  Duration idle = std::chrono::minutes(20);
};

struct StreamsDeps {
  boost::asio::io_context& io;
  CoreRunner& runner;
  AgentSessions& sessions;
  OpenEnds& ends;
  AuditLog& audit;
  Random& random;
  const Clock& clock;
  Log& log;
};

/// An agent's side of a stream; closed when the last reference goes.
class AgentStream {
 public:
  explicit AgentStream(std::string instance) : instance_(std::move(instance)) {}
  ~AgentStream();

  http::WebSocket& socket() { return *socket_; }

 private:
  friend class Streams;
  std::string instance_;  ///< whose agent may open it
  std::shared_ptr<http::WebSocket> socket_;
  Event opened_;
  std::shared_ptr<Event> over_ = std::make_shared<Event>();
};

class Streams {
 public:
  Streams(StreamOptions options, StreamsDeps deps) : options_(options), deps_(deps) {}

  /// Grants what ExecuteCommand has agreed to: `described` is its answer, `command` what it was given, `call`
  /// the call as the audit log knows it, `endpoint` where the caller reaches us ("http://127.0.0.1:7400").
  /// {"sessionId", "streamUrl", "tokenValue"}, or TargetNotConnectedException, ClientException (the limit).
  ApiResult<Json> grant(const Json& described, const std::string& command, const AuditEntry& call,
                        const std::string& endpoint);

  static bool servesClient(const http::ServerRequest& request);
  static bool servesAgent(const http::ServerRequest& request);
  /// A client's websocket: 404 unless its session was granted and nobody has opened it.
  http::UpgradeDecision client(const http::ServerRequest& request);
  /// The websocket of the agent of an instance, which was checked: 404 unless it was asked for.
  http::UpgradeDecision agent(const http::ServerRequest& request, const std::string& instance);

  /// Asks an instance's agent for logs. TargetNotConnectedException, ClientException (the limit), and what
  /// the agent says.
  Async<ApiResult<http::StreamedResponse>> logs(acs::OpenStreamMessage message, std::string instance);

  size_t open() const { return *open_; }
  /// Sessions that nobody has opened yet, of access keys that are not known, are none any more.
  void forgetStrangers(const std::function<bool(std::string_view)>& known) { grants_.forgetStrangers(known); }

 private:
  using Socket = std::shared_ptr<http::WebSocket>;

  bool full();
  bool connected(const std::string& instance, acs::Extension needed) const;
  Async<void> serveClient(Socket socket, std::string id, std::string source);
  /// Closes the agent's side of a stream whose agent has been lost, until it is over: a network that was cut
  /// shows on the stream itself only minutes later.
  Async<void> watchAgent(std::weak_ptr<AgentStream> stream, std::shared_ptr<Event> over);
  /// Asks for a stream and waits for it. TargetNotConnectedException.
  Async<ApiResult<std::shared_ptr<AgentStream>>> ask(acs::OpenStreamMessage message, std::string instance);

  StreamOptions options_;
  StreamsDeps deps_;
  Grants grants_;
  std::map<std::string, std::shared_ptr<AgentStream>> expected_;  ///< by the stream's id
  std::shared_ptr<size_t> open_ = std::make_shared<size_t>(0);
};

}  // namespace berth::controller
