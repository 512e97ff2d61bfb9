#include "agent/config/config.hpp"

#include <catch2/catch.hpp>

#include "agent/config/host.hpp"
#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

const std::string kCredentials = "credentials: {file: /key}\n";

Result<Config> load(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  TempDir folder;
  return loadConfig(folder.write("agent.yaml", yaml), environment);
}

std::string wrong(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  auto config = load(yaml, environment);
  if (config) return "accepted";
  CHECK(config.error().code == Code::InvalidArgument);
  return config.error().message;
}

}  // namespace

TEST_CASE("a file with credentials is enough, the rest has its default") {
  auto config = load(kCredentials);
  REQUIRE(config);
  CHECK(config->cluster == "default");
  CHECK_FALSE(config->clusterGiven);
  CHECK(config->controller == "http://127.0.0.1:7400");
  CHECK(config->credentialsFile == "/key");
  CHECK(config->credentialsProfile == "default");
  CHECK(config->runtimeSocket == "unix:///var/run/docker.sock");
  CHECK(config->dataDir == "/var/lib/berth/agent");
  CHECK(config->reservedPorts == std::set<uint16_t>{22, 2375, 2376, 51678, 51679});
  CHECK(config->pullBehavior == PullBehavior::Default);
  CHECK(config->stopTimeout == 30s);
  CHECK(config->cleanupDelay == 3h);
  CHECK(config->metrics);
}

TEST_CASE("a cluster that is named is one that the agent must not create") {
  CHECK(load(kCredentials + "cluster: default\n")->clusterGiven);
  CHECK(load(kCredentials, {{"BERTH_AGENT_CLUSTER", "prod"}})->clusterGiven);
}

TEST_CASE("credentials are a file, or both halves of a key") {
  CHECK_THAT(wrong("cluster: a\n"), Catch::StartsWith("credentials.file is missing"));
  CHECK(wrong("credentials: {access_key: AKIA}\n") ==
        "credentials.access_key and credentials.secret_key go together: give both or neither");
  CHECK(wrong("credentials: {file: /key, access_key: AKIA, secret_key: s}\n") ==
        "credentials.file and credentials.access_key exclude each other: give one");
  auto config =
      load("credentials: {access_key: AKIA}\n", {{"BERTH_AGENT_CREDENTIALS__SECRET_KEY", "hidden-one"}});
  REQUIRE(config);
  CHECK(config->secretKey == "hidden-one");
  CHECK_THAT(config->described, !Catch::Contains("hidden-one"));
}

TEST_CASE("reserved ports are ports") {
  CHECK(load(kCredentials + "reserved: {ports: [80, 443]}\n")->reservedPorts == std::set<uint16_t>{80, 443});
  for (const char* port : {"http", "0", "65536", "-1", "80x"}) {
    CHECK_THAT(
        wrong(kCredentials + "reserved: {ports: [\"" + port + "\"]}\n"),
        Catch::Contains("agent.yaml:2") && Catch::Contains(std::string("'reserved.ports' is \"") + port +
                                                           "\": must be TCP ports between 1 and 65535"));
  }
}

TEST_CASE("a controller, a region and a socket that can't be any are refused, all at once") {
  std::string text = wrong(kCredentials +
                           "controller: \"ftp://here\"\nregion: \"EU West\"\n"
                           "runtime: {socket: /run/docker.sock}\nreserved: {ports: [0]}\n");
  CHECK_THAT(text,
             Catch::Contains("agent.yaml:2: 'controller' is \"ftp://here\": must be an http or https URL"));
  CHECK_THAT(text, Catch::Contains("agent.yaml:3: 'region' is \"EU West\": must be"));
  CHECK_THAT(text,
             Catch::Contains("agent.yaml:4: 'runtime.socket' is \"/run/docker.sock\": must be unix://"));
  CHECK_THAT(text, Catch::Contains("agent.yaml:5: 'reserved.ports' is \"0\""));
}

TEST_CASE("each pull behaviour has its word") {
  auto behavior = [](const std::string& word) {
    return load(kCredentials + "images: {pull_behavior: " + word + "}\n")->pullBehavior;
  };
  CHECK(behavior("always") == PullBehavior::Always);
  CHECK(behavior("once") == PullBehavior::Once);
  CHECK(behavior("prefer-cached") == PullBehavior::PreferCached);
  CHECK(behavior("default") == PullBehavior::Default);
  CHECK_THAT(wrong(kCredentials + "images: {pull_behavior: sometimes}\n"), Catch::Contains("sometimes"));
}

TEST_CASE("intervals have bounds") {
  CHECK_THAT(wrong(kCredentials + "metrics: {interval: 0s}\n"),
             Catch::Contains("must be between 100ms and 20s"));
}

TEST_CASE("an unknown key is told with its place and the nearest one") {
  CHECK_THAT(wrong(kCredentials + "clutser: a\n"),
             Catch::Contains("agent.yaml:2") && Catch::Contains("'cluster'"));
}

TEST_CASE("the host has processors and memory") {
  auto host = readHost();
  REQUIRE(host);
  CHECK(host->cpus >= 1);
  CHECK(host->memoryMiB > 0);
}
