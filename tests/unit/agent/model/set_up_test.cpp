#include "agent/model/set_up.hpp"

#include <catch2/catch.hpp>

#include "agent/model/container_spec.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {

TEST_CASE("a plain task shares nothing") {
  acs::Volume bind;
  bind.name = "data";
  bind.sourcePath = "/srv";
  acs::Task payload = sample::payload();
  payload.volumes = {bind};
  CHECK(setUpOf(makeTask(payload), {}).empty());
}

TEST_CASE("volumes of the task's own are made under its name and end with it, shared ones don't") {
  acs::Task payload = sample::payload();
  acs::Volume scratch;
  scratch.name = "scratch";
  acs::Volume driver;
  driver.name = "fast";
  driver.kind = acs::VolumeKind::Docker;
  driver.driver = "local";
  driver.driverOpts = {{"type", "tmpfs"}};
  acs::Volume shared = driver;
  shared.name = "common";
  shared.shared = true;
  payload.volumes = {scratch, driver, shared};
  const TaskSetUp made = setUpOf(makeTask(payload), {});
  REQUIRE(made.volumes.size() == 3);
  CHECK(made.volumes[0].name == "ecs-web-3-scratch-cdef0123456789abcdef");
  CHECK(made.volumes[1].options.at("type") == "tmpfs");
  CHECK(made.volumes[2].name == "common");
  CHECK(made.volumes[2].mustExist);
  CHECK(made.ownVolumes == std::vector<std::string>{made.volumes[0].name, made.volumes[1].name});
  payload.volumes[2].autoprovision = true;
  CHECK_FALSE(setUpOf(makeTask(payload), {}).volumes[2].mustExist);
}

TEST_CASE("a size of the task's own, or a bound on processes, makes a control group") {
  acs::Task payload = sample::payload();
  payload.containers[0].cpu = 100;
  payload.memory = 256;
  const auto group = setUpOf(makeTask(payload), {}).group;
  REQUIRE(group);
  CHECK(group->memoryBytes == int64_t{256} << 20);
  CHECK(group->cpus == 0);
  CHECK(group->shares == 102);
  payload.memory = 0;
  CHECK_FALSE(setUpOf(makeTask(payload), {}).group);
  CHECK(setUpOf(makeTask(payload), {true, 100}).group->pids == 100);
  payload.cpu = 0.25;
  CHECK(setUpOf(makeTask(payload), {}).group->cpus == 0.25);
  CHECK_FALSE(setUpOf(makeTask(payload), {false, 0}).group);
}

TEST_CASE("host ports are wished for ranges and for containers that must keep theirs") {
  acs::Task payload = sample::payload();
  payload.containers[0].portMappings = {{80, 0, "tcp", 0}, {9000, 0, "udp", 9003}, {81, 8081, "tcp", 0}};
  Task task = makeTask(payload);
  auto wishes = setUpOf(task, {}).ports;
  REQUIRE(wishes.size() == 1);
  CHECK(wishes[0] == PortWish{"main", 1, 4, "udp"});
  task.containers[0].spec.restartPolicy.enabled = true;
  wishes = setUpOf(task, {}).ports;
  REQUIRE(wishes.size() == 2);
  CHECK(wishes[0] == PortWish{"main", 0, 1, "tcp"});
  task.containers[0].known = ContainerStatus::Created;
  CHECK(setUpOf(task, {}).ports.empty());
  task.containers[0].known = ContainerStatus::None;
  task.spec.networkMode = "host";
  CHECK(setUpOf(task, {}).ports.empty());
}

TEST_CASE("a range is published port by port from the one that was chosen") {
  acs::Task payload = sample::payload();
  payload.containers[0].portMappings = {{9000, 0, "tcp", 9002}};
  Task task = makeTask(payload);
  task.containers[0].hostPorts = {40000};
  const auto spec = containerSpec(task, task.containers[0], Identity{"c", "i", "r"});
  REQUIRE(spec);
  REQUIRE(spec->ports.size() == 3);
  CHECK(spec->ports[2].containerPort == 9002);
  CHECK(spec->ports[2].hostPort == 40002);
}

TEST_CASE("links and volumesFrom name the other containers as the runtime knows them") {
  acs::Task payload = sample::payload();
  payload.containers[0].links = {"side", "side:db"};
  payload.containers[0].volumesFrom = {{"side", true}};
  Task task = makeTask(payload);
  const std::string other = task.containers[1].runtimeName;
  const auto spec = containerSpec(task, task.containers[0], Identity{"c", "i", "r"});
  REQUIRE(spec);
  CHECK(spec->links == std::vector<std::string>{other + ":side", other + ":db"});
  CHECK(spec->volumesFrom == std::vector<std::string>{other + ":ro"});
  task.containers[0].spec.links = {"nobody"};
  CHECK_FALSE(containerSpec(task, task.containers[0], Identity{"c", "i", "r"}));
}

TEST_CASE("a container is told where its metadata is once that is served") {
  Task task = makeTask(sample::payload());
  task.containers[0].endpoint = "u-1";
  Identity identity{"c", "i", "r"};
  CHECK_FALSE(containerSpec(task, task.containers[0], identity)->environment.contains("ECS_AGENT_URI"));
  identity.endpoints = true;
  const auto environment = containerSpec(task, task.containers[0], identity)->environment;
  CHECK(environment.at("ECS_CONTAINER_METADATA_URI") == "http://169.254.170.2/v3/u-1");
  CHECK(environment.at("ECS_CONTAINER_METADATA_URI_V4") == "http://169.254.170.2/v4/u-1");
  CHECK(environment.at("ECS_AGENT_URI") == "http://169.254.170.2/api/u-1");
}

}  // namespace berth::agent
