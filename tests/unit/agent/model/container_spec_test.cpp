#include "agent/model/container_spec.hpp"

#include <catch2/catch.hpp>

#include "agent/model/order.hpp"
#include "agent/model/report.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

const Identity kIdentity{"prod", "arn:instance", "eu-1"};

}  // namespace

TEST_CASE("a container carries the labels by which it is found again") {
  Task task = makeTask(sample::payload());
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->labels.at(kTaskLabel) == sample::kTaskArn);
  CHECK(spec->labels.at(kContainerLabel) == "main");
  CHECK(spec->labels.at(kInstanceLabel) == "arn:instance");
  CHECK(spec->labels.at("com.amazonaws.ecs.cluster") == "prod");
  CHECK(spec->networkMode == "bridge");
  CHECK(spec->memoryBytes == 64 * 1024 * 1024);
}

TEST_CASE("the region is left to whoever knows all variables of the container") {
  Task task = makeTask(sample::payload());
  task.containers[0].spec.environment["AWS_REGION"] = "mine";
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->environment.at("AWS_REGION") == "mine");
  CHECK_FALSE(spec->environment.contains("AWS_DEFAULT_REGION"));
  CHECK(spec->fallbackEnvironment.at("AWS_DEFAULT_REGION") == "eu-1");
}

TEST_CASE("a container is told where its metadata and its role's credentials are") {
  Identity identity = kIdentity;
  identity.endpoints = true;
  Task task = makeTask(sample::payload());
  task.containers[0].endpoint = "uuid";
  task.roleId = "role-1";
  auto spec = containerSpec(task, task.containers[0], identity);
  REQUIRE(spec.ok());
  CHECK(spec->environment.at("ECS_CONTAINER_METADATA_URI_V4") == "http://169.254.170.2/v4/uuid");
  CHECK(spec->environment.at("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") == "/v2/credentials/role-1");
  task.spec.networkMode = "host";
  identity.taskRolesNetworkHost = false;
  const auto hosted = containerSpec(task, task.containers[0], identity);
  CHECK_FALSE(hosted->environment.contains("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
}

TEST_CASE("GPUs go to the containers that they are for") {
  Task task = makeTask(sample::payload());
  task.spec.associations = {{"gpu", "GPU-1", "", {"main"}},
                            {"gpu", "GPU-2", "", {"main", "other"}},
                            {"gpu", "GPU-3", "", {"other"}}};
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->environment.at("NVIDIA_VISIBLE_DEVICES") == "GPU-1,GPU-2");
  CHECK(spec->runtime == "nvidia");
}

TEST_CASE("log drivers get what makes them work") {
  Task task = makeTask(sample::payload());
  acs::Container& main = task.containers[0].spec;
  main.dockerConfig.logDriver = "awslogs";
  main.dockerConfig.logOptions = {{"mode", "non-blocking"}};
  main.logsAuthStrategy = "ExecutionRole";
  task.executionRoleId = "exec-1";
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->logOptions ==
        std::map<std::string, std::string>{{"awslogs-credentials-endpoint", "/v2/credentials/exec-1"},
                                           {"max-buffer-size", "10m"}});
  main.dockerConfig.logOptions["max-buffer-size"] = "1m";
  main.logsAuthStrategy.clear();
  CHECK(containerSpec(task, task.containers[0], kIdentity)->logOptions.empty());
}

TEST_CASE("a container without a limit gets its task's") {
  Task task = makeTask(sample::payload());
  task.spec.memory = 256;
  task.containers[0].spec.memory = 0;
  CHECK(containerSpec(task, task.containers[0], kIdentity)->memoryBytes == 256 * 1024 * 1024);
}

TEST_CASE("ports are published in bridge mode only") {
  Task task = makeTask(sample::payload());
  task.containers[0].spec.portMappings = {acs::PortMapping{80, 0, "tcp", 0}};
  CHECK(containerSpec(task, task.containers[0], kIdentity)->ports.size() == 1);
  task.spec.networkMode = "host";
  CHECK(containerSpec(task, task.containers[0], kIdentity)->ports.empty());
}

TEST_CASE("a mount point of an unknown volume is refused by name") {
  Task task = makeTask(sample::payload());
  task.containers[0].spec.mountPoints = {acs::MountPoint{"data", "/data", true}};
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE_FALSE(spec.ok());
  CHECK(spec.error().message == "container main mounts volume data, which the task does not have");
  task.spec.volumes.emplace_back();
  task.spec.volumes[0].name = "data";
  task.spec.volumes[0].sourcePath = "/srv/data";
  spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->mounts == std::vector<Mount>{Mount{"/srv/data", "/data", true}});
}

TEST_CASE("a container's own command, entry point, cpu and Docker texts pass through") {
  Task task = makeTask(sample::payload());
  acs::Container& from = task.containers[0].spec;
  from.command = std::vector<std::string>{"serve"};
  from.entryPoint = std::vector<std::string>{};
  from.cpu = 128;
  from.dockerConfig.config = R"({"User":"1000"})";
  from.dockerConfig.hostConfig = R"({"Privileged":false})";
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->name == task.containers[0].runtimeName);
  CHECK(spec->image == "registry.example/web:1");
  CHECK(spec->command == std::vector<std::string>{"serve"});
  REQUIRE(spec->entryPoint.has_value());
  CHECK(spec->entryPoint->empty());
  CHECK(spec->cpuShares == 128);
  CHECK(spec->dockerConfig == R"({"User":"1000"})");
  CHECK(spec->dockerHostConfig == R"({"Privileged":false})");
}

TEST_CASE("a command that was not given stays the image's") {
  Task task = makeTask(sample::payload());
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK_FALSE(spec->command.has_value());
  CHECK_FALSE(spec->entryPoint.has_value());
}

TEST_CASE("ports keep number, protocol and the wish for any host port") {
  Task task = makeTask(sample::payload());
  task.containers[0].spec.portMappings = {acs::PortMapping{65535, 0, "udp", 0},
                                          acs::PortMapping{80, 8080, "tcp", 0}};
  auto spec = containerSpec(task, task.containers[0], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->ports == std::vector<PortMapping>{PortMapping{65535, 0, "udp", "", 0, 0},
                                                PortMapping{80, 8080, "tcp", "", 0, 0}});
}

TEST_CASE("namespaces that containers share are held by a container that nobody sees") {
  acs::Task payload = sample::payload();
  payload.pidMode = payload.ipcMode = "task";
  Task task = makeTask(payload);
  REQUIRE(task.containers.size() == 3);
  const Container& pause = task.containers[0];
  CHECK(pause.internal);
  CHECK(pause.spec.image == kPauseImage);
  const auto held = containerSpec(task, pause, kIdentity);
  REQUIRE(held.ok());
  CHECK(held->ipcMode == "shareable");
  CHECK(held->pidMode.empty());
  CHECK(held->networkMode == "none");
  const auto spec = containerSpec(task, task.containers[1], kIdentity);
  REQUIRE(spec.ok());
  CHECK(spec->pidMode == "container:" + pause.runtimeName);
  CHECK(spec->ipcMode == "container:" + pause.runtimeName);
  CHECK(spec->networkMode == "bridge");
}

TEST_CASE("what holds the namespaces starts first and stops last") {
  acs::Task payload = sample::payload();
  payload.pidMode = "task";
  Task task = makeTask(payload);
  Container& pause = task.containers[0];
  Container& main = task.containers[1];
  CHECK(createGate(task, main, MonoTime{}).state == Gate::State::Waiting);
  pause.known = ContainerStatus::Created;
  CHECK(createGate(task, main, MonoTime{}).state == Gate::State::Open);
  CHECK(startGate(task, main, MonoTime{}).state == Gate::State::Waiting);
  pause.known = ContainerStatus::Running;
  CHECK(startGate(task, main, MonoTime{}).state == Gate::State::Open);
  CHECK(stopsBefore(task, pause) == &main);
  CHECK(stopsBefore(task, main) == nullptr);
  main.known = task.containers[2].known = ContainerStatus::Stopped;
  CHECK(stopsBefore(task, pause) == nullptr);
}

TEST_CASE("the controller hears nothing of the agent's own containers") {
  acs::Task payload = sample::payload();
  payload.pidMode = "task";
  Task task = makeTask(payload);
  for (Container& container : task.containers) container.known = ContainerStatus::Running;
  const auto report = dueReport(task);
  REQUIRE(report);
  CHECK(report->containers.size() == 2);
}

}  // namespace berth::agent
