#include "proto/ssm/message.hpp"

#include <catch2/catch.hpp>

#include "common/aws/crypto.hpp"

using namespace berth;
using namespace berth::ssm;

namespace {

/// A message as the plugin writes it, byte by byte.
std::string written(std::string type, uint8_t sequence, uint8_t payloadType, std::string payload) {
  type.resize(32, ' ');
  std::string out("\0\0\0\x74", 4);
  out += type + std::string("\0\0\0\1", 4) + std::string("\0\0\1\x9a\0\0\0\5", 8);
  out += std::string(7, '\0') + static_cast<char>(sequence) + std::string(8, '\0');
  out += std::string("\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x00\x11\x22\x33\x44\x55\x66\x77", 16);
  for (const uint8_t byte : aws::sha256(payload)) out += static_cast<char>(byte);
  out += std::string(3, '\0') + static_cast<char>(payloadType);
  return out + std::string(3, '\0') + static_cast<char>(payload.size()) + payload;
}

std::string saidOf(const auto& result) { return result ? "" : result.error().message; }

}  // namespace

TEST_CASE("a message is read and written as the plugin has it") {
  const std::string bytes = written("input_stream_data", 3, 1, "ls\r");
  const auto message = readMessage(bytes);
  REQUIRE(message);
  CHECK(message->type == kInput);
  CHECK(message->sequence == 3);
  CHECK(message->created == 0x19a00000005);
  CHECK(message->payloadType == PayloadType::Output);
  CHECK(message->payload == "ls\r");
  CHECK(idText(message->id) == "00112233-4455-6677-8899-aabbccddeeff");
  CHECK(makeMessage(*message) == bytes);
  std::string padded = bytes;
  for (size_t i = 21; i < 36; ++i) padded[i] = '\0';
  CHECK(readMessage(padded)->type == kInput);
}

TEST_CASE("a message that is none is said to be so") {
  const std::string bytes = written("input_stream_data", 3, 1, "ls\r");
  CHECK(saidOf(readMessage(bytes.substr(0, 119))) == "a message has a header of 120 bytes: this one has 119");
  CHECK(saidOf(readMessage(bytes + "x")) == "the payload has 4 bytes: the header says 3");
  std::string other = bytes;
  other.back() = 'x';
  CHECK(saidOf(readMessage(other)) == "the payload has another digest than the header says");
  other = bytes;
  other[3] = 'x';
  CHECK(saidOf(readMessage(other)) == "a header says that it has 116 bytes: this one says 120");
}

TEST_CASE("an acknowledgement names the message") {
  const auto message = readMessage(written("input_stream_data", 3, 1, "ls\r"));
  REQUIRE(message);
  const std::string payload = acknowledgementOf(*message);
  CHECK(
      payload ==
      R"({"AcknowledgedMessageId":"00112233-4455-6677-8899-aabbccddeeff","AcknowledgedMessageSequenceNumber":3,)"
      R"("AcknowledgedMessageType":"input_stream_data","IsSequentialMessage":true})");
  CHECK(*readAcknowledgement(payload) == 3);
  CHECK(saidOf(readAcknowledgement("{}")) ==
        "acknowledge.AcknowledgedMessageSequenceNumber must be a number from 0 on");
  CHECK_FALSE(readAcknowledgement("3"));
}

TEST_CASE("the plugin's first message has its token") {
  const std::string first =
      R"({"MessageSchemaVersion":"1.0","RequestId":"r","TokenValue":"secret","ClientId":"c","ClientVersion":"1.2"})";
  CHECK(isOpening(first));
  CHECK_FALSE(isOpening("\x06{}"));
  CHECK(*readOpening(first) == "secret");
  CHECK_FALSE(readOpening("{}"));
  CHECK(saidOf(readOpening(R"({"TokenValue": secret)")).find("secret") == std::string::npos);
}

TEST_CASE("a handshake is agreed to, or refused in the plugin's words") {
  CHECK(readHandshakeResponse(R"({"ClientVersion":"1.2","ProcessedClientActions":[],"Errors":null})"));
  CHECK(readHandshakeResponse(R"({"Errors":[]})"));
  CHECK(readHandshakeResponse(R"({"Errors":["Unknown session type"]})").error().message ==
        "the plugin refuses the session: Unknown session type");
  CHECK_FALSE(readHandshakeResponse("no"));
}

TEST_CASE("a terminal's size has both numbers") {
  CHECK(*readSize(R"({"cols":120,"rows":40})") == streams::TerminalSize{120, 40});
  CHECK(saidOf(readSize(R"({"cols":0,"rows":40})")) == "size.cols must be from 1 to 65535");
  CHECK_FALSE(readSize(R"({"cols":80})"));
}
