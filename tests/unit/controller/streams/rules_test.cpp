#include "controller/streams/rules.hpp"

#include <catch2/catch.hpp>

using namespace berth::controller;
using berth::streams::Channel;

TEST_CASE("each side sends what is its own, and nothing else") {
  struct Row {
    Channel channel;
    Pass client, agent, logs;
  };
  const Row rows[] = {{Channel::Stdin, Pass::Forward, Pass::Refuse, Pass::Refuse},
                      {Channel::Stdout, Pass::Refuse, Pass::Forward, Pass::Refuse},
                      {Channel::Stderr, Pass::Refuse, Pass::Forward, Pass::Refuse},
                      {Channel::Resize, Pass::Forward, Pass::Refuse, Pass::Refuse},
                      {Channel::Exit, Pass::Refuse, Pass::Last, Pass::Last},
                      {Channel::Error, Pass::Refuse, Pass::Last, Pass::Last},
                      {Channel::Open, Pass::Refuse, Pass::Refuse, Pass::Refuse},
                      {Channel::KeepAlive, Pass::Drop, Pass::Drop, Pass::Drop},
                      {Channel::Started, Pass::Refuse, Pass::Forward, Pass::Drop},
                      {Channel::Lines, Pass::Refuse, Pass::Refuse, Pass::Forward}};
  for (const Row& row : rows) {
    INFO("channel " << static_cast<int>(row.channel));
    CHECK(passFromClient(row.channel) == row.client);
    CHECK(passFromAgent(row.channel) == row.agent);
    CHECK(passOfLogs(row.channel) == row.logs);
  }
}

TEST_CASE("signs of life are no activity") {
  CHECK(isActivity(Channel::Stdin));
  CHECK(isActivity(Channel::Stdout));
  CHECK(isActivity(Channel::Resize));
  CHECK_FALSE(isActivity(Channel::KeepAlive));
  CHECK_FALSE(isActivity(Channel::Started));
}

TEST_CASE("a websocket's close code says whose fault it was") {
  CHECK(closeCodeOf("InvalidFrameException") == 1002);
  CHECK(closeCodeOf("InvalidTokenException") == 1008);
  CHECK(closeCodeOf("SessionTimeoutException") == 1011);
}
