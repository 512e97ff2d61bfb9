#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

/// The requiresAttributes of a new definition, as "NAME" or "NAME=VALUE".
std::vector<std::string> required(Json container_more, Json more = Json::object()) {
  Bench bench;
  Json input{{"family", "f"},
             {"containerDefinitions", Json::array({container("app", std::move(container_more))})}};
  input.update(more);
  const Json shown = bench.call("RegisterTaskDefinition", input)["taskDefinition"]["requiresAttributes"];
  std::vector<std::string> out;
  for (const Json& one : shown) {
    out.push_back(std::string(one["name"]) + (one.contains("value") ? "=" + std::string(one["value"]) : ""));
  }
  return out;
}

using Names = std::vector<std::string>;
const std::string kLegacy = "com.amazonaws.ecs.capability.";
const std::string kModern = "ecs.capability.";

}  // namespace

TEST_CASE("a plain definition needs nothing of its instance") {
  CHECK(required(Json::object()).empty());
  CHECK(required(Json::object(), {{"cpu", "256"}, {"memory", "512"}}).empty());
}

TEST_CASE("features of containers need what agents tell of them") {
  CHECK(required({{"privileged", true}}) == Names{kLegacy + "privileged-container"});
  CHECK(required({{"healthCheck", {{"command", {"CMD", "true"}}}}}) ==
        Names{kModern + "container-health-check"});
  CHECK(required({{"restartPolicy", {{"enabled", true}}}}) == Names{kModern + "container-restart-policy"});
  CHECK(required({{"restartPolicy", {{"enabled", false}}}}).empty());
  CHECK(required({{"environmentFiles", {{{"type", "s3"}, {"value", "arn:aws:s3:::b/f.env"}}}}}) ==
        Names{kModern + "env-files.s3"});
  CHECK(required({{"portMappings", {{{"containerPortRange", "80-90"}}}}}) ==
        Names{kModern + "network.container-port-range"});
  CHECK(required({{"dockerSecurityOptions", {"apparmor:x", "label:type:y"}}}) ==
        Names{kLegacy + "apparmor", kLegacy + "selinux"});
  CHECK(required(
            {{"repositoryCredentials", {{"credentialsParameter", "arn:aws:secretsmanager:r:1:secret:s"}}}}) ==
        Names{kModern + "private-registry-authentication.secretsmanager"});
}

TEST_CASE("secrets need who keeps them, and those that the agent itself can read need nobody") {
  const auto from = [](const std::string& value) {
    return required({{"secrets", {{{"name", "S"}, {"valueFrom", value}}}}});
  };
  CHECK(from("arn:aws:secretsmanager:us-east-1:000000000000:secret:s") ==
        Names{kModern + "secrets.asm.environment-variables"});
  CHECK(from("arn:aws:ssm:us-east-1:000000000000:parameter/p") ==
        Names{kModern + "secrets.ssm.environment-variables"});
  CHECK(from("parameter") == Names{kModern + "secrets.ssm.environment-variables"});
  CHECK(from("file:///etc/secret").empty());
}

TEST_CASE("logs, images and roles need each other") {
  const Json logs{{"logConfiguration", {{"logDriver", "awslogs"}}}};
  const Json role{{"executionRoleArn", "arn:aws:iam::000000000000:role/r"}};
  CHECK(required(logs) == Names{kLegacy + "logging-driver.awslogs"});
  CHECK(required(logs, role) ==
        Names{kLegacy + "logging-driver.awslogs", kModern + "execution-role-awslogs"});
  CHECK(required({{"logConfiguration",
                   {{"logDriver", "fluentd"}, {"secretOptions", {{{"name", "n"}, {"valueFrom", "p"}}}}}}}) ==
        Names{kLegacy + "logging-driver.fluentd", kModern + "secrets.ssm.bootstrap.log-driver"});
  const Json ecr{{"image", "000000000000.dkr.ecr.us-east-1.amazonaws.com/app:1"}};
  CHECK(required(ecr) == Names{kLegacy + "ecr-auth"});
  CHECK(required(ecr, role) == Names{kLegacy + "ecr-auth", kModern + "execution-role-ecr-pull"});
  CHECK(required(Json::object(), {{"taskRoleArn", "r"}}) == Names{kLegacy + "task-iam-role"});
  CHECK(required(Json::object(), {{"taskRoleArn", "r"}, {"networkMode", "host"}}) ==
        Names{kLegacy + "task-iam-role", kLegacy + "task-iam-role-network-host"});
}

TEST_CASE("features of tasks, volumes and platforms") {
  CHECK(required(Json::object(), {{"networkMode", "awsvpc"}}) == Names{kModern + "task-eni"});
  CHECK(required(Json::object(), {{"pidMode", "task"}}) == Names{kModern + "pid-ipc-namespace-sharing"});
  CHECK(required(Json::object(),
                 {{"volumes", {{{"name", "v"}, {"dockerVolumeConfiguration", {{"driver", "nfs"}}}}}}}) ==
        Names{kModern + "docker-plugin.nfs"});
  CHECK(required(Json::object(), {{"runtimePlatform", {{"cpuArchitecture", "ARM64"}}}}) ==
        Names{"ecs.cpu-architecture=arm64"});
}

TEST_CASE("a task goes to an instance that can run it, and says what the others lack") {
  Bench bench;
  bench.cluster();
  const std::string able = bench.host();
  const std::string other =
      bench.host("default", {{"attributes", Json::array({{{"name", "rack"}, {"value", "1"}}})}});
  bench.join(able);
  bench.join(other);
  bench.define("checked", Json::array({container("app", {{"healthCheck", {{"command", {"CMD", "true"}}}}})}));
  Json reply = bench.call("RunTask", {{"taskDefinition", "checked"}, {"count", 3}});
  for (const Json& task : reply["tasks"]) CHECK(task["containerInstanceArn"] == able);
  CHECK(reply["tasks"].size() == 3);
  reply = bench.call("StartTask", {{"taskDefinition", "checked"}, {"containerInstances", {other}}});
  CHECK(
      reply["failures"] ==
      Json::array({{{"arn", other},
                    {"reason", "ATTRIBUTE"},
                    {"detail", "the instance lacks the attribute ecs.capability.container-health-check"}}}));
}
