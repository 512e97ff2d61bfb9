// The frames of streams between a client, the controller and an agent: commands in containers, and their
// output. Values only; docs/exec.md describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::streams {

/// The first byte of each message.
enum class Channel : uint8_t { Stdin, Stdout, Stderr, Resize, Exit, Error, Open, KeepAlive, Started, Lines };

/// The longest message, the channel's byte included.
inline constexpr size_t kLongestFrame = 65536;
/// The most bytes of input or output that one frame carries.
inline constexpr size_t kLongestPayload = kLongestFrame - 1;

struct Frame {
  Channel channel = Channel::KeepAlive;
  std::string_view payload;  ///< of the message that it was read from
};

/// InvalidArgument, for people to read, for a message that is empty, too long or of no channel.
Result<Frame> readFrame(std::string_view message);
/// The message of a payload; of input and output at most kLongestPayload bytes.
std::string makeFrame(Channel channel, std::string_view payload = {});

/// Of a terminal, in characters.
struct TerminalSize {
  uint16_t columns = 0;
  uint16_t rows = 0;
  bool operator==(const TerminalSize&) const = default;
};
/// InvalidArgument unless both are numbers from 1 to 65,535.
Result<TerminalSize> readSize(std::string_view payload);

/// A client's first frame.
struct Opening {
  std::string token;
  bool tty = false;
  bool input = false;  ///< `stdin`: the command gets an input
  std::string user;    ///< empty: the container's own
  std::optional<TerminalSize> size;
};
/// InvalidArgument, without the token in it, for a member that is missing, of another type or not known.
Result<Opening> readOpening(std::string_view payload);

std::string exitFrame(int exitCode);
Result<int> readExit(std::string_view payload);

/// Why a stream ended early. `type` is for programs ("SessionTimeoutException"), `message` for people.
struct Failure {
  std::string type;
  std::string message;
  bool operator==(const Failure&) const = default;
};
/// A message that is too long for a frame is cut.
std::string errorFrame(const Failure& failure);
Result<Failure> readFailure(std::string_view payload);

}  // namespace berth::streams
