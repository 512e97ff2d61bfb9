#include "controller/config/config.hpp"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::controller;
using namespace std::chrono_literals;

namespace {

Result<Config> load(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  TempDir folder;
  return loadConfig(folder.write("controller.yaml", yaml), environment);
}

std::string wrong(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  auto config = load(yaml, environment);
  if (config) return "accepted";
  CHECK(config.error().code == Code::InvalidArgument);
  return config.error().message;
}

}  // namespace

TEST_CASE("without a file and variables everything has its default") {
  auto config = loadConfig(std::nullopt, {});
  REQUIRE(config);
  CHECK(config->listen == "127.0.0.1:7400");
  CHECK(config->dataDir == "/var/lib/berth/controller");
  CHECK(config->region == "us-east-1");
  CHECK(config->account == "000000000000");
  CHECK(config->authenticate);
  CHECK(config->heartbeat == 20s);
  CHECK(config->lostAfter == 15s);
  CHECK(config->keepStopped == 1h);
  CHECK(config->maxBody == 1 << 20);
  CHECK(config->maxConnections == 50'000);
  CHECK(config->quotas.clusters == 10'000);
  CHECK(config->quotas.instancesPerCluster == 5'000);
  CHECK(config->quotas.revisionsPerFamily == 1'000'000);
  CHECK(config->quotas.attributesPerInstance == 10);
  CHECK(config->quotas.providersPerCluster == 20);
  CHECK(config->quotas.waitingPerCluster == 500);
  CHECK(config->providerWait == std::chrono::hours(1));
  CHECK_FALSE(config->discovery.listen);
  CHECK(config->discovery.zone == "berth.internal");
  CHECK(config->discovery.ttl == 1s);
  CHECK(config->discovery.keepLost == 30s);
  CHECK(config->discovery.drain == 0s);
}

TEST_CASE("discovery is where the settings say, in a zone that can be one") {
  const auto config =
      load("discovery: {listen: \"[::1]:5353\", zone: Apps.example, ttl: 5s, keep_lost: 0s}\n");
  REQUIRE(config);
  CHECK(config->discovery.listen == "[::1]:5353");
  CHECK(config->discovery.zone == "Apps.example");
  CHECK(config->discovery.ttl == 5s);
  CHECK(config->discovery.keepLost == 0s);
  CHECK(config->discovery.drain == 6s);
  for (const char* listen : {"5353", "localhost:5353", "unix:/run/dns"})
    CHECK_THAT(wrong(std::string("discovery: {listen: \"") + listen + "\"}\n"),
               Catch::Contains("discovery.listen"));
  for (const char* zone : {"a..b", "berth.internal.", "a b"})
    CHECK_THAT(wrong(std::string("discovery: {zone: \"") + zone + "\"}\n"),
               Catch::Contains("discovery.zone"));
  CHECK_THAT(wrong("discovery: {ttl: 0s}\n"), Catch::Contains("discovery.ttl"));
}

TEST_CASE("quotas are numbers of things, at least one of each") {
  const auto config = load("quotas: {clusters: 2, attributes_per_instance: 40}\n",
                           {{"BERTH_CONTROLLER_QUOTAS__INSTANCES_PER_CLUSTER", "20000"}});
  REQUIRE(config);
  CHECK(config->quotas.clusters == 2);
  CHECK(config->quotas.attributesPerInstance == 40);
  CHECK(config->quotas.instancesPerCluster == 20'000);
  CHECK_THAT(wrong("quotas: {clusters: 0}\n"), Catch::Contains("quotas.clusters"));
  CHECK_THAT(wrong("quotas: {providers_per_cluster: 1001}\n"),
             Catch::Contains("quotas.providers_per_cluster"));
}

TEST_CASE("an account is twelve digits") {
  for (const char* account : {"123", "00000000000a", "0000000000000"}) {
    CHECK_THAT(
        wrong(std::string("account: \"") + account + "\"\n"),
        Catch::Contains("controller.yaml:1") && Catch::Contains("must be twelve digits: quote them in YAML"));
  }
  CHECK(load("account: \"123456789012\"\n")->account == "123456789012");
}

TEST_CASE("auth none is for loopback only") {
  CHECK_FALSE(load("auth: none\n")->authenticate);
  CHECK(load("auth: none\nlisten: \"[::1]:7400\"\n").ok());
  for (const char* listen : {"0.0.0.0:7400", "10.0.0.1:7400", "[::]:7400"}) {
    CHECK_THAT(
        wrong(std::string("auth: none\nlisten: \"") + listen + "\"\n"),
        Catch::Contains("auth none is allowed on loopback only, and listen is " + std::string(listen)));
  }
}

TEST_CASE("a certificate and its key go together") {
  CHECK(wrong("tls: {cert: /c.pem}\n") == "tls.cert and tls.key go together: give both or neither");
  CHECK(wrong("tls: {key: /k.pem}\n") == "tls.cert and tls.key go together: give both or neither");
  CHECK(load("tls: {cert: /c.pem, key: /k.pem}\n")->tlsCert == "/c.pem");
}

TEST_CASE("an unknown key is told with its place and the nearest one") {
  CHECK_THAT(wrong("regoin: eu-west-1\n"), Catch::Contains("controller.yaml:1") &&
                                               Catch::Contains("regoin") && Catch::Contains("'region'"));
}

TEST_CASE("times and sizes have bounds") {
  CHECK_THAT(wrong("heartbeat: 0s\n"), Catch::Contains("must be between 100ms and 50s"));
  CHECK_THAT(wrong("heartbeat: 2m\n"), Catch::Contains("must be between 100ms and 50s"));
  CHECK_THAT(wrong("max_body: 1KiB\n"), Catch::Contains("max_body"));
}

TEST_CASE("the environment beats the file") {
  CHECK(load("region: a-b-1\n", {{"BERTH_CONTROLLER_REGION", "c-d-2"}})->region == "c-d-2");
  CHECK(load("", {{"BERTH_CONTROLLER_LOG__LEVEL", "debug"}})->log.level == LogLevel::Debug);
}

TEST_CASE("a file may say everything") {
  auto config = load(R"(
listen: "0.0.0.0:7443"
data_dir: /srv/berth
region: eu-west-1
account: "123456789012"
auth: sigv4
tls: {cert: /c.pem, key: /k.pem}
max_body: 2MiB
keep_stopped: 10m
heartbeat: 30s
lost_after: 1m
log: {level: warn, format: json}
)");
  REQUIRE(config);
  CHECK(config->listen == "0.0.0.0:7443");
  CHECK(config->dataDir == "/srv/berth");
  CHECK(config->region == "eu-west-1");
  CHECK(config->account == "123456789012");
  CHECK(config->authenticate);
  CHECK(config->tlsCert == "/c.pem");
  CHECK(config->tlsKey == "/k.pem");
  CHECK(config->maxBody == 2 << 20);
  CHECK(config->keepStopped == 10min);
  CHECK(config->heartbeat == 30s);
  CHECK(config->lostAfter == 1min);
  CHECK(config->log.level == LogLevel::Warn);
  CHECK(config->log.format == LogFormat::Json);
  CHECK(config->log.program == "berth-controller");
  CHECK_THAT(config->described, Catch::Contains("eu-west-1") && Catch::Contains("controller.yaml"));
}

TEST_CASE("callers are throttled by class, agents' calls ten times later than others") {
  const auto rate = [](const Config& config, CallClass one) {
    return config.throttle[static_cast<size_t>(one)];
  };
  auto usual = load("");
  REQUIRE(usual);
  CHECK(rate(*usual, CallClass::ResourceModify) == Rate{5000, 10000});
  CHECK(rate(*usual, CallClass::AgentModify) == Rate{50000, 100000});
  auto told =
      load("throttle: {rate: 10, burst: 20, classes: {resource_modify: 40/100, agent_modify: 0/0}}\n");
  REQUIRE(told);
  CHECK(rate(*told, CallClass::ClusterRead) == Rate{10, 20});
  CHECK(rate(*told, CallClass::ResourceModify) == Rate{40, 100});
  CHECK(rate(*told, CallClass::AgentModify) == Rate{0, 0});
  CHECK_THAT(wrong("throttle: {classes: {tasks: 1/2}}\n"),
             Catch::Contains("controller.yaml:1") && Catch::Contains("'tasks' is no class of calls: use") &&
                 Catch::Contains("resource_modify"));
  for (const char* text : {"5", "5/", "/5", "5/0", "-1/5", "a/b"}) {
    CHECK_THAT(wrong("throttle: {classes: {tag_read: " + std::string(text) + "}}\n"),
               Catch::Contains("'tag_read' must be calls a second and calls at once, like 40/100"));
  }
  CHECK_THAT(wrong("throttle: {burst: 0}\n"), Catch::Contains("throttle.burst"));
}

TEST_CASE("callers and the audit log are where the settings say, and callers are not for auth none") {
  auto config = load("callers: /etc/berth/callers\naudit: {file: /var/log/berth/audit.log}\n");
  REQUIRE(config);
  CHECK(config->callers == "/etc/berth/callers");
  CHECK(config->auditFile == "/var/log/berth/audit.log");
  CHECK_FALSE(load("")->callers);
  CHECK_FALSE(load("")->auditFile);
  CHECK_THAT(wrong("auth: none\ncallers: /c\n"),
             Catch::Contains("with auth none everyone may do everything: take callers away, or use sigv4"));
}

TEST_CASE("an empty file changes no default") {
  auto config = load("");
  REQUIRE(config);
  CHECK(config->listen == "127.0.0.1:7400");
  CHECK_FALSE(config->tlsCert);
  CHECK_FALSE(config->tlsKey);
}

TEST_CASE("a file that is not there, or is no YAML, is refused by its name") {
  auto missing = loadConfig("/nowhere/controller.yaml", {});
  REQUIRE_FALSE(missing.ok());
  CHECK_THAT(missing.error().message, Catch::Contains("/nowhere/controller.yaml"));
  CHECK_THAT(wrong("a: [\n"), Catch::Contains("controller.yaml"));
  CHECK_THAT(wrong("- a\n"), Catch::Contains("controller.yaml"));
}

TEST_CASE("a refused account says where it was set") {
  CHECK_THAT(wrong("", {{"BERTH_CONTROLLER_ACCOUNT", "12"}}),
             Catch::StartsWith("BERTH_CONTROLLER_ACCOUNT: 'account' is \"12\": must be twelve digits"));
}

TEST_CASE("auth none is for loopback only, wherever each of the two was said") {
  CHECK_FALSE(load("", {{"BERTH_CONTROLLER_AUTH", "none"}})->authenticate);
  CHECK_THAT(wrong("listen: \"0.0.0.0:7400\"\n", {{"BERTH_CONTROLLER_AUTH", "none"}}),
             Catch::StartsWith("BERTH_CONTROLLER_AUTH: auth none is allowed on loopback only") &&
                 Catch::EndsWith("use sigv4 or listen on 127.0.0.1"));
  CHECK_THAT(wrong("auth: none\n", {{"BERTH_CONTROLLER_LISTEN", "10.1.2.3:7400"}}),
             Catch::Contains("listen is 10.1.2.3:7400"));
  CHECK(load("auth: sigv4\nlisten: \"0.0.0.0:7400\"\n")->authenticate);
  CHECK_FALSE(load("auth: none\nlisten: \"127.0.0.2:7400\"\n")->authenticate);
}

TEST_CASE("half a TLS pair is refused even when the environment gives it") {
  CHECK(wrong("", {{"BERTH_CONTROLLER_TLS__CERT", "/c.pem"}}) ==
        "tls.cert and tls.key go together: give both or neither");
  auto both = load("tls: {cert: /c.pem}\n", {{"BERTH_CONTROLLER_TLS__KEY", "/k.pem"}});
  REQUIRE(both);
  CHECK(both->tlsKey == "/k.pem");
}

TEST_CASE("a choice that there is not is told with those that there are") {
  CHECK_THAT(wrong("auth: token\n"), Catch::Contains("sigv4") && Catch::Contains("none"));
  CHECK_THAT(wrong("log: {level: loud}\n"), Catch::Contains("debug") && Catch::Contains("error"));
  CHECK_THAT(wrong("log: {format: xml}\n"), Catch::Contains("json"));
}

TEST_CASE("an unknown variable is told with the nearest one, others are none of ours") {
  CHECK_THAT(wrong("", {{"BERTH_CONTROLLER_REGOIN", "x"}}),
             Catch::Contains("did you mean BERTH_CONTROLLER_REGION?"));
  CHECK(load("", {{"BERTH_AGENT_REGION", "x"}, {"PATH", "/bin"}})->region == "us-east-1");
}

TEST_CASE("an unknown key below another is told with its place") {
  CHECK_THAT(wrong("tls:\n  crt: /c.pem\n"),
             Catch::Contains("controller.yaml:2") && Catch::Contains("tls.cert"));
}

TEST_CASE("several problems of the file and the variables are told at once") {
  std::string message = wrong("heartbeat: soon\nmax_body: 1KiB\n", {{"BERTH_CONTROLLER_AUTH", "token"}});
  CHECK_THAT(message, Catch::Contains("heartbeat") && Catch::Contains("max_body") &&
                          Catch::Contains("BERTH_CONTROLLER_AUTH"));
  CHECK(std::ranges::count(message, '\n') == 2);
}

TEST_CASE("an address and a region that can't be any are refused, both at once") {
  for (const char* address :
       {"foo", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "example.com:7400", "unix:here"}) {
    std::string message = wrong(std::string("listen: \"") + address + "\"\nregion: EU\n");
    CHECK_THAT(message, Catch::Contains("controller.yaml:1: 'listen' is \"" + std::string(address) +
                                        "\": must be IPv4:port, [IPv6]:port or unix:/path"));
    CHECK_THAT(message, Catch::Contains("controller.yaml:2: 'region' is \"EU\": must be"));
  }
  CHECK(load("listen: unix:/run/berth.sock\n")->listen == "unix:/run/berth.sock");
}

TEST_CASE("what two settings say together is told at once, too") {
  std::string message = wrong("auth: none\nlisten: \"0.0.0.0:1\"\ntls: {key: /k.pem}\n");
  CHECK_THAT(message, Catch::Contains("auth none") && Catch::Contains("tls.cert and tls.key"));
}

TEST_CASE("bounds may be met exactly") {
  CHECK(load("heartbeat: 100ms\n")->heartbeat == 100ms);
  CHECK(load("heartbeat: 50s\n")->heartbeat == 50s);
  CHECK(load("max_body: 64KiB\n")->maxBody == 65536);
  CHECK(load("max_body: 256MiB\n")->maxBody == 256 << 20);
  CHECK(load("keep_stopped: 0s\n")->keepStopped == 0s);
  CHECK_THAT(wrong("keep_stopped: 366d\n"), Catch::Contains("keep_stopped"));
}

TEST_CASE("any free port on loopback is on loopback") {
  CHECK_FALSE(load("auth: none\nlisten: 127.0.0.1:0\n")->authenticate);
}
