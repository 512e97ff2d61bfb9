// Streams that the controller asks for: each is a websocket that this side opens, and that carries a command
// in a container or what containers have written. docs/exec.md has the protocol.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "agent/session/link.hpp"
#include "agent/streams/container_streams.hpp"
#include "common/async/gate.hpp"
#include "proto/acs/messages.hpp"

namespace berth::agent {

/// A container of a task, as the agent knows it.
struct LocatedContainer {
  std::string name;
  std::string runtimeId;  ///< empty: it has not been created yet, or is removed
  bool running = false;
};

struct StreamServerDeps {
  LinkDeps link;
  ContainerStreams& containers;
  /// NotFound, for people to read, when there is no such task or container.
  std::function<Result<LocatedContainer>(const std::string& taskArn, const std::string& container)> locate;
};

class StreamServer {
 public:
  StreamServer(StreamServerDeps deps, LinkOptions options);

  /// Opens the stream that `message` asks for, to the controller whose command session it came by: `endpoint`
  /// is that session's URL. What goes wrong is said on the stream; where there is none, in the log.
  void open(acs::OpenStreamMessage message, std::string endpoint);

  /// Until `stop`; then closes every stream, ends the commands, and returns when nothing is left.
  Async<void> run(std::stop_token stop);

  size_t streams() const { return gate_.inside(); }

 private:
  using Socket = std::shared_ptr<http::WebSocket>;

  Async<void> serve(std::shared_ptr<const acs::OpenStreamMessage> message, std::string url, bool tooMany);
  Async<void> carry(std::shared_ptr<const acs::OpenStreamMessage> message, Socket socket);

  StreamServerDeps deps_;
  LinkOptions options_;
  Gate gate_;
  std::set<Socket> open_;
  std::stop_source stopping_;
};

}  // namespace berth::agent
