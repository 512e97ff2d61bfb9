#include <boost/beast/websocket/error.hpp>

#include "common/http/websocket_stream.hpp"

namespace berth::http {

uint16_t closeCodeOf(boost::system::error_code error) {
  namespace ws = boost::beast::websocket;
  if (error == ws::error::message_too_big) return 1009;
  if (error == ws::error::bad_frame_payload) return 1007;
  if (error == ws::condition::protocol_violation) return 1002;
  return 1006;
}

std::string describeReadFailure(boost::system::error_code error, const WebSocketOptions& options) {
  switch (closeCodeOf(error)) {
    case 1009:
      return "a message is larger than the limit of " + std::to_string(options.maxMessage) + " bytes";
    case 1006:
      return error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated
                 ? "the other side closed the connection without a close frame"
                 : error.message();
    default:
      return "the other side broke the websocket protocol: " + error.message();
  }
}

std::string cutReason(std::string reason) {
  static constexpr size_t kMaxReason = 123;  // RFC 6455, section 5.5
  if (reason.size() <= kMaxReason) return reason;
  size_t end = kMaxReason;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80) --end;
  reason.resize(end);
  return reason;
}

}  // namespace berth::http
