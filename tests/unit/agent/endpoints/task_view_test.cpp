#include "agent/endpoints/task_view.hpp"

#include <catch2/catch.hpp>

#include "agent/endpoints/metrics.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent::endpoints {
namespace {

const Identity kSelf{"prod", "arn:instance", "eu-1"};

acs::Task alone() {
  acs::Task out = sample::payload();
  out.containers.resize(1);
  return out;
}

TaskView view(const Task& task, std::vector<Waiting> waiting = {}, std::vector<PullStatus> pulls = {}) {
  return viewOf(task, kSelf, {}, waiting, pulls);
}

}  // namespace

TEST_CASE("a task is shown with what its containers are known to be") {
  acs::Task payload = alone();
  payload.cpu = 0.5;
  payload.memory = 128;
  Task task = makeTask(payload);
  Container& main = task.containers[0];
  main.known = ContainerStatus::Running;
  main.runtimeId = "c1";
  main.endpoint = "uuid";
  main.ports = {PortMapping{80, 32768, "tcp", "0.0.0.0", 0, 0}};
  main.networks = {NetworkAddress{"bridge", "172.17.0.2", "", "02:42"}};
  main.health = HealthState::Healthy;
  main.spec.dockerConfig.logDriver = "json-file";
  task.roleId = "role-1";
  const TaskView shown = view(task);
  CHECK(shown.knownStatus == "RUNNING");
  CHECK(shown.desiredStatus == "RUNNING");
  CHECK(shown.cpu == 0.5);
  CHECK(shown.credentialsId == "role-1");
  REQUIRE(shown.containers.size() == 1);
  CHECK(shown.containers[0].endpointId == "uuid");
  CHECK(shown.containers[0].ports[0].hostPort == 32768);
  CHECK(shown.containers[0].networks[0].ipv4Addresses == std::vector<std::string>{"172.17.0.2"});
  CHECK(shown.containers[0].health->status == "HEALTHY");
  CHECK(shown.containers[0].logDriver == "json-file");
  CHECK_FALSE(shown.containers[0].restartCount);
}

TEST_CASE("a task on its way is as far as the container that is least far") {
  Task task = makeTask(sample::payload());
  task.containers[0].known = ContainerStatus::Created;
  CHECK(view(task).knownStatus == "NONE");
  task.containers[1].known = ContainerStatus::Pulled;
  CHECK(view(task).knownStatus == "PULLED");
}

namespace {

acs::Volume hostVolume(const std::string& name, const std::string& path) {
  acs::Volume out;
  out.name = name;
  out.sourcePath = path;
  return out;
}

/// "PATH=SOURCE" of each volume, in their order.
std::vector<std::string> volumesOf(const ContainerView& container) {
  std::vector<std::string> out;
  for (const VolumeView& one : container.volumes) out.push_back(one.destination + "=" + one.source);
  return out;
}

}  // namespace

TEST_CASE("a container shows its own volumes and those that it takes from others, as they are mounted") {
  acs::Task payload = sample::payload();
  payload.volumes = {hostVolume("a", "/srv/a"), hostVolume("b", "/srv/b")};
  acs::Container third = payload.containers[1];
  third.name = "third";
  payload.containers.push_back(third);
  payload.containers[0].mountPoints = {{"a", "/data", false}};
  payload.containers[0].volumesFrom = {{"side", false}};
  payload.containers[1].mountPoints = {{"b", "/data", false}, {"b", "/more", false}};
  payload.containers[1].volumesFrom = {{"third", true}};
  payload.containers[2].mountPoints = {{"a", "/deep", false}, {"a", "/more", false}};
  const TaskView shown = view(makeTask(payload));
  CHECK(volumesOf(shown.containers[0]) ==
        std::vector<std::string>{"/data=/srv/a", "/more=/srv/b", "/deep=/srv/a"});
  CHECK(volumesOf(shown.containers[1]) ==
        std::vector<std::string>{"/data=/srv/b", "/more=/srv/b", "/deep=/srv/a"});
}

TEST_CASE("what the runtime says is mounted is shown as it says, and what the last probe ended with") {
  acs::Task payload = alone();
  payload.volumes = {hostVolume("a", "/srv/a")};
  payload.containers[0].mountPoints = {{"a", "/data", false}};
  Task task = makeTask(payload);
  task.containers[0].mounts = {{"", "/srv/a", "/data"}, {"v", "/var/lib/docker/volumes/v/_data", "/image"}};
  task.containers[0].health = HealthState::Unhealthy;
  task.containers[0].healthExitCode = 3;
  const ContainerView shown = view(task).containers[0];
  CHECK(volumesOf(shown) ==
        std::vector<std::string>{"/data=/srv/a", "/image=/var/lib/docker/volumes/v/_data"});
  CHECK(shown.volumes[1].dockerName == "v");
  CHECK(shown.health->exitCode == 3);
}

TEST_CASE("of several that volumes are taken from, the last one's are mounted, and circles end") {
  acs::Task payload = sample::payload();
  payload.volumes = {hostVolume("a", "/srv/a"), hostVolume("b", "/srv/b")};
  acs::Container third = payload.containers[1];
  third.name = "third";
  payload.containers.push_back(third);
  payload.containers[0].volumesFrom = {{"side", false}, {"third", false}, {"nobody", false}};
  payload.containers[1].mountPoints = {{"a", "/data", false}};
  payload.containers[2].mountPoints = {{"b", "/data", false}};
  payload.containers[2].volumesFrom = {{"main", false}};
  CHECK(volumesOf(view(makeTask(payload)).containers[0]) == std::vector<std::string>{"/data=/srv/b"});
}

TEST_CASE("a container whose image is on its way shows how far that is") {
  Task task = makeTask(alone());
  task.containers[0].inFlight = Step::Pull;
  const std::vector<Waiting> waiting{{{task.arn, "main"}, "the runtime, to pull", {}, {}}};
  CHECK(view(task, waiting).why[0].what == "waits for the runtime, to pull");
  PullStatus pull;
  pull.image = task.containers[0].spec.image;
  pull.phase = PullPhase::Downloading;
  pull.bytesDone = 3 << 20;
  pull.bytesTotal = 10 << 20;
  CHECK(view(task, waiting, {pull}).why[0].what ==
        "waits for its image, of which 3 of 10 MiB known so far are here");
  pull.phase = PullPhase::Queued;
  pull.waitingFor = "2 pulls before it";
  CHECK(view(task, waiting, {pull}).why[0].what == "waits for its turn to be pulled: 2 pulls before it");
}

TEST_CASE("a task that ended is shown with its causes and its last lines") {
  Task task = makeTask(alone());
  task.containers[0].known = ContainerStatus::Stopped;
  task.containers[0].exitCode = 1;
  task.containers[0].startedAt = WallTime{};
  task.containers[0].lastLines = {"bye"};
  const TaskView shown = view(task);
  CHECK(shown.knownStatus == "STOPPED");
  CHECK(shown.causes.front() == "container main ended with exit code 1");
  CHECK(shown.lastLogLines == std::vector<std::string>{"bye"});
}

TEST_CASE("figures count tasks and containers by what is known of them") {
  Directory directory;
  directory.setInstance({"prod", "arn:instance", "1.2.3"});
  Task task = makeTask(alone());
  directory.put(std::make_shared<const TaskView>(view(task, {{{task.arn, "main"}, "room", {}, {}}})));
  const std::string text = metricsText(directory);
  CHECK_THAT(text, Catch::Contains("berth_agent_tasks{status=\"NONE\"} 1\n"));
  CHECK_THAT(text, Catch::Contains("berth_agent_tasks{status=\"RUNNING\"} 0\n"));
  CHECK_THAT(text, Catch::Contains("berth_agent_tasks_waiting 1\n"));
  CHECK_THAT(text, Catch::Contains("berth_agent_info{version=\"1.2.3\"} 1\n"));
}

}  // namespace berth::agent::endpoints
