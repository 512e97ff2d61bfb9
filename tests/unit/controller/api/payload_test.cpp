// From a task definition to what its agent is sent.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

constexpr int64_t kMiB = 1024 * 1024;
constexpr int64_t kSecond = 1'000'000'000;

/// The one task of the payload that a run of these containers sends.
acs::Task sentOf(Json containers, Json more = Json::object()) {
  Bench bench;
  bench.ready();
  bench.define("new", std::move(containers), std::move(more));
  bench.runOne({{"taskDefinition", "new"}});
  auto payloads = bench.sent<acs::PayloadMessage>();
  REQUIRE(payloads.size() == 1);
  REQUIRE(payloads[0].tasks.size() == 1);
  return payloads[0].tasks[0];
}

acs::Container sentContainer(Json more) {
  return sentOf(Json::array({container("app", std::move(more))})).containers.at(0);
}

Json hostConfig(Json more) { return Json::parse(sentContainer(std::move(more)).dockerConfig.hostConfig); }
Json config(Json more) { return Json::parse(sentContainer(std::move(more)).dockerConfig.config); }

}  // namespace

TEST_CASE("a payload says which task it is, for whom, and how its containers are called") {
  Bench bench;
  std::string host = bench.ready();
  bench.define("app");
  Json task = bench.call("RunTask", {{"taskDefinition", "app"}, {"group", "g"}})["tasks"][0];
  auto payload = bench.sent<acs::PayloadMessage>().at(0);
  CHECK(payload.clusterArn == "arn:aws:ecs:us-east-1:000000000000:cluster/default");
  CHECK(payload.containerInstanceArn == host);
  CHECK(payload.generatedAt == 1'790'000'000'000 + bench.second * 1000);
  CHECK_FALSE(payload.messageId.empty());
  const acs::Task& sent = payload.tasks.at(0);
  CHECK(task["taskArn"] == sent.arn);
  CHECK(sent.desiredStatus == "RUNNING");
  CHECK(sent.family == "app");
  CHECK(sent.version == "2");
  CHECK(sent.group == "g");
  CHECK(sent.networkMode == "bridge");
  CHECK(sent.launchType == "EC2");
  CHECK(task["containers"][0]["containerArn"] == sent.containers.at(0).containerArn);
}

TEST_CASE("a task has a limit of its own only where its definition has one") {
  acs::Task bare = sentOf(Json::array({container()}));
  CHECK(bare.cpu == 0);
  CHECK(bare.memory == 0);
  acs::Task sized = sentOf(Json::array({container()}), {{"cpu", "0.5 vCPU"}, {"memory", "0.5 GB"}});
  CHECK(sized.cpu == 0.5);
  CHECK(sized.memory == 512);
}

TEST_CASE("a container's own fields are the payload's") {
  acs::Container sent = sentContainer(
      {{"command", {"a", "b"}},
       {"entryPoint", {"/bin/x"}},
       {"environment", {{{"name", "A"}, {"value", "1"}}}},
       {"stopTimeout", 7},
       {"portMappings",
        {{{"containerPort", 80}}, {{"containerPort", 53}, {"hostPort", 53000}, {"protocol", "udp"}}}}});
  CHECK(sent.name == "app");
  CHECK(sent.image == "registry/app:1");
  CHECK(sent.essential);
  CHECK(sent.cpu == 256);
  CHECK(sent.memory == 128);
  CHECK(sent.command == std::vector<std::string>{"a", "b"});
  CHECK(sent.entryPoint == std::vector<std::string>{"/bin/x"});
  CHECK(sent.environment ==
        std::map<std::string, std::string>{{"A", "1"}, {"AWS_EXECUTION_ENV", "AWS_ECS_EC2"}});
  CHECK(sent.stopTimeout == 7);
  CHECK(sent.healthCheckType.empty());
  REQUIRE(sent.portMappings.size() == 2);
  CHECK(sent.portMappings[0].containerPort == 80);
  CHECK(sent.portMappings[0].hostPort == 0);
  CHECK(sent.portMappings[0].protocol == "tcp");
  CHECK(sent.portMappings[1].hostPort == 53000);
  CHECK(sent.portMappings[1].protocol == "udp");
}

TEST_CASE("what a container leaves out is left to its image") {
  acs::Container sent = sentContainer({{"command", Json::array()}, {"essential", true}});
  CHECK_FALSE(sent.command);
  CHECK_FALSE(sent.entryPoint);
  CHECK_FALSE(sent.stopTimeout);
  CHECK(Json::parse(sent.dockerConfig.config) == Json::object());
  CHECK(Json::parse(sent.dockerConfig.hostConfig) == Json{{"NetworkMode", "bridge"}});
}

TEST_CASE("volumes go with the task and mounts with the container") {
  Json mount{{"sourceVolume", "data"}, {"containerPath", "/data"}, {"readOnly", true}};
  acs::Task sent = sentOf(Json::array({container("app", {{"mountPoints", {mount}}})}),
                          {{"volumes", {{{"name", "data"}, {"host", {{"sourcePath", "/srv/data"}}}}}}});
  REQUIRE(sent.volumes.size() == 1);
  CHECK(sent.volumes[0].name == "data");
  CHECK(sent.volumes[0].sourcePath == "/srv/data");
  const acs::MountPoint& point = sent.containers.at(0).mountPoints.at(0);
  CHECK(point.sourceVolume == "data");
  CHECK(point.containerPath == "/data");
  CHECK(point.readOnly);
}

TEST_CASE("who runs in a container, where and as what is Docker's Config") {
  CHECK(config({{"user", "1:2"},
                {"workingDirectory", "/w"},
                {"hostname", "h"},
                {"pseudoTerminal", true},
                {"interactive", true},
                {"disableNetworking", true},
                {"dockerLabels", {{"a", "b"}}}}) == Json{{"User", "1:2"},
                                                         {"WorkingDir", "/w"},
                                                         {"Hostname", "h"},
                                                         {"Tty", true},
                                                         {"OpenStdin", true},
                                                         {"NetworkDisabled", true},
                                                         {"Labels", {{"a", "b"}}}});
}

TEST_CASE("a health check is in nanoseconds, with the service's defaults") {
  Json command = {"CMD-SHELL", "true"};
  Json least = config({{"healthCheck", {{"command", command}}}});
  CHECK(least["Healthcheck"] ==
        Json{{"Test", command}, {"Interval", 30 * kSecond}, {"Timeout", 5 * kSecond}, {"Retries", 3}});
  Json whole =
      config({{"healthCheck",
               {{"command", command}, {"interval", 5}, {"timeout", 2}, {"retries", 1}, {"startPeriod", 9}}}});
  CHECK(whole["Healthcheck"] == Json{{"Test", command},
                                     {"Interval", 5 * kSecond},
                                     {"Timeout", 2 * kSecond},
                                     {"Retries", 1},
                                     {"StartPeriod", 9 * kSecond}});
  CHECK(sentContainer({{"healthCheck", {{"command", command}}}}).healthCheckType == "docker");
}

TEST_CASE("limits and rights of a container are Docker's HostConfig") {
  Json sent =
      hostConfig({{"memoryReservation", 64},
                  {"privileged", true},
                  {"readonlyRootFilesystem", true},
                  {"dnsServers", {"10.0.0.1"}},
                  {"dnsSearchDomains", {"example.com"}},
                  {"dockerSecurityOptions", {"no-new-privileges"}},
                  {"extraHosts", {{{"hostname", "db"}, {"ipAddress", "10.0.0.2"}}}},
                  {"ulimits", {{{"name", "nofile"}, {"softLimit", 1}, {"hardLimit", 2}}}},
                  {"systemControls", {{{"namespace", "net.core.somaxconn"}, {"value", "9"}}}},
                  {"logConfiguration", {{"logDriver", "json-file"}, {"options", {{"max-size", "1m"}}}}}});
  CHECK(sent == Json{{"NetworkMode", "bridge"},
                     {"MemoryReservation", 64 * kMiB},
                     {"Privileged", true},
                     {"ReadonlyRootfs", true},
                     {"Dns", {"10.0.0.1"}},
                     {"DnsSearch", {"example.com"}},
                     {"SecurityOpt", {"no-new-privileges"}},
                     {"ExtraHosts", {"db:10.0.0.2"}},
                     {"Ulimits", {{{"Name", "nofile"}, {"Soft", 1}, {"Hard", 2}}}},
                     {"Sysctls", {{"net.core.somaxconn", "9"}}},
                     {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "1m"}}}}}});
}

TEST_CASE("Linux parameters are in Docker's units: its swap counts the memory in") {
  Json linux{{"capabilities", {{"add", {"NET_ADMIN"}}, {"drop", {"MKNOD"}}}},
             {"devices",
              {{{"hostPath", "/dev/a"}},
               {{"hostPath", "/dev/b"}, {"containerPath", "/dev/c"}, {"permissions", {"read", "mknod"}}}}},
             {"initProcessEnabled", true},
             {"sharedMemorySize", 8},
             {"maxSwap", 72},
             {"swappiness", 10},
             {"tmpfs", {{{"containerPath", "/t"}, {"size", 16}, {"mountOptions", {"noexec"}}}}}};
  Json device_a{{"PathOnHost", "/dev/a"}, {"PathInContainer", "/dev/a"}, {"CgroupPermissions", "rwm"}};
  Json device_b{{"PathOnHost", "/dev/b"}, {"PathInContainer", "/dev/c"}, {"CgroupPermissions", "rm"}};
  CHECK(hostConfig({{"linuxParameters", linux}}) == Json{{"NetworkMode", "bridge"},
                                                         {"CapAdd", {"NET_ADMIN"}},
                                                         {"CapDrop", {"MKNOD"}},
                                                         {"Devices", Json::array({device_a, device_b})},
                                                         {"Init", true},
                                                         {"ShmSize", 8 * kMiB},
                                                         {"MemorySwap", 200 * kMiB},
                                                         {"MemorySwappiness", 10},
                                                         {"Tmpfs", {{"/t", "size=16m,noexec"}}}});
}

TEST_CASE("a task's network mode is its containers'") {
  for (const char* mode : {"host", "none"}) {
    acs::Task sent = sentOf(Json::array({container()}), {{"networkMode", mode}});
    CHECK(sent.networkMode == mode);
    CHECK(Json::parse(sent.containers.at(0).dockerConfig.hostConfig)["NetworkMode"] == mode);
  }
}

TEST_CASE("a payload that goes out later has the definition as it was, with the run's overrides") {
  Bench bench;
  std::string host = bench.ready();
  Json override{
      {"name", "app"}, {"command", {"migrate"}}, {"environment", {{{"name", "A"}, {"value", "1"}}}}};
  bench.runOne({{"taskDefinition", "app"}, {"overrides", {{"containerOverrides", {override}}}}});
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  bench.join(host);
  const acs::Container sent = bench.sent<acs::PayloadMessage>().at(0).tasks.at(0).containers.at(0);
  CHECK(sent.command == std::vector<std::string>{"migrate"});
  CHECK(sent.environment.at("A") == "1");
}

TEST_CASE("a stream of awslogs is named by its prefix, its container and its task") {
  const auto sent = [](Json options) {
    Bench bench;
    bench.cluster();
    Json attributes = Bench::capable();
    attributes.push_back({{"name", "com.amazonaws.ecs.capability.logging-driver.awslogs"}});
    bench.session = bench.join(bench.host("default", {{"attributes", attributes}}));
    const Json log = {{"logDriver", "awslogs"}, {"options", std::move(options)}};
    bench.define("logs", Json::array({container("app", {{"logConfiguration", log}})}));
    bench.runOne({{"taskDefinition", "logs"}});
    const acs::Task task = bench.sent<acs::PayloadMessage>().at(0).tasks.at(0);
    Json config = Json::parse(task.containers.at(0).dockerConfig.hostConfig)["LogConfig"]["Config"];
    return std::pair(task.arn.substr(task.arn.rfind('/') + 1), std::move(config));
  };
  const auto [id, named] = sent({{"awslogs-group", "g"}, {"awslogs-stream-prefix", "web"}});
  CHECK(named == Json{{"awslogs-group", "g"}, {"awslogs-stream", "web/app/" + id}});
  CHECK(sent({{"awslogs-group", "g"}, {"awslogs-stream", "s"}}).second ==
        Json{{"awslogs-group", "g"}, {"awslogs-stream", "s"}});
}
