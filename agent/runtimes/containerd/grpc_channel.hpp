// gRPC calls over a unix socket by the HTTP client.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/async/async.hpp"
#include "common/http/client.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

/// Messages are their bytes. Errors: what the other side answers (see grpc::statusOf), Unavailable when it
/// can't be reached, DeadlineExceeded when it does not answer in time, Cancelled by `stop`.
class GrpcChannel {
 public:
  /// `client` must outlive every coroutine.
  GrpcChannel(http::Client& client, std::string socket, http::Headers metadata, std::stop_token stop)
      : client_(client), socket_(std::move(socket)), metadata_(std::move(metadata)), stop_(std::move(stop)) {}

  /// One message each way; `limit` zero: as long as it takes. `more`: fields beside the channel's own.
  Async<Result<std::string>> call(std::string method, std::string message, Duration limit,
                                  http::Headers more = {}, std::stop_token stop = {});
  /// One message out, any number back, each passed to `onMessage`, until the other side ends the stream.
  Async<Status> listen(std::string method, std::string message, Duration limit,
                       std::function<void(std::string_view)> onMessage);
  /// Any number of messages out, until `source` answers an empty one or nullopt, which breaks the call off;
  /// those that come back are passed to `onMessage`. `inactivity`: the longest time without a byte either
  /// way.
  Async<Status> upload(std::string method, std::function<std::optional<std::string>()> source,
                       Duration inactivity, http::Headers more,
                       std::function<void(std::string_view)> onMessage);

 private:
  http::Call prepare(const std::string& method, http::Headers more) const;
  Async<Status> exchange(http::Call call, std::function<void(std::string_view)> onMessage,
                         std::stop_token stop = {});

  http::Client& client_;
  std::string socket_;
  http::Headers metadata_;
  std::stop_token stop_;
};

}  // namespace berth::agent
