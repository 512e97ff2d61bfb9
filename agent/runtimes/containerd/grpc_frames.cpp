#include "agent/runtimes/containerd/grpc_frames.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/text/number.hpp"

namespace berth::agent::grpc {
namespace {

constexpr size_t kHead = 5;
// "Timeout": at most eight digits.
constexpr int64_t kLongestTimeout = 99999999;

/// The codes of gRPC by number.
constexpr std::array<Code, 17> kCodes = {
    Code::Internal /* OK, which is no failure */,
    Code::Cancelled,
    Code::Internal /* UNKNOWN */,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::Unavailable /* ABORTED */,
    Code::InvalidArgument /* OUT_OF_RANGE */,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
    Code::Unauthenticated,
};

size_t lengthIn(std::string_view head) {
  size_t length = 0;
  for (size_t i = 1; i < kHead; ++i) length = length << 8 | static_cast<uint8_t>(head[i]);
  return length;
}

}  // namespace

std::string frame(std::string_view message) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift & 0xff);
  return out.append(message);
}

Status FrameReader::take(std::string_view bytes, const std::function<void(std::string_view)>& onMessage) {
  buffer_.append(bytes);
  size_t at = 0;
  while (buffer_.size() - at >= kHead) {
    const std::string_view rest = std::string_view(buffer_).substr(at);
    if (rest[0] != '\0')
      return makeError(Code::Internal, "a compressed message came, which was not asked for");
    const size_t length = lengthIn(rest);
    if (length > maxMessage_) {
      return makeError(Code::ResourceExhausted, "a message of " + std::to_string(length) +
                                                    " bytes came; the limit is " +
                                                    std::to_string(maxMessage_));
    }
    if (rest.size() < kHead + length) break;
    onMessage(rest.substr(kHead, length));
    at += kHead + length;
  }
  buffer_.erase(0, at);
  return {};
}

Status statusOf(const http::Response& response) {
  const auto status = response.headers.get("grpc-status");
  if (!status) {
    if (response.status != 200)
      return makeError(Code::Unavailable, "HTTP status " + std::to_string(response.status));
    return makeError(Code::Unavailable, "the answer broke off before its status");
  }
  const auto number = parseNumber<uint32_t>(*status);
  if (!number) return makeError(Code::Internal, "gRPC status \"" + std::string(*status) + "\" is no number");
  if (*number == 0) return {};
  const std::string_view text = response.headers.get("grpc-message").value_or("");
  std::string message = http::percentDecode(text).value_or(std::string(text));
  if (message.empty()) message = "gRPC status " + std::to_string(*number);
  return makeError(*number < kCodes.size() ? kCodes[*number] : Code::Internal, std::move(message));
}

std::string timeoutText(Duration limit) {
  const int64_t millis = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
  return std::to_string(std::clamp<int64_t>(millis, 1, kLongestTimeout)) + "m";
}

}  // namespace berth::agent::grpc
