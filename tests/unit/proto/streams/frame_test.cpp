#include "proto/streams/frame.hpp"

#include <catch2/catch.hpp>

#include "proto/streams/log_line.hpp"

using namespace berth;
using namespace berth::streams;

namespace {

std::string saidOf(const auto& result) { return result ? "" : result.error().message; }

}  // namespace

TEST_CASE("a frame is a channel's byte and its payload") {
  const std::string message = makeFrame(Channel::Stderr, "oh\n");
  CHECK(message == std::string("\x02oh\n"));
  const auto frame = readFrame(message);
  REQUIRE(frame);
  CHECK(frame->channel == Channel::Stderr);
  CHECK(frame->payload == "oh\n");
  CHECK(readFrame(makeFrame(Channel::Stdin))->payload.empty());
  CHECK(readFrame(makeFrame(Channel::Stdout, std::string(kLongestPayload, 'x'))));
}

TEST_CASE("a message that is no frame is said to be so") {
  CHECK(saidOf(readFrame("")) == "a frame has a byte for its channel: this message is empty");
  CHECK(saidOf(readFrame("\x0a")) == "there is no channel 10");
  CHECK(saidOf(readFrame("\xff")) == "there is no channel 255");
  CHECK(saidOf(readFrame(makeFrame(Channel::Stdin, std::string(kLongestFrame, 'x')))) ==
        "a frame has at most 65536 bytes: this one has 65537");
}

TEST_CASE("the first frame of a client says who it is and what it wants") {
  const auto least = readOpening(R"({"token":"t"})");
  REQUIRE(least);
  CHECK(least->token == "t");
  CHECK_FALSE(least->tty);
  CHECK_FALSE(least->input);
  CHECK(least->user.empty());
  CHECK_FALSE(least->size);
  const auto most =
      readOpening(R"({"token":"t","tty":true,"stdin":true,"user":"app:0","columns":120,"rows":40})");
  REQUIRE(most);
  CHECK(most->tty);
  CHECK(most->input);
  CHECK(most->user == "app:0");
  CHECK(most->size == TerminalSize{120, 40});
}

TEST_CASE("an opening that can't be meant is refused by what is wrong with it") {
  CHECK_THAT(saidOf(readOpening("x")), Catch::Contains("open"));
  CHECK_THAT(saidOf(readOpening("{}")), Catch::Contains("token"));
  CHECK_THAT(saidOf(readOpening(R"({"token":"t","uid":1})")), Catch::Contains("'uid' is not known"));
  CHECK_THAT(saidOf(readOpening(R"({"token":"t","tty":1})")), Catch::Contains("tty"));
  CHECK_THAT(saidOf(readOpening(R"({"token":"t","user":"a b"})")), Catch::Contains("must be NAME"));
  CHECK_THAT(saidOf(readOpening(R"({"token":"t","rows":1})")), Catch::Contains("comes with rows"));
  CHECK_THAT(saidOf(readOpening(R"({"token":"t","rows":0,"columns":1})")),
             Catch::Contains("from 1 to 65535"));
  CHECK(saidOf(readOpening(R"({"token":"s3cret","tty":"s"})")).find("s3cret") == std::string::npos);
}

TEST_CASE("sizes, exit codes and failures survive the way") {
  CHECK(*readSize(R"({"columns":80,"rows":24})") == TerminalSize{80, 24});
  CHECK_FALSE(readSize(R"({"columns":80})"));
  CHECK_FALSE(readSize(R"({"columns":65536,"rows":1})"));
  CHECK(*readExit(readFrame(exitFrame(137))->payload) == 137);
  CHECK_FALSE(readExit("{}"));
  CHECK_FALSE(readExit(R"({"exitCode":99999999999})"));
  const Failure failure{"SessionTimeoutException", "nothing for 20 minutes"};
  const std::string message = errorFrame(failure);
  CHECK(readFrame(message)->channel == Channel::Error);
  CHECK(*readFailure(readFrame(message)->payload) == failure);
  CHECK(errorFrame({"E", std::string(100000, 'x')}).size() < kLongestFrame);
}

TEST_CASE("a line of a log is an object of its own, whatever its bytes are") {
  CHECK(renderLogLine("app", {"2026-11-27T18:00:00.1Z", false, false, "say \"hi\""}) ==
        R"({"time":"2026-11-27T18:00:00.1Z","container":"app","stream":"stdout","line":"say \"hi\""})"
        "\n");
  CHECK(renderLogLine("app", {"", true, true, "\xff"}) ==
        "{\"container\":\"app\",\"stream\":\"stderr\",\"line\":\"\xef\xbf\xbd\",\"partial\":true}\n");
}
