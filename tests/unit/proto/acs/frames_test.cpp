#include "tests/unit/proto/acs/frame.hpp"

namespace berth::acs {

using namespace sample;

TEST_CASE("a frame that is no envelope is refused") {
  CHECK(refusal("") == "the ACS frame is not valid JSON");
  CHECK(refusal("{\"type\":\"Payl") == "the ACS frame is not valid JSON");
  CHECK(refusal("[]") == "the ACS frame is not a JSON object");
  CHECK(refusal("{}") == "frame.type is missing or empty");
  CHECK(refusal(R"({"type":null,"message":{}})") == "frame.type is missing or empty");
  CHECK(refusal(R"({"type":["PayloadMessage"]})") == "frame.type is not a string");
  for (const char* type :
       {"PayloadMessage", "HeartbeatMessage", "TaskManifestMessage", "TaskStopVerificationAck"}) {
    CHECK(refusal(frame(type, 7)) == "message is not a JSON object");
  }
}

TEST_CASE("messages without an action and unknown ones are told apart") {
  for (const char* type :
       {"CloseMessage", "ErrorMessage", "InactiveInstanceException", "StageUpdateMessage",
        "PerformUpdateMessage", "AttachTaskNetworkInterfacesMessage",
        "AttachInstanceNetworkInterfacesMessage", "ConfirmAttachmentMessage", "AckRequest"}) {
    auto decoded = decodeToAgent(frame(type, Json{{"message", "x"}}));
    REQUIRE(decoded.ok());
    CHECK(std::get<OtherMessage>(*decoded).known);
    CHECK(std::get<OtherMessage>(*decoded).type == type);
  }
  for (const char* type : {"payloadmessage", "SomethingNew"}) {
    auto decoded = decodeToAgent(frame(type, 5));
    REQUIRE(decoded.ok());
    CHECK_FALSE(std::get<OtherMessage>(*decoded).known);
  }
}

TEST_CASE("of a message without an action its id is kept, by which it can be refused") {
  const auto decoded =
      decodeToAgent(frame("StageUpdateMessage", Json{{"messageId", "m7"}, {"clusterArn", "arn:c"}}));
  REQUIRE(decoded.ok());
  CHECK(std::get<OtherMessage>(*decoded).messageId == "m7");
  CHECK(std::get<OtherMessage>(*decoded).clusterArn == "arn:c");
}

TEST_CASE("a heartbeat is read, healthy unless it says otherwise") {
  auto plain = decodeToAgent(R"({"type":"HeartbeatMessage"})");
  REQUIRE(plain.ok());
  CHECK(std::get<HeartbeatMessage>(*plain).healthy);
  auto sick = decodeToAgent(frame("HeartbeatMessage", {{"messageId", "h"}, {"healthy", false}}));
  REQUIRE(sick.ok());
  CHECK_FALSE(std::get<HeartbeatMessage>(*sick).healthy);
  CHECK(std::get<HeartbeatMessage>(*sick).messageId == "h");
  CHECK(refusal(frame("HeartbeatMessage", {{"healthy", "yes"}})) == "message.healthy is not a boolean");
}

TEST_CASE("a manifest is read") {
  auto decoded = decodeToAgent(frame(
      "TaskManifestMessage",
      {{"messageId", "m"},
       {"clusterArn", "c"},
       {"containerInstanceArn", "i"},
       {"timeline", 12},
       {"tasks", Json::array({{{"taskArn", "a"}, {"taskClusterArn", "c"}, {"desiredStatus", "RUNNING"}}})}}));
  REQUIRE(decoded.ok());
  const auto& manifest = std::get<TaskManifestMessage>(*decoded);
  CHECK(manifest.timeline == 12);
  REQUIRE(manifest.tasks.size() == 1);
  CHECK(manifest.tasks[0].desiredStatus == "RUNNING");
}

TEST_CASE("a manifest that can't be read in full is dropped, since what it lacks would be stopped") {
  auto with = [](Json tasks) {
    return refusal(
        frame("TaskManifestMessage", {{"messageId", "m"}, {"timeline", 1}, {"tasks", std::move(tasks)}}));
  };
  CHECK(with(Json::array({{{"desiredStatus", "RUNNING"}}})) == "message.tasks.taskArn is missing or empty");
  CHECK(with(Json::array({"arn"})) == "message.tasks is not a JSON object");
  CHECK(with("arn") == "message.tasks is not a list");
  CHECK(refusal(frame("TaskManifestMessage", {{"timeline", 1}})) == "message.messageId is missing or empty");
  CHECK(refusal(frame("TaskManifestMessage", {{"messageId", "m"}, {"timeline", "1"}})) ==
        "message.timeline is not an integer");
}

TEST_CASE("a confirmation of stops is read, and dropped when it is not whole") {
  auto decoded = decodeToAgent(frame("TaskStopVerificationAck",
                                     {{"messageId", "m"}, {"stopTasks", Json::array({{{"taskArn", "a"}}})}}));
  REQUIRE(decoded.ok());
  CHECK(std::get<TaskStopVerificationAck>(*decoded).stopTasks[0].taskArn == "a");
  CHECK(refusal(frame("TaskStopVerificationAck",
                      {{"messageId", "m"}, {"stopTasks", Json::array({Json::object()})}})) ==
        "message.stopTasks.taskArn is missing or empty");
  CHECK(refusal(frame("TaskStopVerificationAck", Json::object())) == "message.messageId is missing or empty");
}

TEST_CASE("what an agent sends is refused by a controller when it lacks its id") {
  for (const char* type : {"AckRequest", "NackRequest", "TaskStopVerificationMessage"}) {
    auto decoded = decodeFromAgent(frame(type, Json::object()));
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().message == "message.messageId is missing or empty");
  }
  CHECK_FALSE(decodeFromAgent("").ok());
  CHECK_FALSE(decodeFromAgent("{}").ok());
  CHECK_FALSE(decodeFromAgent(frame("AckRequest", 5)).ok());
  CHECK_FALSE(decodeFromAgent(frame("AckRequest", {{"messageId", 5}})).ok());
  CHECK_FALSE(decodeFromAgent(frame("TaskStopVerificationMessage",
                                    {{"messageId", "m"}, {"stopCandidates", Json::array({Json::object()})}}))
                  .ok());
}

TEST_CASE("a controller knows the acknowledgement of credentials, and no type that it never heard of") {
  auto known = decodeFromAgent(frame("IAMRoleCredentialsAckRequest",
                                     {{"messageId", "m"}, {"expiration", "e"}, {"credentialsId", "c"}}));
  REQUIRE(known.ok());
  CHECK(std::get<CredentialsAckRequest>(*known).credentialsId == "c");
  auto unknown = decodeFromAgent(frame("Surprise", Json::object()));
  REQUIRE(unknown.ok());
  CHECK_FALSE(std::get<OtherMessage>(*unknown).known);
}

}  // namespace berth::acs
