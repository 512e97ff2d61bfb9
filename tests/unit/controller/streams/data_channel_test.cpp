#include "controller/streams/data_channel.hpp"

#include <catch2/catch.hpp>

#include "proto/streams/frame.hpp"

using namespace berth;
using namespace berth::controller;
using namespace std::chrono_literals;
using ssm::PayloadType;
using streams::Channel;

namespace {

const Now kStart{MonoTime(10s), WallTime(1'700'000'000s)};

Now at(Duration after) { return {kStart.mono + after, kStart.wall}; }

std::string ofPlugin(int64_t sequence, PayloadType type, std::string payload) {
  ssm::Message out;
  out.type = ssm::kInput;
  out.created = 1;
  out.sequence = sequence;
  out.payloadType = type;
  out.payload = std::move(payload);
  return ssm::makeMessage(out);
}

std::string acknowledging(int64_t sequence) {
  ssm::Message out;
  out.type = ssm::kAcknowledge;
  out.created = 1;
  out.payload = R"({"AcknowledgedMessageSequenceNumber":)" + std::to_string(sequence) + "}";
  return ssm::makeMessage(out);
}

ssm::Message read(const std::string& bytes) {
  const auto out = ssm::readMessage(bytes);
  REQUIRE(out);
  return *out;
}

struct Session {
  SeededRandom random{1};
  DataChannel channel{"ecs-execute-command-1", random};

  DataChannel::Out take(const std::string& message, Duration after = 0s) {
    auto out = channel.received(message, at(after));
    REQUIRE(out);
    return std::move(*out);
  }
  /// Up to the handshake's end, all of it acknowledged.
  void shakeHands() {
    channel.begin(kStart);
    take(acknowledging(0));
    take(ofPlugin(0, PayloadType::HandshakeResponse, "{}"));
    take(acknowledging(1));
    REQUIRE(channel.unacknowledged() == 0);
  }
};

std::string output(std::string_view text) { return streams::makeFrame(Channel::Stdout, text); }

}  // namespace

TEST_CASE("the plugin is asked for a terminal, and output waits for its answer") {
  Session session;
  const auto begun = session.channel.begin(kStart);
  REQUIRE(begun.messages.size() == 1);
  const auto request = read(begun.messages[0]);
  CHECK(request.type == ssm::kOutput);
  CHECK(request.sequence == 0);
  CHECK(request.flags == 1);
  CHECK(request.payloadType == PayloadType::HandshakeRequest);
  CHECK(request.payload.find(R"("SessionType":"InteractiveCommands")") != std::string::npos);

  CHECK(session.channel.send(output("early"), kStart).messages.empty());
  CHECK(session.channel.unacknowledged() == request.payload.size() + 5);

  session.take(acknowledging(0));
  const auto agreed = session.take(ofPlugin(0, PayloadType::HandshakeResponse, "{}"));
  REQUIRE(agreed.messages.size() == 3);
  CHECK(read(agreed.messages[0]).type == ssm::kAcknowledge);
  CHECK(read(agreed.messages[1]).payloadType == PayloadType::HandshakeComplete);
  const auto early = read(agreed.messages[2]);
  CHECK(early.payload == "early");
  CHECK(early.sequence == 2);
  CHECK(early.flags == 0);
}

TEST_CASE("a plugin that refuses ends the session with its words") {
  Session session;
  session.channel.begin(kStart);
  const auto refused = session.channel.received(
      ofPlugin(0, PayloadType::HandshakeResponse, R"({"Errors":["too old"]})"), kStart);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "the plugin refuses the session: too old");
}

TEST_CASE("input and sizes become frames, each once and in order") {
  Session session;
  session.shakeHands();
  const auto first = session.take(ofPlugin(1, PayloadType::Size, R"({"cols":80,"rows":24})"));
  REQUIRE(first.frames.size() == 1);
  CHECK(first.frames[0] == streams::makeFrame(Channel::Resize, R"({"columns":80,"rows":24})"));
  REQUIRE(first.messages.size() == 1);
  CHECK(*ssm::readAcknowledgement(read(first.messages[0]).payload) == 1);

  CHECK(session.take(ofPlugin(2, PayloadType::Output, "ls\r")).frames ==
        std::vector<std::string>{streams::makeFrame(Channel::Stdin, "ls\r")});
  const auto again = session.take(ofPlugin(2, PayloadType::Output, "ls\r"));
  CHECK(again.frames.empty());
  CHECK(again.messages.size() == 1);
  const auto ahead = session.take(ofPlugin(4, PayloadType::Output, "x"));
  CHECK(ahead.frames.empty());
  CHECK(ahead.messages.empty());

  const auto large = session.take(ofPlugin(3, PayloadType::Output, std::string(70'000, 'x')));
  REQUIRE(large.frames.size() == 2);
  CHECK(large.frames[0].size() == streams::kLongestFrame);
}

TEST_CASE("output comes again until it is acknowledged") {
  Session session;
  session.shakeHands();
  const auto first = session.channel.send(output("one"), kStart);
  session.channel.send(streams::makeFrame(Channel::Stderr, "two!"), kStart);
  CHECK(session.channel.unacknowledged() == 7);
  CHECK(session.channel.due(at(400ms)).empty());
  CHECK(session.channel.due(at(500ms)) == first.messages);
  CHECK(session.channel.due(at(600ms)).empty());
  CHECK(session.channel.waiting(at(600ms)) == 600ms);
  session.take(acknowledging(3));
  CHECK(session.channel.unacknowledged() == 3);
  session.take(acknowledging(2));
  session.take(acknowledging(2));
  CHECK(session.channel.unacknowledged() == 0);
  CHECK(session.channel.due(at(5s)).empty());
  CHECK(session.channel.waiting(at(5s)) == 0s);
}

TEST_CASE("what the plugin would not understand is not sent to it") {
  Session session;
  session.shakeHands();
  for (const Channel channel : {Channel::KeepAlive, Channel::Started, Channel::Exit, Channel::Error})
    CHECK(session.channel.send(streams::makeFrame(channel, "{}"), kStart).messages.empty());
}

TEST_CASE("the last message closes the channel, and says why") {
  Session session;
  const auto last = read(session.channel.closing("its host is gone", kStart));
  CHECK(last.type == ssm::kChannelClosed);
  CHECK(last.created == 1'700'000'000'000);
  CHECK(last.payload.find(R"("Output":"its host is gone")") != std::string::npos);
  CHECK(last.payload.find(R"("SessionId":"ecs-execute-command-1")") != std::string::npos);
}

TEST_CASE("the flag to end is the session's end, and what is no message is told") {
  Session session;
  session.shakeHands();
  CHECK(session.channel.received(ofPlugin(1, PayloadType::Flag, std::string("\0\0\0\2", 4)), kStart)
            .error()
            .code == Code::Cancelled);
  CHECK(session.channel.received("{}", kStart).error().code == Code::InvalidArgument);
}
