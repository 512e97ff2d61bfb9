#include "agent/config/changes.hpp"

#include <catch2/catch.hpp>

#include "agent/config/cross_rules.hpp"
#include "agent/config/declarations.hpp"
#include "tests/unit/agent/config/loading.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

Config configOf(const std::string& yaml) {
  TestHost host;
  return host.yaml(kLeastYaml + yaml).config();
}

}  // namespace

TEST_CASE("nothing changed is no change, also where only the place did") {
  CHECK(diff(configOf(""), configOf("")).changes.empty());
  CHECK(diff(configOf("stop_timeout: 30s\n"), configOf("\n\nstop_timeout: 30s\n")).changes.empty());
  CHECK(diff(configOf(""), configOf("stop_timeout: 30s\n")).changes.empty());
}

TEST_CASE("what can change at run time is used now, the rest waits for a restart") {
  const Config running = configOf("cluster: a\nstop_timeout: 10s\nattributes: {x: 1}\n");
  const Config fresh =
      configOf("cluster: b\nstop_timeout: 20s\nimages: {cleanup: {low_mark: 5, high_mark: 6}}\n");
  const ConfigChanges changes = diff(running, fresh);
  CHECK(changes.changes == std::vector<ConfigChange>{{"cluster", Applies::Restart},
                                                     {"attributes", Applies::Restart},
                                                     {"images.cleanup.high_mark", Applies::Now},
                                                     {"images.cleanup.low_mark", Applies::Now},
                                                     {"stop_timeout", Applies::Now}});
  CHECK(changes.use.cluster == "a");
  CHECK(changes.use.attributes.contains("x"));
  CHECK(changes.use.stopTimeout == 20s);
  CHECK(changes.use.images.lowMark == 5);
  CHECK(changes.use.images.highMark == 6);
  CHECK_THAT(changes.use.described, Catch::Contains("cluster: a") && Catch::Contains("stop_timeout: 20s"));
}

TEST_CASE("a value that waits for a restart is told again, one that is used is not") {
  const Config fresh = configOf("cluster: b\nstop_timeout: 20s\n");
  const ConfigChanges first = diff(configOf("cluster: a\n"), fresh);
  CHECK(diff(first.use, fresh).changes == std::vector<ConfigChange>{{"cluster", Applies::Restart}});
}

TEST_CASE("a live setting that is taken away goes back to its default, or to none") {
  const std::string auth = R"(registry_auth: {type: docker, data: '{"r":{"username":"u","password":"p"}}'})";
  const ConfigChanges changes = diff(configOf(auth + "\nlog: {level: debug}\n"), configOf(""));
  CHECK(changes.changes == std::vector<ConfigChange>{{"registry_auth.type", Applies::Now},
                                                     {"registry_auth.data", Applies::Now},
                                                     {"log.level", Applies::Now}});
  CHECK(changes.use.secrets.registryAuthData.empty());
  CHECK(changes.use.log.level == LogLevel::Info);
}

TEST_CASE("a reload reads all sources, and brings the new warnings") {
  TestHost host;
  const Config running = host.yaml(kLeastYaml).config();
  host.ecsConfig("ECS_CONTAINER_STOP_TIMEOUT=1ms\nECS_UPDATES_ENABLED=true\n");
  const auto changes = reload(running, host.sources);
  REQUIRE(changes);
  CHECK(changes->changes == std::vector<ConfigChange>{{"stop_timeout", Applies::Now}});
  CHECK(changes->use.stopTimeout == 1s);
  CHECK(changes->use.warnings.size() == 2);
}

TEST_CASE("a broken file is refused with all that is wrong") {
  TestHost host;
  const Config running = host.yaml(std::string(kLeastYaml) + "stop_timeout: 10s\n").config();
  host.yaml(std::string(kLeastYaml) + "stop_timeout: soon\nclutser: a\n");
  const auto changes = reload(running, host.sources);
  REQUIRE_FALSE(changes);
  CHECK_THAT(changes.error().message,
             Catch::Contains("agent.yaml:2: 'stop_timeout'") && Catch::Contains("agent.yaml:3: unknown key"));
  host.yaml("images: {cleanup: {low_mark: 99}}\n" + std::string(kLeastYaml));
  CHECK_THAT(reload(running, host.sources).error().message, Catch::Contains("low_mark is 99"));
  host.yaml("credentials: {profile: a}\n");
  CHECK_THAT(reload(running, host.sources).error().message, Catch::Contains("credentials.file is missing"));
  CHECK(running.stopTimeout == 10s);
}

TEST_CASE("settings that have a rule together change together") {
  const auto live = [](const char* key) { return agentSchema()->find(key)->isLive; };
  CHECK(live("registry_auth.type") == live("registry_auth.data"));
  CHECK(live("images.cleanup.low_mark") == live("images.cleanup.high_mark"));
  CHECK(live("endpoints.introspection_address") == live("endpoints.task_address"));
  CHECK(live("endpoints.introspection_address") == live("endpoints.allow_offhost_introspection"));
  CHECK(live("secrets.url") == live("secrets.token_file"));
  for (const char* key : {"access_key", "secret_key", "session_token", "imds", "file"})
    CHECK_FALSE(agentSchema()->find(std::string("credentials.") + key)->isLive);
}
