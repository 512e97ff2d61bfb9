// What a session-manager-plugin sends: as it comes, and as the payload of a message that is right otherwise,
// whose first byte says what it is.
#include "controller/streams/data_channel.hpp"
#include "proto/streams/frame.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using namespace berth::controller;

const Now kNow{MonoTime(std::chrono::seconds(1)), WallTime(std::chrono::seconds(1))};

ssm::Message wrapped(std::string_view input) {
  ssm::Message out;
  const auto kind = static_cast<uint8_t>(input.front());
  out.type = kind == 0 ? ssm::kAcknowledge : ssm::kInput;
  out.created = 1;
  out.payloadType = static_cast<ssm::PayloadType>(kind);
  out.payload = input.substr(1);
  return out;
}

void checkSession(std::string_view message) {
  SeededRandom random(1);
  DataChannel channel("session", random);
  channel.begin(kNow);
  const auto out = channel.received(message, kNow);
  if (!out) return;
  for (const std::string& frame : out->frames) {
    fuzz::require(streams::readFrame(frame).ok(), "what goes to the agent is a frame", message);
  }
  for (const std::string& answer : out->messages)
    fuzz::require(ssm::readMessage(answer).ok(), "what goes to the plugin is a message", message);
  const auto again = channel.received(message, kNow);
  fuzz::require(again && again->frames.empty(), "what comes twice counts once", message);
}

}  // namespace

BERTH_FUZZ_TARGET(plugin) {
  if (input.empty()) return;
  ssm::readOpening(input).ok();
  checkSession(input);
  const ssm::Message message = wrapped(input);
  const std::string bytes = ssm::makeMessage(message);
  const auto read = ssm::readMessage(bytes);
  fuzz::require(read && read->payload == message.payload && read->type == message.type,
                "a message is read as it was written", bytes);
  checkSession(bytes);
}
