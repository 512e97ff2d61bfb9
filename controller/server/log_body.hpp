// What containers have written, as the body of an answer.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/http/server.hpp"
#include "controller/server/streams.hpp"

namespace berth::controller {

/// What an agent's error frame is to a caller of the API.
ApiError apiErrorOf(std::string_view payload);

/// Passes on an agent's lines as they come; reads no further than one message ahead of the client.
class LogBody final : public http::BodySource {
 public:
  /// `counting` lives as long as this.
  LogBody(Executor executor, Log& log, std::shared_ptr<AgentStream> agent, std::shared_ptr<void> counting);
  ~LogBody() override;
  LogBody(const LogBody&) = delete;
  LogBody& operator=(const LogBody&) = delete;

  Async<std::string> next() override;
  void stop() override;

 private:
  struct Ahead;
  static Async<void> readAhead(std::shared_ptr<Ahead> ahead);

  std::shared_ptr<Ahead> ahead_;
  std::shared_ptr<void> counting_;
};

}  // namespace berth::controller
