// The agent that runs on this host, as its introspection shows it to another process.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "common/async/async.hpp"
#include "common/http/client.hpp"

namespace berth::agent {

class RunningAgent {
 public:
  struct Who {
    std::string cluster;
    std::string instanceArn;
  };

  /// Where its introspection listens; 0.0.0.0 is asked on loopback. `client` must outlive the object.
  RunningAgent(http::Client& client, const std::string& host, uint16_t port);

  /// Whether it answers at all.
  Async<Status> answers(std::stop_token stop);
  /// Unavailable when it does not answer, or is not registered yet.
  Async<Result<Who>> who(std::stop_token stop);
  /// The ARNs of its tasks that have not stopped.
  Async<Result<std::vector<std::string>>> liveTasks(std::stop_token stop);

 private:
  Async<Result<std::string>> get(std::string path, std::stop_token stop);

  http::Client& client_;
  std::string origin_;
};

}  // namespace berth::agent
