#include "agent/config/config.hpp"

#include <catch2/catch.hpp>

#include "agent/config/host.hpp"
#include "tests/unit/agent/config/loading.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

const std::string kCredentials = "credentials: {file: /key}\n";

Result<Config> load(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  TestHost host;
  host.yaml(yaml);
  host.sources.environment = environment;
  return loadConfig(host.sources);
}

std::string wrong(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
  auto config = load(yaml, environment);
  if (config) return "accepted";
  CHECK(config.error().code == Code::InvalidArgument);
  return config.error().message;
}

}  // namespace

TEST_CASE("containerd has a socket of its own by default, which Docker's variable does not name") {
  const std::string docker = "unix:///run/d.sock";
  const auto chosen = [&](const std::string& runtime,
                          const std::map<std::string, std::string>& environment = {}) {
    const auto config = load(kCredentials + "runtime: {" + runtime + "}\n", environment);
    REQUIRE(config);
    return std::pair(config->runtimeKind, config->runtimeSocket);
  };
  using Chosen = std::pair<RuntimeKind, std::string>;
  const std::string usual = "unix:///run/containerd/containerd.sock";
  CHECK(chosen("kind: auto", {{"DOCKER_HOST", docker}}) == Chosen(RuntimeKind::Docker, docker));
  CHECK(chosen("kind: auto").first == RuntimeKind::Auto);
  CHECK(chosen("kind: auto, socket: \"unix:///d\"") == Chosen(RuntimeKind::Docker, "unix:///d"));
  CHECK(chosen("kind: docker").first == RuntimeKind::Docker);
  CHECK(chosen("kind: containerd") == Chosen(RuntimeKind::Containerd, usual));
  CHECK(chosen("kind: containerd", {{"DOCKER_HOST", docker}}) == Chosen(RuntimeKind::Containerd, usual));
  CHECK(chosen("kind: containerd, socket: \"unix:///c\"") == Chosen(RuntimeKind::Containerd, "unix:///c"));
  CHECK(load(kCredentials + "runtime: {kind: containerd}\n")->snapshotter == "overlayfs");
}

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
  CHECK_THAT(wrong("credentials: {profile: a}\n"), Catch::StartsWith("credentials.file is missing"));
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

TEST_CASE("where nothing names credentials, those of a controller on this host are the last resort") {
  TestHost host;
  host.yaml("cluster: a\n");
  CHECK(host.config().credentialsGuessed);
  CHECK(host.config().credentialsFile == host.folder().path("admin-credentials"));
  const std::string missing = host.warnings().at(0);
  CHECK_THAT(missing,
             Catch::StartsWith("nothing names credentials, and FOLDER/admin-credentials can't be read: "
                               "start berth-controller on this host"));
  host.folder().write("admin-credentials", "[default]\n");
  CHECK(host.warnings().empty());
  CHECK_THAT(host.config().described, Catch::Contains("# the controller's on this host"));
  host.environment("AWS_ACCESS_KEY_ID", "AKIA").environment("AWS_SECRET_ACCESS_KEY", "s");
  CHECK(host.config().credentialsKind == CredentialsKind::Key);
  CHECK_FALSE(host.config().credentialsGuessed);
  host.yaml(kCredentials);
  CHECK(host.config().credentialsFile == "/key");
  host.yaml("credentials: {imds: true}\n");
  CHECK(host.config().credentialsKind == CredentialsKind::Imds);
}

TEST_CASE("a file with comments alone is one that leaves everything to the others") {
  TestHost host;
  host.yaml("# cluster: default\n\n# credentials: {file: /key}\n");
  host.ecsConfig("ECS_CLUSTER=prod\nAWS_SHARED_CREDENTIALS_FILE=/other\n");
  CHECK(host.config().cluster == "prod");
  CHECK(host.config().credentialsFile == "/other");
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

TEST_CASE("all of the agent's settings have the defaults of the table") {
  const Config config = *load(kCredentials);
  CHECK(config.images.concurrency == 3);
  CHECK(config.images.pullTimeout == 2h);
  CHECK(config.images.pullInactivityTimeout == 1min);
  CHECK(config.images.manifestTimeout == 1min);
  CHECK_FALSE(config.images.pullDependentsUpfront);
  CHECK(config.images.cleanup);
  CHECK(config.images.cleanupInterval == 30min);
  CHECK(config.images.minimumAge == 1h);
  CHECK(config.images.perCycle == 5);
  CHECK(config.images.highMark == 85);
  CHECK(config.images.lowMark == 75);
  CHECK_FALSE(config.images.untracked);
  CHECK(config.images.untrackedMinimumAge == 1h);
  CHECK(config.images.untrackedContainersPerCycle == 5);
  CHECK(config.images.exclude.empty());
  CHECK(config.containers.createTimeout == 4min);
  CHECK(config.containers.startTimeout == 3min);
  CHECK(config.containers.healthChecks);
  CHECK(config.containers.keepStoppedBytes == int64_t{5} << 30);
  CHECK(config.containers.cleanupJitter == 0s);
  CHECK(config.containers.privilegedAllowed);
  CHECK(config.containers.taskLimits);
  CHECK_FALSE(config.containers.pidsLimit);
  CHECK(config.containers.cgroupPath == "/sys/fs/cgroup");
  CHECK(config.containers.cgroupCpuPeriod == 100ms);
  CHECK_FALSE(config.containers.dynamicPorts);
  CHECK(config.endpoints.introspection == ListenAddress{"127.0.0.1", 51678});
  CHECK(config.endpoints.tasks == ListenAddress{"127.0.0.1", 51679});
  CHECK(config.endpoints.rate == RequestRate{40, 60});
  CHECK(config.endpoints.taskRoles);
  CHECK(config.endpoints.auditLog == "/var/lib/berth/agent/audit.log");
  CHECK(config.secrets.registryAuthType.empty());
  CHECK(config.tags.empty());
  CHECK(config.reservedCpu == 0);
  CHECK(config.reservedPortsUdp.empty());
  CHECK_FALSE(config.capabilities.gpu);
  CHECK(config.capabilities.nvidiaRuntime == "nvidia");
  CHECK(config.warnings.empty());
}

TEST_CASE("clean-up is off where cached images are preferred") {
  CHECK_FALSE(load(kCredentials + "images: {pull_behavior: prefer-cached}\n")->images.cleanup);
}

TEST_CASE("the audit log follows the data folder, another name, or is off") {
  CHECK(load(kCredentials + "data_dir: /srv/agent\n")->endpoints.auditLog == "/srv/agent/audit.log");
  CHECK(load(kCredentials + "audit_log: {file: /log/a}\n")->endpoints.auditLog == "/log/a");
  CHECK(load(kCredentials + "audit_log: {file: /log/a, enabled: false}\n")->endpoints.auditLog.empty());
}

TEST_CASE("the low mark is below the high mark") {
  CHECK(
      wrong(kCredentials + "images: {cleanup: {low_mark: 85}}\n") ==
      "images.cleanup.low_mark is 85 and images.cleanup.high_mark is 85: the low one must be below the high "
      "one; change one of them");
  CHECK(load(kCredentials + "images: {cleanup: {low_mark: 10, high_mark: 11}}\n")->images.highMark == 11);
}

TEST_CASE("introspection is off loopback only where that is allowed") {
  CHECK(wrong(kCredentials + "endpoints: {introspection_address: \"0.0.0.0:51678\"}\n") ==
        "endpoints.introspection_address is 0.0.0.0:51678, which other hosts may reach: use 127.0.0.1, or "
        "allow it "
        "with endpoints.allow_offhost_introspection: true");
  const std::string allowed = "allow_offhost_introspection: true";
  CHECK(load(kCredentials + "endpoints: {" + allowed + "}\n")->endpoints.introspection ==
        ListenAddress{"0.0.0.0", 51678});
  CHECK(load(kCredentials + "endpoints: {" + allowed + ", introspection_address: \"127.0.0.1:51678\"}\n")
            ->endpoints.introspection == ListenAddress{"127.0.0.1", 51678});
}

TEST_CASE("the two listeners have ports of their own, and tasks ask on loopback") {
  CHECK_THAT(wrong(kCredentials + "endpoints: {task_address: \"127.0.0.1:51678\"}\n"),
             Catch::Contains("have the same port, 51678: give each its own"));
  CHECK_THAT(wrong(kCredentials + "endpoints: {task_address: \"0.0.0.0:51679\"}\n"),
             Catch::Contains("must be a loopback address and a port"));
}

TEST_CASE("credentials of registries have a type and fit it, and are never shown") {
  const auto auth = [](const std::string& type, const std::string& data) {
    return kCredentials + "registry_auth: {type: " + type + ", data: '" + data + "'}\n";
  };
  const std::string docker = R"({"reg.example":{"username":"u","password":"hidden-one"}})";
  const std::string dockercfg = R"({"reg.example":{"auth":"dTpoaWRkZW4="}})";
  CHECK(load(auth("docker", docker))->secrets.registryAuthData == docker);
  CHECK_THAT(load(auth("docker", docker))->described, !Catch::Contains("hidden-one"));
  CHECK(load(auth("dockercfg", dockercfg))->secrets.registryAuthType == "dockercfg");
  CHECK(load(auth("dockercfg", R"({"auths":)" + dockercfg + "}")));
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const std::string& data : {dockercfg, deep, std::string("[]"), std::string("{hidden-one"),
                                  std::string(R"({"reg":"hidden-one"})")}) {
    CHECK_THAT(wrong(auth("docker", data)),
               Catch::Contains("registry_auth.data does not fit registry_auth.type docker") &&
                   Catch::Contains("agent.yaml:2") && !Catch::Contains("hidden-one") &&
                   !Catch::Contains("dTpo"));
  }
  CHECK_THAT(wrong(auth("dockercfg", docker)), Catch::Contains(R"({"registry.example": {"auth": "..."}})"));
  CHECK(wrong(kCredentials + "registry_auth: {type: docker}\n") ==
        "registry_auth.type and registry_auth.data go together: give both or neither");
}

TEST_CASE("tags are tags") {
  CHECK(load(kCredentials + "tags: {team: a}\n")->tags.at("team") == "a");
  CHECK_THAT(wrong(kCredentials + "tags: {\"aws:x\": a}\n"), Catch::Contains("don't begin with aws:"));
  CHECK_THAT(wrong(kCredentials + "tags: {" + std::string(129, 'k') + ": a}\n"),
             Catch::Contains("a key of 129 and a value of 1 bytes"));
  CHECK_THAT(wrong(kCredentials + "tags: {k: " + std::string(257, 'v') + "}\n"),
             Catch::Contains("values have at most 256"));
  std::string many;
  for (int number = 0; number < 51; ++number) many += "k" + std::to_string(number) + ": v, ";
  CHECK_THAT(wrong(kCredentials + "tags: {" + many + "}\n"), Catch::Contains("tags has 51 entries"));
}

TEST_CASE("a token is for a server of secrets") {
  CHECK_THAT(wrong(kCredentials + "secrets: {token_file: /t}\n"),
             Catch::Contains("secrets.url: give that too"));
  const Config config =
      *load(kCredentials +
            "secrets: {url: \"https://s/v1\", token_file: /t, directory: /d, endpoints: "
            "{ssm: \"http://a\", secretsmanager: \"http://b\", s3: \"http://c\", ecr: \"http://d\"}}\n");
  CHECK(config.secrets.url == "https://s/v1");
  CHECK(config.secrets.tokenFile == "/t");
  CHECK(config.secrets.directory == "/d");
  CHECK(config.secrets.ssmEndpoint == "http://a");
  CHECK(config.secrets.secretsManagerEndpoint == "http://b");
  CHECK(config.secrets.s3Endpoint == "http://c");
  CHECK(config.secrets.ecrEndpoint == "http://d");
  CHECK_THAT(wrong(kCredentials + "secrets: {url: here}\n"), Catch::Contains("must be an http or https URL"));
}

TEST_CASE("a cluster is a name or an ARN") {
  const std::string arn = "arn:aws:ecs:us-east-1:000000000000:cluster/prod";
  CHECK(load(kCredentials + "cluster: " + arn + "\n")->cluster == arn);
  CHECK(load(kCredentials + "cluster: " + std::string(255, 'a') + "\n"));
  for (const std::string& name : {std::string("a b"), std::string(256, 'a'), std::string("a/b")})
    CHECK_THAT(wrong(kCredentials + "cluster: \"" + name + "\"\n"),
               Catch::Contains("must be up to 255 letters"));
}

TEST_CASE("credentials are from one place") {
  CHECK(load("credentials: {imds: true}\n")->credentialsKind == CredentialsKind::Imds);
  CHECK_THAT(wrong("credentials: {imds: true, file: /key}\n"), Catch::Contains("credentials.imds excludes"));
  CHECK_THAT(wrong("credentials: {file: /key, session_token: t}\n"),
             Catch::Contains("credentials.session_token belongs to"));
  const Config config = *load("credentials: {access_key: AKIA, secret_key: s, session_token: hidden-one}\n");
  CHECK(config.credentialsKind == CredentialsKind::Key);
  CHECK(config.sessionToken == "hidden-one");
  CHECK_THAT(config.described, !Catch::Contains("hidden-one"));
}

TEST_CASE("an unknown key of a section is told with the nearest one, also by the environment") {
  CHECK_THAT(wrong(kCredentials + "images: {cleanup: {low_marc: 1}}\n"),
             Catch::Contains("did you mean 'images.cleanup.low_mark'?"));
  CHECK_THAT(wrong(kCredentials, {{"BERTH_AGENT_IMAGES__CLEANUP__LOW_MARC", "1"}}),
             Catch::Contains("did you mean BERTH_AGENT_IMAGES__CLEANUP__LOW_MARK?"));
}
