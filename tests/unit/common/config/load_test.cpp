#include "common/config/load.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::config;
using namespace std::chrono_literals;

namespace {

/// What section 5 of the design needs of the agent, and some more.
const Schema kAgent(
    {string("cluster", "the cluster that this host joins").byDefault("default"),
     string("controller", "the controller's URL").required(),
     string("region", "the region that requests are signed for").required(),
     path("credentials.file", "a file with an access key"),
     string("credentials.access_key", "the access key's id"),
     string("credentials.secret_key", "the access key's secret").secret(),
     boolean("credentials.imds", "take credentials from the instance's metadata").byDefault("false"),
     choice("runtime.kind", {"docker", "containerd", "auto"}, "what runs containers").byDefault("auto"),
     string("runtime.socket", "where the runtime answers"),
     path("data_dir", "what must be remembered").byDefault("/var/lib/berth/agent"),
     choice("images.pull_behavior", {"default", "always", "once"}, "when to pull").byDefault("default"),
     duration("images.pull_timeout", "how long a pull may take").byDefault("2h"),
     map("attributes", "attributes of this instance"), list("reserved.ports", "ports to keep free")});

class Loading {
 public:
  Loading() { sources.envPrefix = "BERTH_AGENT_"; }

  void yaml(std::string_view text) { sources.yamlFile = folder_.write("agent.yaml", text); }
  std::string file() const { return folder_.path("agent.yaml"); }

  Settings settings() const {
    auto loaded = load(kAgent, sources);
    if (!loaded) FAIL(loaded.error().message);
    return *loaded;
  }
  std::string failure() const {
    const auto loaded = load(kAgent, sources);
    if (loaded) return "accepted";
    CHECK(loaded.error().code == Code::InvalidArgument);
    std::string message = loaded.error().message;
    for (size_t at = 0; (at = message.find(file())) != std::string::npos;)
      message.replace(at, file().size(), "FILE");
    return message;
  }

  Sources sources;

 private:
  TempDir folder_;
};

constexpr const char* kLeastWithoutCredentials = "controller: http://c\nregion: us-east-1\n";

constexpr const char* kLeast = R"(# agent.yaml
cluster: default
controller: http://127.0.0.1:7400
region: us-east-1
credentials: {file: /var/lib/berth/controller/admin-credentials}   # or access_key/secret_key, or imds
runtime: {kind: docker, socket: "unix:///var/run/docker.sock"}     # docker | containerd | auto
data_dir: /var/lib/berth/agent
)";

}  // namespace

TEST_CASE("the agent's least configuration works as it stands") {
  Loading loading;
  loading.yaml(kLeast);
  const Settings settings = loading.settings();
  CHECK(settings.string("cluster") == "default");
  CHECK(settings.string("controller") == "http://127.0.0.1:7400");
  CHECK(settings.string("credentials.file") == "/var/lib/berth/controller/admin-credentials");
  CHECK(settings.string("runtime.kind") == "docker");
  CHECK(settings.string("runtime.socket") == "unix:///var/run/docker.sock");
  CHECK(settings.duration("images.pull_timeout") == 2h);
  CHECK(settings.source("region") == loading.file() + ":4");
  CHECK(settings.source("images.pull_timeout") == "default");
  CHECK_FALSE(settings.has("credentials.secret_key"));
}

TEST_CASE("the controller's least configuration works as it stands") {
  const Schema controller({string("listen", "address and port").byDefault("127.0.0.1:7400"),
                           path("data_dir", "all state").required(), string("region", "in ARNs").required(),
                           string("account", "in ARNs").byDefault("000000000000"),
                           choice("auth", {"sigv4", "none"}, "who may call").byDefault("sigv4")});
  Loading loading;
  loading.yaml(
      "listen: 127.0.0.1:7400\n"
      "data_dir: /var/lib/berth/controller      # on first start: admin-credentials\n"
      "region: us-east-1\n"
      "account: \"000000000000\"\n"
      "auth: sigv4                              # sigv4 | none\n");
  loading.sources.envPrefix = "BERTH_CONTROLLER_";
  const auto settings = load(controller, loading.sources);
  REQUIRE(settings);
  CHECK(settings->string("account") == "000000000000");
  CHECK(settings->string("listen") == "127.0.0.1:7400");
}

TEST_CASE("the environment alone is enough") {
  Loading loading;
  loading.sources.environment = {{"BERTH_AGENT_CONTROLLER", "http://c:7400"},
                                 {"BERTH_AGENT_REGION", "eu-west-1"},
                                 {"BERTH_AGENT_IMAGES__PULL_BEHAVIOR", "once"},
                                 {"BERTH_AGENT_ATTRIBUTES", "rack=7,disk=ssd"},
                                 {"BERTH_AGENT_RESERVED__PORTS", "22,80"},
                                 {"BERTH_CONTROLLER_LISTEN", "of another program"},
                                 {"PATH", "/usr/bin"}};
  const Settings settings = loading.settings();
  CHECK(settings.string("region") == "eu-west-1");
  CHECK(settings.string("images.pull_behavior") == "once");
  CHECK(settings.map("attributes") == StringMap{{"disk", "ssd"}, {"rack", "7"}});
  CHECK(settings.list("reserved.ports") == std::vector<std::string>{"22", "80"});
  CHECK(settings.source("images.pull_behavior") == "BERTH_AGENT_IMAGES__PULL_BEHAVIOR");
}

TEST_CASE("the environment beats yaml beats other programs' configurations beat the default") {
  Loading loading;
  loading.yaml("controller: http://c\nregion: from-yaml\n");
  CHECK(loading.settings().string("cluster") == "default");
  CHECK(loading.settings().origin("cluster") == Origin::Default);

  Layer weak;
  weak.given["cluster"] = Given{std::string("weak"), "ecs.config:2 (ECS_CLUSTER)", Origin::Foreign};
  weak.given["region"] = Given{std::string("weak"), "ecs.config:3 (AWS_DEFAULT_REGION)", Origin::Foreign};
  loading.sources.foreign = {weak};
  CHECK(loading.settings().string("cluster") == "weak");
  CHECK(loading.settings().source("cluster") == "ecs.config:2 (ECS_CLUSTER)");
  CHECK(loading.settings().origin("cluster") == Origin::Foreign);
  CHECK(loading.settings().string("region") == "from-yaml");
  CHECK(loading.settings().origin("region") == Origin::Yaml);

  Layer strong;
  strong.given["cluster"] = Given{std::string("strong"), "ECS_CLUSTER", Origin::Foreign};
  loading.sources.foreign = {strong, weak};
  CHECK(loading.settings().string("cluster") == "strong");

  loading.sources.environment = {{"BERTH_AGENT_REGION", "from-env"}};
  CHECK(loading.settings().string("region") == "from-env");
  CHECK(loading.settings().source("region") == "BERTH_AGENT_REGION");
  CHECK(loading.settings().origin("region") == Origin::Environment);
}

TEST_CASE("a section that goes together is another program's only as a whole") {
  Loading loading;
  loading.yaml(kLeastWithoutCredentials);
  Layer foreign;
  foreign.given["credentials.access_key"] = Given{std::string("AKIA"), "AWS_ACCESS_KEY_ID", Origin::Foreign};
  loading.sources.foreign = {foreign};
  loading.sources.together = {"credentials"};
  CHECK(loading.settings().string("credentials.access_key") == "AKIA");

  loading.yaml(std::string(kLeastWithoutCredentials) + "credentials: {file: /key}\n");
  CHECK_FALSE(loading.settings().has("credentials.access_key"));
  loading.sources.together = {};
  CHECK(loading.settings().has("credentials.access_key"));

  loading.sources.together = {"credentials"};
  loading.yaml(kLeastWithoutCredentials);
  loading.sources.environment = {{"BERTH_AGENT_CREDENTIALS__FILE", "/key"}};
  CHECK_FALSE(loading.settings().has("credentials.access_key"));
}

TEST_CASE("a map from the environment replaces the one from yaml, it is not merged into it") {
  Loading loading;
  loading.yaml(std::string(kLeast) + "attributes: {a: 1}\n");
  loading.sources.environment = {{"BERTH_AGENT_ATTRIBUTES", "b=2"}};
  CHECK(loading.settings().map("attributes") == StringMap{{"b", "2"}});
}

TEST_CASE("an unknown variable is an error with the nearest one") {
  Loading loading;
  loading.yaml(kLeast);
  loading.sources.environment = {{"BERTH_AGENT_REGOIN", "x"}};
  CHECK(loading.failure() == "BERTH_AGENT_REGOIN: unknown variable: did you mean BERTH_AGENT_REGION?");
  loading.sources.environment = {{"BERTH_AGENT_RUNTIME_KIND", "docker"}};
  CHECK(loading.failure() ==
        "BERTH_AGENT_RUNTIME_KIND: unknown variable: did you mean BERTH_AGENT_RUNTIME__KIND?");
  loading.sources.environment = {{"BERTH_AGENT_COLOUR", "x"}};
  CHECK(loading.failure() == "BERTH_AGENT_COLOUR: unknown variable: no key has that name; unset it");
}

TEST_CASE("what is required and missing is said with what it is and how to set it") {
  Loading loading;
  CHECK(loading.failure() ==
        "the YAML file: 'controller' is required (the controller's URL): set it there or as "
        "BERTH_AGENT_CONTROLLER\n"
        "the YAML file: 'region' is required (the region that requests are signed for): set it there or as "
        "BERTH_AGENT_REGION");
  loading.yaml("region: us-east-1\n");
  CHECK(loading.failure() ==
        "FILE: 'controller' is required (the controller's URL): set it there or as BERTH_AGENT_CONTROLLER");
}

TEST_CASE("all problems of all sources are told at once") {
  Loading loading;
  loading.yaml("regoin: us-east-1\nruntime: {kind: podman}\ndata_dir: data\ncontroller:\n");
  loading.sources.environment = {{"BERTH_AGENT_IMAGES__PULL_TIMEOUT", "10"}, {"BERTH_AGENT_X", "1"}};
  Layer foreign;
  foreign.problems = {"ecs.config:1 (ECS_X): 'credentials.imds' is \"maybe\": must be true or false"};
  foreign.broken = {"credentials.imds"};
  loading.sources.foreign = {foreign};
  CHECK(loading.failure() ==
        "ecs.config:1 (ECS_X): 'credentials.imds' is \"maybe\": must be true or false\n"
        "FILE:1: unknown key 'regoin': did you mean 'region'?\n"
        "FILE:2: 'runtime.kind' is \"podman\": must be one of docker, containerd, auto\n"
        "FILE:3: 'data_dir' is \"data\": must be an absolute path, one that begins with /\n"
        "FILE:4: 'controller' has no value; give one or leave it out\n"
        "BERTH_AGENT_IMAGES__PULL_TIMEOUT: 'images.pull_timeout' is \"10\": must be a duration with a unit, "
        "like 500ms, "
        "10s, 5m or 1h30m\n"
        "BERTH_AGENT_X: unknown variable: no key has that name; unset it\n"
        "FILE: 'region' is required (the region that requests are signed for): set it there or as "
        "BERTH_AGENT_REGION");
}

TEST_CASE("a broken value is an error even where another source overrides it") {
  Loading loading;
  loading.yaml(std::string(kLeast) + "images: {pull_behavior: sometimes}\n");
  loading.sources.environment = {{"BERTH_AGENT_IMAGES__PULL_BEHAVIOR", "once"}};
  CHECK_THAT(loading.failure(), Catch::StartsWith("FILE:8: 'images.pull_behavior' is \"sometimes\":"));
}

TEST_CASE("the process environment has the variables of this process") {
  setenv("BERTH_TEST_VARIABLE", "a=b", 1);
  CHECK(processEnvironment().at("BERTH_TEST_VARIABLE") == "a=b");
  unsetenv("BERTH_TEST_VARIABLE");
  CHECK_FALSE(processEnvironment().contains("BERTH_TEST_VARIABLE"));
}
