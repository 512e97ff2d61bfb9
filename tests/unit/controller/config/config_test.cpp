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
  CHECK(config->keepStopped == 1h);
  CHECK(config->maxBody == 1 << 20);
}

TEST_CASE("an account is twelve digits") {
  for (const char* account : {"123", "00000000000a", "0000000000000"}) {
    CHECK_THAT(
        wrong(std::string("account: \"") + account + "\"\n"),
        Catch::Contains("controller.yaml:1") && Catch::Contains("is not twelve digits: quote it in YAML"));
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
