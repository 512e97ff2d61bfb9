#include "controller/streams/data_channel.hpp"

#include <algorithm>
#include <utility>

#include "proto/streams/frame.hpp"

namespace berth::controller {
namespace {

using ssm::PayloadType;
using streams::Channel;

constexpr Duration kAgainAfter = std::chrono::milliseconds(500);
constexpr uint64_t kFirstOfStream = 1;
/// A payload of Flag: the session is to end.
constexpr std::string_view kTerminate{"\0\0\0\2", 4};

std::string resizeFrame(const streams::TerminalSize& size) {
  return streams::makeFrame(Channel::Resize, R"({"columns":)" + std::to_string(size.columns) + R"(,"rows":)" +
                                                 std::to_string(size.rows) + "}");
}

/// Its pieces, as long as a frame may be.
void addInput(std::string_view bytes, std::vector<std::string>& frames) {
  for (size_t at = 0; at < bytes.size(); at += streams::kLongestPayload)
    frames.push_back(streams::makeFrame(Channel::Stdin, bytes.substr(at, streams::kLongestPayload)));
}

}  // namespace

ssm::Message DataChannel::messageOf(std::string_view type, std::string payload, const Now& now) {
  ssm::Message out;
  out.type = type;
  out.created = toEpochMillis(now.wall);
  for (auto& byte : out.id) byte = static_cast<uint8_t>(random_.next());
  out.payload = std::move(payload);
  return out;
}

std::string DataChannel::plain(std::string_view type, std::string payload, const Now& now) {
  return ssm::makeMessage(messageOf(type, std::move(payload), now));
}

std::string DataChannel::next(PayloadType type, std::string payload, const Now& now) {
  ssm::Message out = messageOf(ssm::kOutput, std::move(payload), now);
  out.sequence = next_++;
  out.flags = out.sequence == 0 ? kFirstOfStream : 0;
  out.payloadType = type;
  Sent sent{out.sequence, out.payload.size(), ssm::makeMessage(out), now.mono, now.mono};
  unacknowledged_ += sent.bytes;
  sent_.push_back(sent);
  return std::move(sent.message);
}

DataChannel::Out DataChannel::begin(const Now& now) {
  return {{next(PayloadType::HandshakeRequest, ssm::handshakeRequest(), now)}, {}};
}

Result<DataChannel::Out> DataChannel::received(std::string_view bytes, const Now& now) {
  const Result<ssm::Message> message = ssm::readMessage(bytes);
  if (!message) return message.error();
  Out out;
  if (message->type == ssm::kAcknowledge) {
    const Result<int64_t> sequence = ssm::readAcknowledgement(message->payload);
    if (!sequence) return sequence.error();
    acknowledged(*sequence);
  } else if (message->type == ssm::kInput && message->sequence <= expected_) {
    out.messages.push_back(plain(ssm::kAcknowledge, ssm::acknowledgementOf(*message), now));
    if (message->sequence < expected_) return out;
    ++expected_;
    if (Status taken = takeInput(*message, now, out); !taken) return taken.error();
  }
  return out;
}

Status DataChannel::takeInput(const ssm::Message& message, const Now& now, Out& out) {
  if (message.payloadType == PayloadType::Output) {
    addInput(message.payload, out.frames);
  } else if (message.payloadType == PayloadType::Size) {
    const auto size = ssm::readSize(message.payload);
    if (!size) return size.error();
    out.frames.push_back(resizeFrame(*size));
  } else if (message.payloadType == PayloadType::Flag && message.payload == kTerminate) {
    return makeError(Code::Cancelled, "the plugin has ended the session");
  } else if (message.payloadType == PayloadType::HandshakeResponse && !ready_) {
    if (Status agreed = ssm::readHandshakeResponse(message.payload); !agreed) return agreed;
    ready_ = true;
    out.messages.push_back(next(PayloadType::HandshakeComplete, ssm::handshakeComplete(), now));
    for (std::string& output : std::exchange(early_, {})) {
      unacknowledged_ -= output.size();
      out.messages.push_back(next(PayloadType::Output, std::move(output), now));
    }
  }
  return {};
}

void DataChannel::acknowledged(int64_t sequence) {
  const auto found = std::ranges::find(sent_, sequence, &Sent::sequence);
  if (found == sent_.end()) return;
  unacknowledged_ -= found->bytes;
  sent_.erase(found);
}

DataChannel::Out DataChannel::send(std::string_view bytes, const Now& now) {
  const auto frame = streams::readFrame(bytes);
  const bool output = frame && (frame->channel == Channel::Stdout || frame->channel == Channel::Stderr);
  if (!output || frame->payload.empty()) return {};
  if (ready_) return {{next(PayloadType::Output, std::string(frame->payload), now)}, {}};
  early_.emplace_back(frame->payload);
  unacknowledged_ += frame->payload.size();
  return {};
}

std::vector<std::string> DataChannel::due(const Now& now) {
  std::vector<std::string> out;
  // Those behind the first are kept by the plugin, or come again when it is through.
  if (!sent_.empty() && now.mono - sent_.front().last >= kAgainAfter) {
    sent_.front().last = now.mono;
    out.push_back(sent_.front().message);
  }
  return out;
}

Duration DataChannel::waiting(const Now& now) const {
  return sent_.empty() ? Duration::zero() : now.mono - sent_.front().first;
}

std::string DataChannel::closing(std::string_view words, const Now& now) {
  return plain(ssm::kChannelClosed, ssm::channelClosed(session_, words, randomUuid(random_), now.wall), now);
}

}  // namespace berth::controller
