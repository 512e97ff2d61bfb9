#include <catch2/catch.hpp>

#include "proto/acs/codec.hpp"
#include "proto/acs/extensions.hpp"

namespace berth::acs {
namespace {

OpenStreamMessage askedFor(OpenStreamMessage message) {
  const auto decoded = decodeToAgent(encode(ToAgent(std::move(message))));
  REQUIRE(decoded);
  return std::get<OpenStreamMessage>(*decoded);
}

std::string saidOf(const std::string& body) {
  const auto decoded = decodeToAgent(R"({"type":"OpenStreamMessage","message":)" + body + "}");
  return decoded ? "" : decoded.error().message;
}

TEST_CASE("what is asked of a stream survives the way") {
  OpenStreamMessage exec;
  exec.streamId = "s1";
  exec.taskArn = "arn:task";
  exec.containers = {"app"};
  exec.command = {"sh", "-c", "id"};
  exec.user = "app:0";
  exec.tty = exec.input = true;
  exec.columns = 80;
  exec.rows = 24;
  const OpenStreamMessage command = askedFor(exec);
  CHECK(command.kind == OpenStreamMessage::Kind::Exec);
  CHECK(command.streamId == "s1");
  CHECK(command.taskArn == "arn:task");
  CHECK(command.containers == exec.containers);
  CHECK(command.command == exec.command);
  CHECK(command.user == "app:0");
  CHECK((command.tty && command.input));
  CHECK((command.columns == 80 && command.rows == 24));

  OpenStreamMessage logs;
  logs.kind = OpenStreamMessage::Kind::Logs;
  logs.streamId = "s2";
  logs.taskArn = "arn:task";
  logs.containers = {"app", "side"};
  logs.follow = true;
  logs.since = "1795802400.5";
  logs.tail = 10;
  const OpenStreamMessage output = askedFor(logs);
  CHECK(output.kind == OpenStreamMessage::Kind::Logs);
  CHECK(output.containers == logs.containers);
  CHECK(output.follow);
  CHECK(output.since == logs.since);
  CHECK(output.tail == 10);
}

TEST_CASE("a stream that can't be meant is refused by what is wrong with it") {
  CHECK_THAT(saidOf("{}"), Catch::Contains("streamId"));
  CHECK_THAT(saidOf(R"({"streamId":"s","kind":"x","taskArn":"t","containers":["a"]})"),
             Catch::Contains("is neither exec nor logs"));
  CHECK_THAT(saidOf(R"({"streamId":"s","kind":"logs","taskArn":"t"})"), Catch::Contains("containers"));
  CHECK_THAT(saidOf(R"({"streamId":"s","kind":"exec","taskArn":"t","containers":["a"]})"),
             Catch::Contains("command"));
}

TEST_CASE("the extensions of streams have names") {
  const Extensions both{Extension::Exec, Extension::Logs};
  CHECK(both.render() == "exec, logs");
  CHECK(Extensions::parse("logs,exec") == both);
}

}  // namespace
}  // namespace berth::acs
