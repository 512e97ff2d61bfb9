// Requests as clients and agents send them, and the service's own words for those that it refuses.
#include "tests/unit/proto/ecs/check.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

TEST_CASE("Requests as clients send them are accepted unchanged") {
  struct Case {
    std::string operation;
    std::string input;
  };
  const auto one = GENERATE(values<Case>({
      {"CreateCluster", "{}"},
      {"CreateCluster",
       R"({"clusterName": "prod", "settings": [{"name": "containerInsights", "value": "enabled"}],
        "capacityProviders": ["FARGATE"], "tags": [{"key": "team", "value": ""}]})"},
      {"DescribeClusters", R"({"clusters": ["prod"], "include": ["TAGS", "STATISTICS"]})"},
      {"ListClusters", R"({"maxResults": 5, "nextToken": "abc"})"},
      {"DeleteCluster", R"({"cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/prod"})"},
      {"RegisterTaskDefinition", R"({"family": "web", "networkMode": "bridge", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "nginx", "cpu": 10, "memory": 64, "essential": true,
          "portMappings": [{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}],
          "environment": [{"name": "A", "value": "B"}], "command": ["-g", "daemon off;"],
          "healthCheck": {"command": ["CMD", "true"], "interval": 5},
          "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
          "logConfiguration": {"logDriver": "json-file", "options": {"max-size": "1m"}},
          "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]}],
        "volumes": [{"name": "v", "host": {"sourcePath": "/srv"}}], "requiresCompatibilities": ["EC2"]})"},
      {"ListTaskDefinitions", R"({"familyPrefix": "web", "status": "ACTIVE", "sort": "DESC"})"},
      {"DeregisterTaskDefinition", R"({"taskDefinition": "web:1"})"},
      {"RunTask", R"({"cluster": "prod", "taskDefinition": "web", "count": 3, "launchType": "EC2",
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == prod"}],
        "placementStrategy": [{"type": "spread", "field": "instanceId"}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}}})"},
      {"StartTask", R"({"taskDefinition": "web", "containerInstances": ["0123"]})"},
      {"StopTask", R"({"task": "0123", "reason": "done"})"},
      {"DescribeTasks", R"({"tasks": ["0123"], "include": ["TAGS"]})"},
      {"ListTasks", R"({"cluster": "prod", "desiredStatus": "STOPPED"})"},
      {"CreateService", R"({"serviceName": "web", "taskDefinition": "web:1", "desiredCount": 2,
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100,
          "deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        "schedulingStrategy": "REPLICA", "deploymentController": {"type": "ECS"}})"},
      {"UpdateService", R"({"service": "web", "desiredCount": 0, "forceNewDeployment": true})"},
      {"DeleteService", R"({"service": "web", "force": true})"},
      {"UpdateContainerInstancesState", R"({"containerInstances": ["0123"], "status": "DRAINING"})"},
      {"PutAttributes", R"({"attributes": [{"name": "stack", "value": "prod", "targetId": "0123",
        "targetType": "container-instance"}]})"},
      {"PutAccountSetting", R"({"name": "taskLongArnFormat", "value": "enabled"})"},
      {"UpdateTaskProtection", R"({"cluster": "c", "tasks": ["0123"], "protectionEnabled": true,
        "expiresInMinutes": 60})"},
      {"GetTaskProtection", R"({"cluster": "c", "tasks": ["0123"]})"},
      {"ExecuteCommand", R"({"command": "sh", "interactive": true, "task": "0123"})"},
      {"SubmitAttachmentStateChanges", R"({"cluster": "c", "attachments": [{"attachmentArn": "a",
        "status": "ATTACHED"}]})"},
      {"DiscoverPollEndpoint", R"({"cluster": "c", "containerInstance": "arn", "zoneId": ""})"},
  }));
  CAPTURE(one.operation);
  Json input = Json::parse(one.input);
  CHECK(accepted(one.operation, input) == input);
}

TEST_CASE("An agent's registration is accepted with all its attributes, its unknown members dropped") {
  Json attributes = Json::array();
  for (int i = 0; i < 120; ++i) {
    attributes.push_back({{"name", "com.amazonaws.ecs.capability.logging-driver." + std::to_string(i)}});
  }
  attributes.push_back({{"name", "ecs.os-type"}, {"value", "linux"}});
  attributes.push_back({{"name", "empty"}, {"value", ""}});
  Json input{{"cluster", "default"},
             {"clientToken", "4b2f8a2e-6a4e-4b0e-8a6c-1f1c2d3e4f50"},
             {"instanceIdentityDocument", ""},
             {"instanceIdentityDocumentSignature", ""},
             {"attributes", attributes},
             {"totalResources",
              {{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", 2048}},
               {{"name", "PORTS"}, {"type", "STRINGSET"}, {"stringSetValue", {"22", "2375"}}}}}};
  Json sent = input;
  sent["futureMember"] = {{"a", 1}};
  sent["totalResources"][0]["doubleUnit"] = "x";
  CHECK(accepted("RegisterContainerInstance", sent) == input);
}

TEST_CASE("An agent's report of a task is accepted as it is") {
  Json input = Json::parse(R"({"cluster": "default", "task": "arn:aws:ecs:r:0:task/c/1", "status": "STOPPED",
    "reason": "", "pullStartedAt": 1719650000.123, "containers": [{"containerName": "app", "status": "STOPPED",
    "exitCode": 0, "runtimeId": "4f2c", "imageDigest": "sha256:0",
    "networkBindings": [{"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"},
                        {"bindIP": "::", "containerPortRange": "1-2", "hostPortRange": "1-2", "protocol": "udp"}]}],
    "managedAgents": [{"managedAgentName": "ExecuteCommandAgent", "containerName": "app", "status": "RUNNING"}]})");
  CHECK(accepted("SubmitTaskStateChange", input) == input);
}

TEST_CASE("Where the service has words of its own, a refused request gets those") {
  struct Case {
    std::string operation;
    std::string input;
    std::string says;
  };
  const std::string launch = "InvalidParameterException: launch type should be one of [EC2,FARGATE,EXTERNAL]";
  const std::string status =
      "InvalidParameterException: Container instance status should be one of [ACTIVE, DRAINING]";
  const std::string instances = "ClientException: Container Instances cannot be empty.";
  const auto one = GENERATE_COPY(values<Case>({
      {"RunTask", R"({"launchType": "ec2"})", launch},
      {"CreateService", R"({"serviceName": "s", "launchType": "VM"})", launch},
      {"ListTasks", R"({"launchType": ""})", launch},
      {"RunTask", R"({"taskDefinition": "w", "networkConfiguration": {"awsvpcConfiguration": {}}})",
       "InvalidParameterException: subnets can not be empty."},
      {"DescribeTasks", "{}", "InvalidParameterException: Tasks cannot be empty."},
      {"DescribeTasks", R"({"tasks": null})", "InvalidParameterException: Tasks cannot be empty."},
      {"DescribeContainerInstances", "{}", instances},
      {"StartTask", R"({"taskDefinition": "w"})", instances},
      {"UpdateContainerInstancesState", R"({"status": "ACTIVE"})", instances},
      {"UpdateContainerInstancesState", R"({"containerInstances": ["i"], "status": "GONE"})", status},
      {"UpdateContainerInstancesState", R"({"containerInstances": ["i"]})", status},
      {"DeleteTaskDefinitions", "{}",
       "InvalidParameterException: size of TaskDefinition references list must be greater than 0"},
  }));
  CAPTURE(one.operation, one.input);
  CHECK(refusal(one.operation, Json::parse(one.input)) == one.says);
}

TEST_CASE("A wrong task definition is refused by ClientException") {
  CHECK(refusal("RegisterTaskDefinition", {{"family", "web"}, {"networkMode", "mesh"}}) ==
        "ClientException: 1 validation error detected: Value 'mesh' at 'networkMode' failed to satisfy "
        "constraint: Member must satisfy enum value set: [bridge, host, awsvpc, none]");
  CHECK_THAT(refusal("RegisterTaskDefinition", Json::object()),
             Catch::StartsWith("ClientException: 2 validation errors detected: Value null at 'family' "));
}

TEST_CASE("A task definition's environment never appears in a refusal") {
  Json container{{"name", "app"}, {"environment", {{{"name", "TOKEN"}, {"value", {"hunter2"}}}}}};
  std::string said = refusal("RegisterTaskDefinition", {{"containerDefinitions", {container}}});
  CHECK_THAT(said, Catch::StartsWith("SerializationException: ") && !Catch::Contains("hunter2"));
}

}  // namespace
}  // namespace berth::ecs
