// gRPC's framing over HTTP/2, as values. Source: the gRPC project's "gRPC over HTTP2".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/message.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::agent::grpc {

/// One message as it goes over the wire: not compressed, its length in four bytes, then the message.
std::string frame(std::string_view message);

/// Takes the bytes of a body as they come and tells of each message once it is whole.
class FrameReader {
 public:
  explicit FrameReader(size_t maxMessage) : maxMessage_(maxMessage) {}

  /// Internal for a compressed message, ResourceExhausted for one longer than the limit; the reader is of no
  /// more use then. What `onMessage` is given lives for the call.
  Status take(std::string_view bytes, const std::function<void(std::string_view)>& onMessage);
  /// Whether the last message is whole.
  bool atEnd() const { return buffer_.empty(); }

 private:
  size_t maxMessage_;
  std::string buffer_;
};

/// What an answer's status and fields, trailers among them, say of the call. The code of another program's
/// error that has no class ("UNKNOWN") is Internal. Messages are the other side's own words.
Status statusOf(const http::Response& response);

/// "5000m": gRPC's form of a time limit, at least a millisecond.
std::string timeoutText(Duration limit);

}  // namespace berth::agent::grpc
