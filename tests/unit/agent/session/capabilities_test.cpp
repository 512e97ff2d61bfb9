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

const std::string kLegacy = "com.amazonaws.ecs.capability.";

}  // namespace

TEST_CASE("the host and what the agent can do are said at registration") {
  auto all = capabilities(engine(), {});
  CHECK(all.at("ecs.os-type") == "linux");
  CHECK(all.at("ecs.os-family") == "LINUX");
  CHECK((all.at("ecs.cpu-architecture") == "x86_64" || all.at("ecs.cpu-architecture") == "arm64"));
  CHECK(all.at(kLegacy + "privileged-container").empty());
  CHECK(all.contains("ecs.capability.container-health-check"));
}

TEST_CASE("API versions are claimed that the engine speaks and the service knows") {
  auto all = capabilities(engine("1.24", "1.29"), {});
  for (const char* version : {"1.24", "1.25", "1.28", "1.29"}) {
    CHECK(all.contains(kLegacy + "docker-remote-api." + version));
  }
  for (const char* version : {"1.23", "1.26", "1.30", "1.41"}) {
    CHECK_FALSE(all.contains(kLegacy + "docker-remote-api." + version));
  }
}

TEST_CASE("log drivers are claimed that are allowed and that the engine has, and none needs no engine") {
  auto all = capabilities(engine(), {"json-file", "syslog", "none"});
  CHECK(all.contains(kLegacy + "logging-driver.json-file"));
  CHECK(all.contains(kLegacy + "logging-driver.none"));
  CHECK_FALSE(all.contains(kLegacy + "logging-driver.syslog"));
  CHECK_FALSE(all.contains(kLegacy + "logging-driver.gelf"));
}

TEST_CASE("what this agent does not do is not claimed") {
  for (const auto& [name, value] : capabilities(engine(), {"json-file"})) {
    CHECK(name.find("task-eni") == std::string::npos);
    CHECK(name.find("secrets") == std::string::npos);
    CHECK(name.find("task-iam-role") == std::string::npos);
    CHECK(name.find("gpu") == std::string::npos);
  }
}
