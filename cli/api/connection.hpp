// Signed calls of the ECS API and of the extension endpoint, one at a time: each returns when it is answered.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "cli/config/target.hpp"
#include "common/http/client.hpp"
#include "common/http/websocket.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::cli {

/// One request to a path of the controller.
struct Ask {
  std::string method = "GET";
  std::string path;  ///< percent-encoded: "/v1/why"
  http::Query query{};
  std::string body{};
};

class Connection {
 public:
  explicit Connection(const Target& target);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// An operation of the ECS API. What a retry can help (throttling, 5xx) is sent again up to 5 times, after
  /// random, growing pauses. Errors: toError() of what the service answered ("ClusterNotFoundException:
  /// ..."), those of http::Client::fetch, Cancelled after an interrupt, Internal for an answer that is no
  /// JSON; each with what to do, where that is known.
  Result<nlohmann::json> call(const std::string& operation, const nlohmann::json& members);

  /// Every item of a list operation: the array `list` of each page, up to `most` items (whole pages of `most`
  /// or a hundred). `more`, when given, becomes whether there are others.
  Result<nlohmann::json> list(const std::string& operation, nlohmann::json members, const std::string& list,
                              size_t most = SIZE_MAX, bool* more = nullptr);

  /// The JSON that a path of the extension endpoint answers; null for an answer without a body. Errors as
  /// above.
  Result<nlohmann::json> ask(const Ask& ask);

  /// Streams the body of an answer to `onBody` until it ends, is interrupted, `onBody` says false (that is no
  /// error), or nothing came for `inactivity` (0: however long; DeadlineExceeded). Other errors as above.
  Status stream(const Ask& ask, const http::Headers& headers, Duration inactivity,
                const std::function<bool(std::string_view)>& onBody);

  /// An exchange as it is, without retries: unsigned, and with a unix socket where one is given.
  Result<http::Response> plain(const std::string& url, const std::string& unixSocket, Duration timeout);

  /// Lets time pass. False after an interrupt.
  bool wait(Duration duration);

  /// From now on SIGINT and SIGTERM end what is under way with Cancelled, in place of the program.
  void catchInterrupts();
  bool interrupted() const;

  WallTime now() const;

  /// For what is not request and answer: the loop, and the headers that open a websocket at a path.
  class Loop;
  Loop& loop();
  Result<http::WsClientOptions> webSocketTo(const Ask& ask) const;

 private:
  std::unique_ptr<Loop> loop_;
  const Target& target_;
};

}  // namespace berth::cli
