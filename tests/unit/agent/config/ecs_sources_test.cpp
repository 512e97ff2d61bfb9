#include "agent/config/ecs_sources.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/config/loading.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

/// What a host of Amazon's agent needs at least, so that berth-agent runs without a file of its own.
void giveLeast(TestHost& host) {
  host.environment("ECS_BACKEND_HOST", "http://ecs.example");
  host.environment("AWS_ACCESS_KEY_ID", "AKIA").environment("AWS_SECRET_ACCESS_KEY", "hidden-one");
}

std::string pairsOf(const EcsTexts& texts) {
  std::string all;
  for (const EcsText& one : texts.texts) all += "[" + one.name + "=" + one.text + " @" + one.source + "]";
  return all;
}

}  // namespace

TEST_CASE("ecs.config is lines of a key and a value, without quoting") {
  CHECK(pairsOf(ecsLines("e", "A=1\nno equals\n\n  B = x=y \r\nC=\"q\"\n#D=1\nA=2")) ==
        "[#D=1 @e:6 (\"#D\")][A=2 @e:7 (A)][B=x=y @e:4 (B)][C=\"q\" @e:5 (C)]");
  CHECK(ecsLines("e", "").texts.empty());
  CHECK(pairsOf(ecsLines("e", "=1")) == "[=1 @e:1 (\"\")]");
}

TEST_CASE("the JSON file has fields of amazon-ecs-agent's configuration in any case") {
  CHECK(pairsOf(
            ecsJson("j", R"({"cluster":" a ","Checkpoint":null,"ReservedPorts":[22],"PrivilegedDisabled":true,
                                 "TaskCleanupWaitDuration":10800000000000,"ReservedMemory":64,
                                 "taskmetadataburstrate":9})")) ==
        "[Checkpoint= @j (Checkpoint)][PrivilegedDisabled=true @j (PrivilegedDisabled)]"
        "[ReservedMemory=64 @j (ReservedMemory)][ReservedPorts=[22] @j (ReservedPorts)]"
        "[TaskCleanupWaitDuration=10800000000000ns @j (TaskCleanupWaitDuration)][cluster=a @j (cluster)]"
        "[TaskMetadataSteadyStateRate=40,9 @j (taskmetadataburstrate)]");
  CHECK(ecsJson("j", " \n").problems.empty());
  const std::string deep =
      R"({"ReservedPorts":)" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  for (const std::string& text : Texts{"[]", "{", "1", "{}x", "\xff", deep})
    CHECK(ecsJson("j", text).problems ==
          Texts{"j: must hold one JSON object, like {\"Cluster\":\"prod\"}; correct or remove it"});
}

TEST_CASE("a host of Amazon's agent is switched over by its environment alone") {
  TestHost host;
  giveLeast(host);
  host.environment("ECS_CLUSTER", "prod").environment("AWS_DEFAULT_REGION", "eu-west-1");
  host.environment("AWS_SESSION_TOKEN", "hidden-two");
  const Config config = host.config();
  CHECK(config.cluster == "prod");
  CHECK(config.clusterGiven);
  CHECK(config.controller == "http://ecs.example");
  CHECK(config.region == "eu-west-1");
  CHECK(config.credentialsKind == CredentialsKind::Key);
  CHECK(config.accessKey == "AKIA");
  CHECK(config.secretKey == "hidden-one");
  CHECK(config.sessionToken == "hidden-two");
  CHECK(config.warnings.empty());
  CHECK_THAT(config.described,
             Catch::Contains("cluster: prod  # ECS_CLUSTER\n") && !Catch::Contains("hidden"));
}

TEST_CASE("a host of Amazon's agent is switched over by ecs.config alone") {
  TestHost host;
  host.ecsConfig("ECS_CLUSTER=prod\nECS_BACKEND_HOST=ecs.example\n");
  CHECK(host.config().credentialsGuessed);
  host.folder().write("shared", "[default]\n");
  const Config config = host.config();
  CHECK(config.cluster == "prod");
  CHECK(config.controller == "https://ecs.example");
  CHECK(config.credentialsKind == CredentialsKind::File);
  CHECK(config.credentialsFile == host.folder().path("shared"));
  CHECK_THAT(host.local(config.described),
             Catch::Contains("cluster: prod  # FOLDER/ecs.config:1 (ECS_CLUSTER)\n") &&
                 Catch::Contains("# shared credentials file"));
}

TEST_CASE("the shared credentials file is only found for a host that was Amazon's") {
  TestHost host;
  host.folder().write("shared", "[default]\n");
  host.yaml("controller: http://c\n");
  CHECK(host.config().credentialsGuessed);
}

TEST_CASE("the ecs.config of /var/lib/ecs is read, and what /etc/ecs says wins over it") {
  TestHost host;
  giveLeast(host);
  host.json(R"({"Cluster":"json"})");
  host.folder().write("below.config", "ECS_CLUSTER=below\nECS_RESERVED_MEMORY=32\nECS_CLUSTRE=x\n");
  CHECK(host.config().cluster == "below");
  CHECK(host.local(host.config().settings.source("cluster")) == "FOLDER/below.config:1 (ECS_CLUSTER)");
  host.ecsConfig("ECS_CLUSTER=lines\n");
  CHECK(host.config().cluster == "lines");
  CHECK(host.config().reservedMemory == 32);
  CHECK(host.warnings().size() == 1);
}

TEST_CASE("the JSON file that an ecs.config names is one of those to watch") {
  TestHost host;
  const auto files = [&] { return host.local(Catch::Detail::stringify(configFiles(host.sources))); };
  CHECK_THAT(files(), Catch::Contains("FOLDER/ecs.config\"") && Catch::Contains("FOLDER/below.config\"") &&
                          Catch::Contains("FOLDER/ecs.config.json\""));
  host.folder().write("below.config", "ECS_AGENT_CONFIG_FILE_PATH=/below.json\n");
  CHECK_THAT(files(), Catch::Contains("\"/below.json\"") && !Catch::Contains("ecs.config.json"));
  host.ecsConfig("ECS_AGENT_CONFIG_FILE_PATH=/named.json\n");
  CHECK_THAT(files(), Catch::Contains("\"/named.json\"") && !Catch::Contains("below.json"));
  host.environment("ECS_AGENT_CONFIG_FILE_PATH", "/first.json").yaml("cluster: a\n");
  CHECK_THAT(files(), Catch::Contains("\"/first.json\"") && Catch::Contains("FOLDER/agent.yaml\""));
}

TEST_CASE("a variable beats the file, which beats the ECS_ environment, ecs.config, JSON and the default") {
  TestHost host;
  giveLeast(host);
  CHECK(host.config().cluster == "default");
  host.json(R"({"Cluster":"json"})");
  CHECK(host.config().cluster == "json");
  CHECK(host.local(host.config().settings.source("cluster")) == "FOLDER/ecs.config.json (Cluster)");
  host.ecsConfig("ECS_CLUSTER=lines\n");
  CHECK(host.config().cluster == "lines");
  host.environment("ECS_CLUSTER", "environment");
  CHECK(host.config().cluster == "environment");
  host.yaml("cluster: yaml\n");
  CHECK(host.config().cluster == "yaml");
  host.environment("BERTH_AGENT_CLUSTER", "variable");
  CHECK(host.config().cluster == "variable");
  CHECK(host.config().settings.source("cluster") == "BERTH_AGENT_CLUSTER");
}

TEST_CASE("what counts as not set leaves the word to a weaker source") {
  TestHost host;
  giveLeast(host);
  host.ecsConfig("ECS_CLUSTER=lines\nECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=5m\n");
  host.environment("ECS_CLUSTER", " ").environment("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "10ms");
  CHECK(host.config().cluster == "lines");
  CHECK(host.config().cleanupDelay == 5min);
  CHECK(host.warnings() ==
        Texts{"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION: 10ms counts as not set: it is less than 1s"});
}

TEST_CASE("credentials of one's own leave all of those of AWS's tools out") {
  TestHost host;
  giveLeast(host);
  host.environment("AWS_SESSION_TOKEN", "t").environment("AWS_PROFILE", "dev");
  host.yaml(kLeastYaml);
  const Config config = host.config();
  CHECK(config.credentialsKind == CredentialsKind::File);
  CHECK(config.credentialsFile == "/key");
  CHECK(config.credentialsProfile == "default");
  CHECK(config.accessKey.empty());
  CHECK(config.sessionToken.empty());
}

TEST_CASE("of AWS's credentials a key beats a file, and either is enough") {
  TestHost host;
  host.environment("AWS_SHARED_CREDENTIALS_FILE", "/shared").environment("AWS_PROFILE", "dev");
  CHECK(host.config().credentialsFile == "/shared");
  CHECK(host.config().credentialsProfile == "dev");
  host.environment("ECS_ALTERNATE_CREDENTIAL_PROFILE", "ops");
  CHECK(host.config().credentialsProfile == "ops");
  giveLeast(host);
  CHECK(host.config().credentialsKind == CredentialsKind::Key);
  CHECK(host.config().credentialsFile.empty());
  host.sources.environment.erase("AWS_SECRET_ACCESS_KEY");
  CHECK(host.failure() ==
        "credentials.access_key and credentials.secret_key go together (from AWS_ACCESS_KEY_ID): give both "
        "or neither");
}

TEST_CASE("the JSON file has another place where a variable or ecs.config says so") {
  TestHost host;
  giveLeast(host);
  host.json(R"({"Cluster":"usual"})");
  const std::string first = host.folder().write("first.json", R"({"Cluster":"first"})");
  const std::string second = host.folder().write("second.json", R"({"Cluster":"second"})");
  host.ecsConfig("ECS_AGENT_CONFIG_FILE_PATH=" + first + "\n");
  CHECK(host.config().cluster == "first");
  CHECK(host.config().warnings.empty());
  host.environment("ECS_AGENT_CONFIG_FILE_PATH", second);
  CHECK(host.config().cluster == "second");
  host.environment("ECS_AGENT_CONFIG_FILE_PATH", host.folder().path("none.json"));
  CHECK(host.failure() == "FOLDER/none.json: can't read it: No such file or directory; correct or remove it");
}

TEST_CASE("files that can't be read, are too large or no JSON are errors") {
  TestHost host;
  giveLeast(host);
  host.ecsConfig(std::string((1 << 20) + 1, 'a'));
  CHECK(host.failure() == "FOLDER/ecs.config: can't read it: File too large; correct or remove it");
  host.ecsConfig("");
  host.json("{\"Cluster\"");
  CHECK_THAT(host.failure(), Catch::StartsWith("FOLDER/ecs.config.json: must hold one JSON object"));
  host.sources.ecsJson = host.folder().path();
  CHECK(host.failure() == "FOLDER: can't read it: Is a directory; correct or remove it");
}

TEST_CASE("a malformed value names variable, place, rule and way out") {
  TestHost host;
  giveLeast(host);
  host.ecsConfig("ECS_CLUSTER=\"prod\"\nECS_RESERVED_MEMORY=lots\n");
  host.json(R"({"ReservedPorts":"22"})");
  host.environment("ECS_DISABLE_METRICS", "yes");
  CHECK(
      host.failure() ==
      "FOLDER/ecs.config.json (ReservedPorts): 'reserved.ports' is \"22\": must be a JSON array of single "
      "values, "
      "like [\"a\",\"b\"] or [22,80]; correct or remove it\n"
      "FOLDER/ecs.config:1 (ECS_CLUSTER): 'cluster' is \"\\\"prod\\\"\": must be up to 255 letters, digits, "
      "- and "
      "_, or a cluster's ARN; remove the quotes, they count as part of the value\n"
      "FOLDER/ecs.config:2 (ECS_RESERVED_MEMORY): 'reserved.memory' is \"lots\": must be a whole number "
      "between 0 "
      "and 1073741824; correct or remove it\n"
      "ECS_DISABLE_METRICS: 'metrics.enabled' is \"yes\": must be true or false (or 1, t, 0, f); correct or "
      "remove it");
}

TEST_CASE("halves of what belongs together name the variable that gave the other half") {
  TestHost host;
  giveLeast(host);
  host.environment("ECS_ENGINE_AUTH_TYPE", "docker");
  CHECK(host.failure() ==
        "registry_auth.type and registry_auth.data go together (from ECS_ENGINE_AUTH_TYPE): give both or "
        "neither");
  TestHost token;
  token.environment("AWS_SESSION_TOKEN", "hidden-two").environment("AWS_SHARED_CREDENTIALS_FILE", "/key");
  CHECK(token.failure() ==
        "credentials.session_token belongs to a credentials.access_key (from AWS_SESSION_TOKEN): give that "
        "too, or "
        "leave it out");
}

TEST_CASE("a zero in JSON is not set, as in Go") {
  TestHost host;
  giveLeast(host);
  host.json(R"({"TaskPidsLimit":0,"NumImagesToDeletePerCycle":0,"DockerStopTimeout":0})");
  CHECK_FALSE(host.config().containers.pidsLimit);
  CHECK(host.config().images.perCycle == 5);
  CHECK(host.warnings().empty());
  host.ecsConfig("ECS_TASK_PIDS_LIMIT=0\n");
  CHECK_THAT(host.failure(), Catch::Contains("must be a whole number between 1 and 4194304"));
}

TEST_CASE("a malformed secret is not shown") {
  TestHost host;
  giveLeast(host);
  host.environment("ECS_ENGINE_AUTH_TYPE", "docker").environment("ECS_ENGINE_AUTH_DATA", "'hidden-two'");
  CHECK_THAT(host.failure(), Catch::Contains("(from ECS_ENGINE_AUTH_DATA)") && !Catch::Contains("hidden"));
}

TEST_CASE("variables that nobody knows are told with the nearest one, other programs' are not") {
  TestHost host;
  giveLeast(host);
  host.environment("ECS_CLUSTR", "a").environment("PATH", "/bin").environment("ECS_ZZZZZZZZZ", "1");
  host.ecsConfig("ECS_CLUSTER_\x1b=x\nFOO=bar\n");
  host.json(R"({"Clustr":"x"})");
  CHECK(
      host.warnings() ==
      Texts{
          "ECS_CLUSTR: no setting of amazon-ecs-agent that is known here; did you mean ECS_CLUSTER?",
          "ECS_ZZZZZZZZZ: no setting of amazon-ecs-agent that is known here; it is ignored",
          "FOLDER/ecs.config:1 (\"ECS_CLUSTER_\\x1b\"): no setting of amazon-ecs-agent that is known here; "
          "did "
          "you mean ECS_CLUSTER?",
          "FOLDER/ecs.config.json (Clustr): no setting of amazon-ecs-agent that is known here; did you mean "
          "Cluster?"});
}

TEST_CASE("a description with foreign sources loads to the same settings") {
  TestHost host;
  giveLeast(host);
  host.environment("ECS_INSTANCE_ATTRIBUTES", R"({"stack":"a,b=c","x":""})");
  host.environment("ECS_RESERVED_PORTS_UDP", "[53]").environment("ECS_TASK_METADATA_RPS_LIMIT", "5, 6");
  const Config first = host.config();
  CHECK(first.attributes.at("stack") == "a,b=c");
  TestHost again;
  std::string yaml = first.described;
  yaml.replace(yaml.find("\"***\""), 5, "hidden-one");
  again.yaml(yaml);
  const Config second = again.config();
  for (const config::Setting& setting : first.settings.schema().settings()) {
    INFO(setting.key);
    CHECK(first.settings.same(second.settings, setting.key));
  }
}
