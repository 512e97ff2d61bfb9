#include "agent/session/capabilities.hpp"

#include <catch2/catch.hpp>

using namespace berth::agent;

namespace {

RuntimeInfo engine(const std::string& oldest = "1.12", const std::string& newest = "1.41") {
  RuntimeInfo out;
  out.minApiVersion = oldest;
  out.apiVersion = newest;
  out.loggingDrivers = {"json-file", "journald", "gelf"};
  return out;
}

CapabilityRules drivers(std::vector<std::string> names) {
  CapabilityRules out;
  out.loggingDrivers = std::move(names);
  return out;
}

const std::string kLegacy = "com.amazonaws.ecs.capability.";

}  // namespace

TEST_CASE("the host and what the agent can do are said at registration") {
  auto all = capabilities(engine(), CapabilityRules{});
  CHECK(all.at("ecs.os-type") == "linux");
  CHECK(all.at("ecs.os-family") == "LINUX");
  CHECK((all.at("ecs.cpu-architecture") == "x86_64" || all.at("ecs.cpu-architecture") == "arm64"));
  CHECK(all.at(kLegacy + "privileged-container").empty());
  CHECK(all.contains("ecs.capability.container-health-check"));
}

TEST_CASE("API versions are claimed that the engine speaks and the service knows") {
  auto all = capabilities(engine("1.22", "1.29"), CapabilityRules{});
  for (const char* version : {"1.24", "1.25", "1.28", "1.29"}) {
    CHECK(all.contains(kLegacy + "docker-remote-api." + version));
  }
  for (const char* version : {"1.21", "1.26", "1.30", "1.41"}) {
    CHECK_FALSE(all.contains(kLegacy + "docker-remote-api." + version));
  }
}

TEST_CASE("log drivers are claimed that are allowed and that the engine has, and none needs no engine") {
  auto all = capabilities(engine(), drivers({"json-file", "syslog", "none"}));
  CHECK(all.contains(kLegacy + "logging-driver.json-file"));
  CHECK(all.contains(kLegacy + "logging-driver.none"));
  CHECK_FALSE(all.contains(kLegacy + "logging-driver.syslog"));
  CHECK_FALSE(all.contains(kLegacy + "logging-driver.gelf"));
}

TEST_CASE("addresses of tasks are claimed where they are given") {
  CapabilityRules rules;
  rules.taskNetworks = true;
  auto all = capabilities(engine(), rules);
  CHECK(all.contains("ecs.capability.task-eni"));
  CHECK(all.contains("dev.berth.gives-task-addresses"));
  CHECK_FALSE(all.contains("ecs.capability.task-eni-block-instance-metadata"));
  rules.closesMetadata = true;
  CHECK(capabilities(engine(), rules).contains("ecs.capability.task-eni-block-instance-metadata"));
}

TEST_CASE("what this agent does not do is not claimed") {
  for (const auto& [name, value] : capabilities(engine(), drivers({"json-file"}))) {
    CHECK(name.find("task-eni") == std::string::npos);
    CHECK(name.find("execute-command") == std::string::npos);
    CHECK(name.find("firelens") == std::string::npos);
    CHECK(name.find("gpu") == std::string::npos);
  }
}

TEST_CASE("an engine that has dropped the old versions of its API is claimed to know them all") {
  auto all = capabilities(engine("1.24", "1.41"), CapabilityRules{});
  for (const char* version : {"1.17", "1.24", "1.32"}) {
    CHECK(all.contains(kLegacy + "docker-remote-api." + version));
  }
}

TEST_CASE("what the settings switch off is not claimed") {
  CapabilityRules off;
  off.privileged = off.healthChecks = off.taskLimits = off.taskRoles = off.taskRolesNetworkHost = false;
  auto all = capabilities(engine(), off);
  for (const char* name :
       {"privileged-container", "task-iam-role", "task-iam-role-network-host", "selinux"}) {
    CHECK_FALSE(all.contains(kLegacy + name));
  }
  CHECK_FALSE(all.contains("ecs.capability.container-health-check"));
  CHECK_FALSE(all.contains("ecs.capability.task-cpu-mem-limit"));
  off.selinux = off.taskRoles = true;
  off.gpuDriver = "535.104";
  all = capabilities(engine(), off);
  CHECK(all.contains(kLegacy + "selinux"));
  CHECK(all.contains(kLegacy + "task-iam-role"));
  CHECK(all.at("ecs.capability.gpu-driver-version") == "535.104");
}

TEST_CASE("a volume plugin is claimed under a name that an attribute can have") {
  RuntimeInfo info = engine();
  info.volumePlugins = {"rexray/ebs:latest"};
  auto all = capabilities(info, CapabilityRules{});
  CHECK(all.contains("ecs.capability.docker-plugin.rexray/ebs.latest"));
  CHECK(all.contains("ecs.capability.docker-plugin.rexray/ebs"));
}
