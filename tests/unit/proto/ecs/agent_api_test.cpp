#include "proto/ecs/agent_api.hpp"

#include "proto/ecs/text.hpp"
#include "tests/unit/proto/ecs/check.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

/// The encoded request, which its operation's declaration must accept with every member.
template <class Request>
Json encoded(const std::string& operation, const Request& request) {
  Json body = Json::parse(encode(request));
  CHECK(accepted(operation, body) == body);
  return body;
}

TEST_CASE("A registration carries the resources, and attributes without values as names alone") {
  RegisterContainerInstanceRequest request;
  request.cluster = "default";
  request.clientToken = "t-1";
  request.totalResources = {
      {"CPU", "INTEGER", 2048, {}}, {"PORTS", "STRINGSET", 0, {"22"}}, {"PORTS_UDP", "STRINGSET", 0, {}}};
  request.attributes = {{"ecs.os-type", "linux"}, {"ecs.capability.external", ""}};
  CHECK(encoded("RegisterContainerInstance", request) == Json::parse(R"({"cluster": "default",
    "clientToken": "t-1", "instanceIdentityDocument": "", "instanceIdentityDocumentSignature": "",
    "totalResources": [{"name": "CPU", "type": "INTEGER", "integerValue": 2048},
                       {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
                       {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []}],
    "attributes": [{"name": "ecs.os-type", "value": "linux"}, {"name": "ecs.capability.external"}]})"));

  request.containerInstanceArn = "arn";
  request.platformDevices = {{"GPU-1", "GPU"}};
  request.tags = {{"team", ""}};
  Json again = encoded("RegisterContainerInstance", request);
  CHECK(again["containerInstanceArn"] == "arn");
  CHECK(again["platformDevices"] == Json::parse(R"([{"id": "GPU-1", "type": "GPU"}])"));
  CHECK(again["tags"] == Json::parse(R"([{"key": "team", "value": ""}])"));
}

TEST_CASE("A task's report always has its reason, and its times only once known") {
  SubmitTaskStateChangeRequest request;
  request.cluster = "c";
  request.task = "arn";
  request.status = "RUNNING";
  ContainerStateChange container;
  container.containerName = "app";
  container.status = "RUNNING";
  container.runtimeId = "4f2c";
  container.networkBindings.resize(2);
  container.networkBindings[0] = {"0.0.0.0", 80, 32768, "", "", "tcp"};
  container.networkBindings[1] = {"0.0.0.0", 0, 0, "90-91", "32800-32801", "udp"};
  request.containers = {container};
  request.pullStartedAt = 1719650000.125;
  CHECK(encoded("SubmitTaskStateChange", request) == Json::parse(R"({"cluster": "c", "task": "arn",
    "status": "RUNNING", "reason": "", "pullStartedAt": 1719650000.125,
    "containers": [{"containerName": "app", "status": "RUNNING", "runtimeId": "4f2c", "networkBindings": [
      {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"},
      {"bindIP": "0.0.0.0", "containerPortRange": "90-91", "hostPortRange": "32800-32801",
       "protocol": "udp"}]}]})"));
}

TEST_CASE("A stopped container's report has its exit code, zero too, and its reason") {
  SubmitTaskStateChangeRequest request;
  request.status = "STOPPED";
  ContainerStateChange container;
  container.exitCode = 0;
  container.reason = "why";
  container.imageDigest = "sha256:0";
  request.containers = {container};
  request.managedAgents = {{"ExecuteCommandAgent", "app", "STOPPED", "gone"}};
  Json body = encoded("SubmitTaskStateChange", request);
  CHECK(body["containers"][0]["exitCode"] == 0);
  CHECK(body["containers"][0]["reason"] == "why");
  CHECK(body["containers"][0]["imageDigest"] == "sha256:0");
  CHECK(body["managedAgents"] == Json::parse(R"([{"managedAgentName": "ExecuteCommandAgent",
    "containerName": "app", "status": "STOPPED", "reason": "gone"}])"));
}

TEST_CASE("A report of attachments alone has no status") {
  SubmitTaskStateChangeRequest request;
  request.cluster = "c";
  request.task = "arn";
  request.attachments = {{"eni", "ATTACHED"}};
  CHECK(encoded("SubmitTaskStateChange", request) == Json::parse(R"({"cluster": "c", "task": "arn",
    "attachments": [{"attachmentArn": "eni", "status": "ATTACHED"}]})"));
}

TEST_CASE("The other requests have the members of their operations") {
  CHECK(encoded("DiscoverPollEndpoint", DiscoverPollEndpointRequest{"c", "arn", ""}) ==
        Json::parse(R"({"cluster": "c", "containerInstance": "arn", "zoneId": ""})"));
  CHECK(encoded("CreateCluster", CreateClusterRequest{"default"}) == Json{{"clusterName", "default"}});
  CHECK(encoded("SubmitAttachmentStateChanges",
                SubmitAttachmentStateChangesRequest{"c", {{"a", "ATTACHED"}}}) ==
        Json::parse(R"({"cluster": "c", "attachments": [{"attachmentArn": "a", "status": "ATTACHED"}]})"));
  SubmitContainerStateChangeRequest request;
  request.cluster = "c";
  request.task = "arn";
  request.container.containerName = "app";
  request.container.status = "STOPPED";
  request.container.imageDigest = "sha256:0";
  request.container.exitCode = 3;
  CHECK(encoded("SubmitContainerStateChange", request) ==
        Json::parse(R"({"cluster": "c", "task": "arn", "containerName": "app", "status": "STOPPED",
                        "exitCode": 3})"));
}

TEST_CASE("A request with bytes that are not UTF-8 is still JSON") {
  SubmitTaskStateChangeRequest request;
  request.status = "STOPPED";
  request.reason = "bad \xff byte";
  CHECK(Json::parse(encode(request))["reason"] == "bad \xef\xbf\xbd byte");
}

TEST_CASE("The answer to a registration gives the instance and its attributes") {
  const auto answer = decodeRegisterContainerInstanceResponse(R"({"containerInstance": {
    "containerInstanceArn": "arn", "status": "ACTIVE", "attributes": [
      {"name": "ecs.availability-zone", "value": "us-east-1a"}, {"name": "bare"}, {"name": "b", "value": null}]}})");
  REQUIRE(answer);
  CHECK(answer->containerInstanceArn == "arn");
  CHECK(answer->attributes ==
        std::vector<Attribute>{{"ecs.availability-zone", "us-east-1a"}, {"bare", ""}, {"b", ""}});
}

TEST_CASE("The answer with the endpoints gives them, the optional ones empty when absent") {
  const auto answer = decodeDiscoverPollEndpointResponse(
      R"({"endpoint": "http://a", "telemetryEndpoint": "http://b", "systemLogsEndpoint": "http://c"})");
  REQUIRE(answer);
  CHECK(answer->endpoint == "http://a");
  CHECK(answer->telemetryEndpoint == "http://b");
  CHECK(answer->serviceConnectEndpoint.empty());
  CHECK(answer->systemLogsEndpoint == "http://c");
  CHECK(decodeCreateClusterResponse(R"({"cluster": {"clusterName": "default"}})")->clusterName == "default");
}

TEST_CASE("An instance is drained by its ARN, and a task of it stopped with a reason") {
  CHECK(Json::parse(encode(UpdateContainerInstancesStateRequest{"default", {"arn"}, "DRAINING"})) ==
        Json{{"cluster", "default"}, {"containerInstances", {"arn"}}, {"status", "DRAINING"}});
  CHECK(Json::parse(encode(StopTaskRequest{"default", "task", "why"})) ==
        Json{{"cluster", "default"}, {"task", "task"}, {"reason", "why"}});
}

TEST_CASE("The description of an instance tells its status, or that it is missing") {
  CHECK(Json::parse(encode(DescribeContainerInstancesRequest{"default", {"arn"}})) ==
        Json{{"cluster", "default"}, {"containerInstances", {"arn"}}});
  const auto found = decodeDescribeContainerInstancesResponse(
      R"({"containerInstances": [{"containerInstanceArn": "arn", "status": "INACTIVE"}], "failures": []})");
  REQUIRE(found);
  REQUIRE(found->containerInstances.size() == 1);
  CHECK(found->containerInstances[0].status == "INACTIVE");
  const auto missing =
      decodeDescribeContainerInstancesResponse(R"({"failures": [{"arn": "arn", "reason": "MISSING"}]})");
  REQUIRE(missing);
  CHECK(missing->containerInstances.empty());
  CHECK(missing->failures.at(0).reason == "MISSING");
  CHECK_FALSE(decodeDescribeContainerInstancesResponse("[]"));
}

TEST_CASE("An answer of another shape is refused with the name of what is wrong") {
  struct Case {
    std::string text;
    std::string says;
  };
  const auto one = GENERATE(values<Case>({
      {"", "not valid JSON"},
      {"[]", "not a JSON object"},
      {"{}", "the answer.containerInstance"},
      {R"({"containerInstance": 5})", "the answer.containerInstance"},
      {R"({"containerInstance": {}})", "containerInstanceArn"},
      {R"({"containerInstance": {"containerInstanceArn": ""}})", "containerInstanceArn"},
      {R"({"containerInstance": {"containerInstanceArn": "a", "attributes": {}}})", "attributes"},
      {R"({"containerInstance": {"containerInstanceArn": "a", "attributes": [{}]}})", "attributes.name"},
      {R"({"containerInstance": {"containerInstanceArn": "a", "attributes": [{"name": "n", "value": 1}]}})",
       "attributes.value"},
  }));
  CAPTURE(one.text);
  const auto answer = decodeRegisterContainerInstanceResponse(one.text);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::Internal);
  CHECK_THAT(answer.error().message, Catch::Contains(one.says));
  CHECK_FALSE(decodeDiscoverPollEndpointResponse(one.text));
  CHECK_FALSE(decodeCreateClusterResponse(one.text));
}

TEST_CASE("Text is cut to its length without splitting a character") {
  CHECK(cut("short", 5) == "short");
  CHECK(cut("longer", 5) == "longe");
  CHECK(cut("a\xc3\xbc", 2) == "a");
  CHECK(cut("\xe2\x82\xac", 2).empty());
  CHECK(cut(std::string(2000, 'x'), kLongestReason).size() == 1024);
}

}  // namespace
}  // namespace berth::ecs
