// Messages of Systems Manager's data channel, which Amazon's session-manager-plugin speaks on the stream of
// a command. Values only. Source: the plugin's own code (src/message of aws/session-manager-plugin).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "common/time/clock.hpp"
#include "proto/streams/frame.hpp"

namespace berth::ssm {

inline constexpr std::string_view kInput = "input_stream_data";    ///< the plugin's
inline constexpr std::string_view kOutput = "output_stream_data";  ///< to the plugin
inline constexpr std::string_view kAcknowledge = "acknowledge";
inline constexpr std::string_view kChannelClosed = "channel_closed";

/// What the payload of kInput and kOutput is.
enum class PayloadType : uint32_t {
  None = 0,
  Output = 1,  ///< bytes of the terminal, in both directions
  Size = 3,    ///< {"cols": 80, "rows": 24}
  HandshakeRequest = 5,
  HandshakeResponse = 6,
  HandshakeComplete = 7,
  Flag = 10,  ///< a big-endian uint32; 2: the session is to end
};

struct Message {
  std::string type;
  int64_t created = 0;   ///< milliseconds since 1970, never 0
  int64_t sequence = 0;  ///< of kInput and kOutput, each from 0
  uint64_t flags = 0;    ///< bit 0: the first of a stream, bit 1: the last
  std::array<uint8_t, 16> id{};
  PayloadType payloadType = PayloadType::None;
  std::string payload;
};

/// InvalidArgument, for people to read, where the header is cut off, its lengths do not fit the message, or
/// the payload has another digest.
Result<Message> readMessage(std::string_view bytes);
/// The type has at most 32 bytes.
std::string makeMessage(const Message& message);

/// The text form of a message's id (a UUID).
std::string idText(const std::array<uint8_t, 16>& id);

/// The payload of kAcknowledge for a message of kInput.
std::string acknowledgementOf(const Message& message);
/// The sequence number that a payload of kAcknowledge names.
Result<int64_t> readAcknowledgement(std::string_view payload);

/// The plugin's first message, a text: {"MessageSchemaVersion", "RequestId", "TokenValue", "ClientId",
/// "ClientVersion"}. Whether a first message is one.
bool isOpening(std::string_view message);
/// Its token. InvalidArgument, without it in the text.
Result<std::string> readOpening(std::string_view message);

/// Asks the plugin for a terminal (its session type InteractiveCommands).
std::string handshakeRequest();
/// OK, or FailedPrecondition with the plugin's own words where it can't do what was asked.
Status readHandshakeResponse(std::string_view payload);
std::string handshakeComplete();

/// InvalidArgument unless both are numbers from 1 to 65,535.
Result<streams::TerminalSize> readSize(std::string_view payload);

/// The payload of kChannelClosed: the plugin shows `words`, or that it exits, and ends.
std::string channelClosed(std::string_view session, std::string_view words, std::string_view id,
                          WallTime now);

}  // namespace berth::ssm
