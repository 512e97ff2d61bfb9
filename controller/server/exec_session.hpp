// One command in a container: a client's side and an agent's, joined.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "controller/server/audit_log.hpp"
#include "controller/server/exec_client.hpp"
#include "controller/server/streams.hpp"
#include "controller/streams/rules.hpp"
#include "proto/streams/frame.hpp"

namespace berth::controller {

/// How a session ended.
struct SessionEnd {
  std::variant<int, streams::Failure> how;  ///< an exit code, or why there is none
};

class ExecSession : public std::enable_shared_from_this<ExecSession> {
 public:
  struct Means {
    Executor executor;
    AuditLog& audit;
    const Clock& clock;
    Log& log;
    Duration idle;
  };
  struct Facts {
    Grant grant;
    streams::Opening opening;
    std::string source;  ///< of the client's websocket
  };

  ExecSession(Means means, Facts facts, std::shared_ptr<ExecClient> client,
              std::shared_ptr<AgentStream> agent);

  /// Until both sides are closed.
  Async<void> run();

 private:
  Async<void> fromClient();
  Async<void> fromAgent();
  /// Ends it because of what the client has sent.
  void refuse(std::string rule);
  /// Until at most so many bytes wait to go to one side; false once nothing more is sent.
  Async<bool> sent(Async<bool> drained);
  Async<void> watch(std::stop_token over);
  /// The first call counts; closes the client's side.
  void end(SessionEnd how);
  void touch(streams::Channel channel);

  Means means_;
  Facts facts_;
  std::shared_ptr<ExecClient> client_;
  std::shared_ptr<AgentStream> agent_;
  std::optional<SessionEnd> ended_;
  MonoTime active_{};
  int waiting_ = 0;  ///< directions whose reader is slow
  Event clientOver_;
};

/// A line of the audit log: the session begins, or has ended.
void recordSession(AuditLog& audit, const ExecSession::Facts& facts, WallTime now,
                   const std::optional<SessionEnd>& end);

}  // namespace berth::controller
