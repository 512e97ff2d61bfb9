// A client's side of a command's session: frames as docs/exec.md has them, whatever it speaks itself.
#pragma once

#include <memory>
#include <string>

#include "common/http/websocket.hpp"
#include "common/ids/random.hpp"
#include "common/log/log.hpp"
#include "proto/streams/frame.hpp"

namespace berth::controller {

class ExecClient {
 public:
  virtual ~ExecClient() = default;

  /// The client's next frame. Errors: InvalidArgument for what it may not send, with the rule; Cancelled
  /// where it asks for the session's end; else its side is closed, and closeInfo() says why.
  virtual Async<Result<std::string>> read() = 0;
  virtual void send(std::string frame) = 0;
  /// Until at most `bytes` of what was sent are with us; false: its side is closed.
  virtual Async<bool> drained(size_t bytes) = 0;
  /// As of a websocket. `words` tell a person why the session ended; none where its command has.
  virtual void close(uint16_t code, std::string reason, std::string words) = 0;
  virtual http::CloseInfo closeInfo() const = 0;
};

struct ExecClientMeans {
  Executor executor;
  Random& random;
  const Clock& clock;
  Log& log;
};

/// One that speaks frames, as `berth` does.
std::shared_ptr<ExecClient> framesClient(std::shared_ptr<http::WebSocket> socket);
/// Amazon's session-manager-plugin, whose token was right; `session` is its id.
std::shared_ptr<ExecClient> pluginClient(std::shared_ptr<http::WebSocket> socket, std::string session,
                                         ExecClientMeans means);

}  // namespace berth::controller
