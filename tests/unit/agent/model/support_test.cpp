#include "agent/model/support.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

std::string refused(const acs::Task& task, Support support = {}) {
  return refusal(task, support).value_or("");
}

bool names(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

}  // namespace

TEST_CASE("a plain task is not refused") { CHECK(refused(sample::payload()).empty()); }

TEST_CASE("modes that need a network of the task's own are refused with a way out") {
  acs::Task task = sample::payload();
  task.networkMode = "awsvpc";
  CHECK(refused(task) == "networkMode awsvpc is not supported by this agent: use bridge, host or none");
  task = sample::payload();
  task.networkInterfaces = true;
  CHECK(names(refused(task), "elastic network interfaces"));
  task = sample::payload();
  task.pidMode = task.ipcMode = "task";
  CHECK(refused(task).empty());
  task.proxy = true;
  CHECK(names(refused(task), "proxyConfiguration"));
}

TEST_CASE("a task has an address of its own where the host can give one, and none that others give") {
  acs::Task task = sample::payload();
  task.networkMode = "awsvpc";
  Support support;
  support.taskNetworks = true;
  CHECK(refused(task, support).empty());
  task.networkInterfaces = true;
  CHECK(
      refused(task, support) ==
      "elastic network interfaces are not supported by this agent: in networkMode awsvpc the host gives the "
      "address");
}

TEST_CASE("privileged containers are refused where they are not allowed") {
  acs::Task task = sample::payload();
  task.containers[1].dockerConfig.privileged = true;
  CHECK(refused(task).empty());
  Support support;
  support.privileged = false;
  CHECK(names(refused(task, support), "container side asks to be privileged"));
}

TEST_CASE("a log that needs a role, a router or more memory than the task has is refused by name") {
  acs::Task task = sample::payload();
  task.containers[0].dockerConfig.logDriver = "awslogs";
  CHECK(refused(task).empty());
  task.containers[0].logsAuthStrategy = "ExecutionRole";
  CHECK(refused(task).find("execution role, and the task has none") != std::string::npos);
  task.executionCredentials = acs::Credentials{};
  CHECK(refused(task).empty());
  task.containers[0].dockerConfig.logDriver = "awsfirelens";
  CHECK(refused(task).find("awsfirelens") != std::string::npos);
  task = sample::payload();
  task.memory = 32;
  task.containers[0].memory = 33;
  CHECK(refused(task).find("asks for 33 MiB, and its whole task has 32") != std::string::npos);
  task = sample::payload();
  task.attachments = {"serviceconnectdetail"};
  CHECK(refused(task) == "an attachment of type serviceconnectdetail is not supported by this agent");
}

TEST_CASE("secrets, environment files and registry credentials need a source") {
  Support with;
  with.secrets = true;
  for (int which : {0, 1, 2}) {
    acs::Task task = sample::payload();
    if (which == 0) task.containers[0].secrets.push_back({"A", "b", "ssm", "", "", ""});
    if (which == 1) task.containers[0].environmentFiles.push_back({"arn", "s3"});
    if (which == 2) task.containers[0].registryAuthentication.type = "asm";
    CHECK(names(refused(task), "no source of them"));
    CHECK(refused(task, with).empty());
  }
}

TEST_CASE("secrets are variables or options of the log driver") {
  Support with;
  with.secrets = true;
  acs::Task task = sample::payload();
  auto& secrets = task.containers[0].secrets;
  secrets = {{"tag", "b", "ssm", "", "BOOTSTRAP", "LOG_DRIVER"},
             {"A", "b", "ssm", "", "ENVIRONMENT_VARIABLE", "CONTAINER"}};
  CHECK(refused(task, with).empty());
  secrets[0].target = "CONTAINER";
  CHECK(names(refused(task, with), "has a secret of type BOOTSTRAP"));
  secrets[0] = {"file", "b", "ssm", "", "MOUNT_POINT", "CONTAINER"};
  CHECK(names(refused(task, with), "has a secret of type MOUNT_POINT"));
}

TEST_CASE("volumes of kinds that are not there, and mounts of none, are refused") {
  acs::Task task = sample::payload();
  task.containers[0].mountPoints = {{"data", "/data", false}};
  CHECK(refused(task) == "container main mounts volume data, which the task does not have");
  acs::Volume volume;
  volume.name = "data";
  task.volumes = {volume};
  CHECK(refused(task).empty());
  task.volumes[0].kind = acs::VolumeKind::Other;
  task.volumes[0].type = "efs";
  CHECK(names(refused(task), "volume data is of type efs"));
  task.volumes[0].kind = acs::VolumeKind::Docker;
  task.volumes[0].autoprovision = true;
  CHECK(names(refused(task), "autoprovision"));
  task.volumes[0].shared = true;
  CHECK(refused(task).empty());
}

TEST_CASE("routers of logs, credential specs and unknown health checks are refused by name") {
  acs::Task task = sample::payload();
  task.containers[0].firelens = "fluentbit";
  CHECK(names(refused(task), "FireLens"));
  task = sample::payload();
  task.containers[0].credentialSpecs = {"credentialspec:x"};
  CHECK(names(refused(task), "credentialSpecs"));
  task = sample::payload();
  task.containers[0].healthCheckType = "lua";
  CHECK(names(refused(task), "lua"));
  task = sample::payload();
  task.associations.push_back({"elastic-inference", "e", "", {"main"}});
  CHECK(names(refused(task), "elastic-inference"));
}

}  // namespace berth::agent
