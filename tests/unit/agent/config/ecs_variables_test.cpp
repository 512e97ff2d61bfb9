// Each variable of agent-protocol.md, section 9.2, by what it comes to, or as one that does not apply.
#include <catch2/catch.hpp>
#include <set>

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_unused.hpp"
#include "tests/unit/agent/config/loading.hpp"

using namespace berth;
using namespace berth::agent;

namespace {

struct Mapped {
  const char* variable;
  const char* text;
  const char* key;
  const char* shown;           ///< in the description
  const char* json = nullptr;  ///< {"Key": value} of the same meaning
};

const std::vector<Mapped> kMapped = {
    {"ECS_CLUSTER", "prod", "cluster", "prod", R"({"Cluster":"prod"})"},
    {"ECS_BACKEND_HOST", "ecs.example", "controller", "https://ecs.example",
     R"({"APIEndpoint":"ecs.example"})"},
    {"AWS_DEFAULT_REGION", "eu-west-1", "region", "eu-west-1", R"({"AWSRegion":"eu-west-1"})"},
    {"DOCKER_HOST", "unix:///run/d.sock", "runtime.socket", "unix:///run/d.sock",
     R"({"DockerEndpoint":"unix:///run/d.sock"})"},
    {"ECS_RESERVED_PORTS", "[22,80]", "reserved.ports", R"(["22", "80"])", R"({"ReservedPorts":[22,80]})"},
    {"ECS_RESERVED_PORTS_UDP", "[53]", "reserved.ports_udp", R"(["53"])", R"({"ReservedPortsUDP":[53]})"},
    {"ECS_RESERVED_MEMORY", "256", "reserved.memory", "256", R"({"ReservedMemory":256})"},
    {"ECS_DISABLE_METRICS", "true", "metrics.enabled", "false", R"({"DisableMetrics":true})"},
    {"ECS_AVAILABLE_LOGGING_DRIVERS", R"(["json-file","none"])", "logging_drivers", "[json-file, none]",
     R"({"AvailableLoggingDrivers":["json-file","none"]})"},
    {"ECS_DISABLE_PRIVILEGED", "true", "privileged.allowed", "false", R"({"PrivilegedDisabled":true})"},
    {"ECS_ENABLE_SPOT_INSTANCE_DRAINING", "true", "drain.on_spot_interruption", "true",
     R"({"SpotInstanceDrainingEnabled":true})"},
    {"ECS_DETAILED_OS_FAMILY", "amzn_2023", "capabilities.os_family", "amzn_2023"},
    {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1338", "instance_metadata.endpoint",
     "http://127.0.0.1:1338"},
    {"ECS_ENABLE_TASK_ENI", "false", "network.task_addresses", "false", R"({"TaskENIEnabled":false})"},
    {"ECS_AWSVPC_BLOCK_IMDS", "false", "network.block_instance_metadata", "false",
     R"({"AWSVPCBlockInstanceMetdata":false})"},
    {"ECS_SELINUX_CAPABLE", "1", "capabilities.selinux", "true", R"({"SELinuxCapable":true})"},
    {"ECS_APPARMOR_CAPABLE", "1", "capabilities.apparmor", "true", R"({"AppArmorCapable":true})"},
    {"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "10m", "cleanup_delay", "10m",
     R"({"TaskCleanupWaitDuration":600000000000})"},
    {"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", "1m", "cleanup_jitter", "1m",
     R"({"TaskCleanupWaitDurationJitter":60000000000})"},
    {"ECS_ENABLE_TASK_IAM_ROLE", "false", "task_roles.enabled", "false", R"({"TaskIAMRoleEnabled":false})"},
    {"ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", "false", "task_roles.network_host", "false",
     R"({"TaskIAMRoleEnabledForNetworkHost":false})"},
    {"ECS_ENABLE_TASK_CPU_MEM_LIMIT", "false", "task_limits", "false", R"({"TaskCPUMemLimit":false})"},
    {"ECS_CGROUP_PATH", "/cg", "cgroup_path", "/cg", R"({"CgroupPath":"/cg"})"},
    {"ECS_CGROUP_CPU_PERIOD", "10ms", "cgroup_cpu_period", "10ms", R"({"CgroupCPUPeriod":10000000})"},
    {"ECS_TASK_PIDS_LIMIT", "100", "task_pids_limit", "100", R"({"TaskPidsLimit":100})"},
    {"ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2", "true", "propagate_task_memory", "true",
     R"({"PropagateTaskMemoryLimitCgroupV2":true})"},
    {"ECS_CONTAINER_STOP_TIMEOUT", "45s", "stop_timeout", "45s", R"({"DockerStopTimeout":45000000000})"},
    {"ECS_CONTAINER_START_TIMEOUT", "2m", "containers.start_timeout", "2m",
     R"({"ContainerStartTimeout":120000000000})"},
    {"ECS_CONTAINER_CREATE_TIMEOUT", "2m", "containers.create_timeout", "2m",
     R"({"ContainerCreateTimeout":120000000000})"},
    {"ECS_MANIFEST_PULL_TIMEOUT", "2m", "images.manifest_timeout", "2m",
     R"({"ManifestPullTimeout":120000000000})"},
    {"ECS_IMAGE_PULL_TIMEOUT", "1h", "images.pull_timeout", "1h", R"({"ImagePullTimeout":3600000000000})"},
    {"ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "2m", "images.pull_inactivity_timeout", "2m",
     R"({"ImagePullInactivityTimeout":120000000000})"},
    {"ECS_IMAGE_PULL_BEHAVIOR", "once", "images.pull_behavior", "once", R"({"ImagePullBehavior":2})"},
    {"ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT", "true", "images.pull_dependents_upfront", "true",
     R"({"DependentContainersPullUpfront":true})"},
    {"ECS_DISABLE_IMAGE_CLEANUP", "true", "images.cleanup.enabled", "false",
     R"({"ImageCleanupDisabled":true})"},
    {"ECS_IMAGE_CLEANUP_INTERVAL", "15m", "images.cleanup.interval", "15m",
     R"({"ImageCleanupInterval":900000000000})"},
    {"ECS_IMAGE_MINIMUM_CLEANUP_AGE", "2h", "images.cleanup.minimum_age", "2h",
     R"({"MinimumImageDeletionAge":7200000000000})"},
    {"ECS_NUM_IMAGES_DELETE_PER_CYCLE", "9", "images.cleanup.per_cycle", "9",
     R"({"NumImagesToDeletePerCycle":9})"},
    {"ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", "true", "images.cleanup.untracked", "true",
     R"({"DeleteNonECSImagesEnabled":true})"},
    {"NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", "2h", "images.cleanup.untracked_minimum_age", "2h",
     R"({"NonECSMinimumImageDeletionAge":7200000000000})"},
    {"NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE", "9", "images.cleanup.untracked_containers_per_cycle", "9",
     R"({"NumNonECSContainersToDeletePerCycle":9})"},
    {"ECS_EXCLUDE_UNTRACKED_IMAGE", "a:1,b:2", "images.cleanup.exclude", "[a:1, b:2]",
     R"({"ImageCleanupExclusionList":["a:1","b:2"]})"},
    {"ECS_INSTANCE_ATTRIBUTES", R"({"disk":"ssd"})", "attributes", "{disk: ssd}",
     R"({"InstanceAttributes":{"disk":"ssd"}})"},
    {"ECS_CONTAINER_INSTANCE_TAGS", R"({"team":"a"})", "tags", "{team: a}",
     R"({"ContainerInstanceTags":{"team":"a"}})"},
    {"ECS_TASK_METADATA_RPS_LIMIT", "50,70", "endpoints.rps", R"("50,70")",
     R"({"TaskMetadataSteadyStateRate":50,"TaskMetadataBurstRate":70})"},
    {"ECS_SHARED_VOLUME_MATCH_FULL_CONFIG", "true", "volumes.match_full_config", "true",
     R"({"SharedVolumeMatchFullConfig":true})"},
    {"ECS_DISABLE_DOCKER_HEALTH_CHECK", "true", "containers.health_checks", "false",
     R"({"DisableDockerHealthCheck":true})"},
    {"ECS_ENABLE_GPU_SUPPORT", "true", "gpu.enabled", "true", R"({"GPUSupportEnabled":true})"},
    {"ECS_NVIDIA_RUNTIME", "nv", "gpu.nvidia_runtime", "nv", R"({"NvidiaRuntime":"nv"})"},
    {"ECS_DYNAMIC_HOST_PORT_RANGE", "40000-41000", "dynamic_ports", R"("40000-41000")",
     R"({"DynamicHostPortRange":"40000-41000"})"},
    {"ECS_AUDIT_LOGFILE", "/log/a", "audit_log.file", "/log/a", R"({"CredentialsAuditLogFile":"/log/a"})"},
    {"ECS_AUDIT_LOGFILE_DISABLED", "true", "audit_log.enabled", "false",
     R"({"CredentialsAuditLogDisabled":true})"},
    {"ECS_LOGLEVEL", "crit", "log.level", "error"},
    {"ECS_LOG_OUTPUT_FORMAT", "json", "log.format", "json"},
    {"ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS", "true", "endpoints.allow_offhost_introspection", "true"},
    {"ECS_DISABLE_TASK_METADATA_AZ", "true", "endpoints.availability_zone", "false",
     R"({"TaskMetadataAZDisabled":true})"},
    {"ECS_ALTERNATE_CREDENTIAL_PROFILE", "ops", "credentials.profile", "ops"},
    {"AWS_PROFILE", "ops", "credentials.profile", "ops"},
    {"AWS_SHARED_CREDENTIALS_FILE", "/shared", "credentials.file", "/shared"},
};

/// Those that only work together, or whose values are not shown.
const std::set<std::string> kMappedElsewhere = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                                "AWS_SESSION_TOKEN", "ECS_ENGINE_AUTH_TYPE",
                                                "ECS_ENGINE_AUTH_DATA"};

constexpr const char* kOfTheReference =
    "ECS_CLUSTER ECS_BACKEND_HOST AWS_DEFAULT_REGION DOCKER_HOST ECS_RESERVED_PORTS ECS_RESERVED_PORTS_UDP "
    "ECS_RESERVED_MEMORY ECS_DATADIR ECS_CHECKPOINT ECS_HOST_DATA_DIR ECS_ENGINE_AUTH_TYPE "
    "ECS_ENGINE_AUTH_DATA "
    "ECS_UPDATES_ENABLED ECS_UPDATE_DOWNLOAD_DIR ECS_DISABLE_METRICS ECS_POLL_METRICS "
    "ECS_POLLING_METRICS_WAIT_DURATION ECS_AVAILABLE_LOGGING_DRIVERS ECS_DISABLE_PRIVILEGED "
    "ECS_SELINUX_CAPABLE "
    "ECS_APPARMOR_CAPABLE ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER "
    "ECS_ENABLE_TASK_ENI ECS_ENABLE_HIGH_DENSITY_ENI ECS_CNI_PLUGINS_PATH ECS_AWSVPC_BLOCK_IMDS "
    "ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES ECS_ENABLE_TASK_IAM_ROLE ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST "
    "ECS_ENABLE_TASK_CPU_MEM_LIMIT ECS_CGROUP_PATH ECS_CGROUP_CPU_PERIOD ECS_TASK_PIDS_LIMIT "
    "ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2 ECS_CONTAINER_STOP_TIMEOUT ECS_CONTAINER_START_TIMEOUT "
    "ECS_CONTAINER_CREATE_TIMEOUT ECS_MANIFEST_PULL_TIMEOUT ECS_IMAGE_PULL_TIMEOUT "
    "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT ECS_IMAGE_PULL_BEHAVIOR ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT "
    "ECS_DISABLE_IMAGE_CLEANUP ECS_IMAGE_CLEANUP_INTERVAL ECS_IMAGE_MINIMUM_CLEANUP_AGE "
    "ECS_NUM_IMAGES_DELETE_PER_CYCLE ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE "
    "NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE ECS_EXCLUDE_UNTRACKED_IMAGE ECS_INSTANCE_ATTRIBUTES "
    "ECS_CONTAINER_INSTANCE_TAGS ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM ECS_ENABLE_CONTAINER_METADATA "
    "ECS_TASK_METADATA_RPS_LIMIT ECS_DISABLE_TASK_METADATA_AZ ECS_SHARED_VOLUME_MATCH_FULL_CONFIG "
    "ECS_DISABLE_DOCKER_HEALTH_CHECK ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE ECS_ENABLE_FIRELENS_ASYNC "
    "ECS_ENABLE_GPU_SUPPORT ECS_NVIDIA_RUNTIME ECS_ENABLE_INF_SUPPORT ECS_EBSTA_SUPPORTED "
    "ECS_VOLUME_PLUGIN_CAPABILITIES ECS_ENABLE_SPOT_INSTANCE_DRAINING ECS_WARM_POOLS_CHECK "
    "ECS_DYNAMIC_HOST_PORT_RANGE ECS_EXCLUDE_IPV6_PORTBINDING ECS_INSTANCE_IP_COMPATIBILITY ECS_EXTERNAL "
    "ECS_GMSA_SUPPORTED ECS_DOMAIN_JOINED_LINUX_INSTANCE CREDENTIALS_FETCHER_HOST_DIR "
    "CREDENTIALS_FETCHER_SECRET_NAME_FOR_DOMAINLESS_GMSA ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED "
    "ECS_AUDIT_LOGFILE "
    "ECS_AUDIT_LOGFILE_DISABLED ECS_ENABLE_RUNTIME_STATS ECS_ENABLE_PROMETHEUS_METRICS ECS_PAUSE_LABELS "
    "ECS_DETAILED_OS_FAMILY ECS_AGENT_HEALTHCHECK_HOST ECS_ALTERNATE_CREDENTIAL_PROFILE ECS_LOGLEVEL "
    "ECS_LOGLEVEL_ON_INSTANCE ECS_LOGFILE ECS_LOG_ROLLOVER_TYPE ECS_LOG_MAX_FILE_SIZE_MB "
    "ECS_LOG_MAX_ROLL_COUNT "
    "ECS_LOG_OUTPUT_FORMAT HTTP_PROXY NO_PROXY";
constexpr const char* kJsonOnlyOfTheReference =
    "NoIID PauseContainerTarballPath PauseContainerImageName PauseContainerTag "
    "OverrideAWSVPCLocalIPv4Address "
    "CSIDriverSocketPath NodeStageTimeout NodeUnstageTimeout RuntimeStatsLogFile";

std::set<std::string> wordsOf(const std::string& text) {
  std::set<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.insert(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::string lastPartOf(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// Everything that the agent needs, from the file, but for the credentials.
void giveFile(TestHost& host, const Mapped& one) {
  const bool credentials = std::string(one.key).starts_with("credentials.");
  if (credentials && std::string(one.key) != "credentials.file")
    host.environment("AWS_SHARED_CREDENTIALS_FILE", "/key");
  if (!credentials) host.yaml(kLeastYaml);
}

}  // namespace

TEST_CASE("each variable that applies comes to its setting, from the environment, ecs.config and JSON") {
  for (const Mapped& one : kMapped) {
    INFO(one.variable);
    const std::string line = lastPartOf(one.key) + ": " + one.shown + "  # ";
    TestHost environment;
    giveFile(environment, one);
    environment.environment(one.variable, one.text);
    CHECK(environment.warnings().empty());
    CHECK_THAT(environment.config().described, Catch::Contains(line + one.variable + "\n"));
    CHECK(environment.config().settings.origin(one.key) == config::Origin::Foreign);

    TestHost lines;
    giveFile(lines, one);
    lines.ecsConfig(std::string(one.variable) + "=" + one.text + "\n");
    CHECK_THAT(lines.local(lines.config().described),
               Catch::Contains(line + "FOLDER/ecs.config:1 (" + one.variable + ")\n"));

    if (one.json == nullptr) continue;
    TestHost json;
    giveFile(json, one);
    json.json(one.json);
    CHECK(json.warnings().empty());
    CHECK_THAT(json.local(json.config().described), Catch::Contains(line + "FOLDER/ecs.config.json ("));
  }
}

TEST_CASE("the variables of keys and of registries' credentials come to theirs without being shown") {
  TestHost host;
  host.environment("AWS_ACCESS_KEY_ID", "AKIA").environment("AWS_SECRET_ACCESS_KEY", "hidden-one");
  host.environment("AWS_SESSION_TOKEN", "hidden-two").environment("ECS_ENGINE_AUTH_TYPE", "dockercfg");
  const std::string data = R"({"reg.example":{"auth":"hidden-three"}})";
  host.environment("ECS_ENGINE_AUTH_DATA", data);
  const Config config = host.config();
  CHECK(config.accessKey == "AKIA");
  CHECK(config.secretKey == "hidden-one");
  CHECK(config.sessionToken == "hidden-two");
  CHECK(config.secrets.registryAuthType == "dockercfg");
  CHECK(config.secrets.registryAuthData == data);
  CHECK_THAT(config.described, !Catch::Contains("hidden"));
  TestHost json;
  json.yaml(kLeastYaml).json(R"({"EngineAuthType":"dockercfg","EngineAuthData":)" + data + "}");
  CHECK(json.config().secrets.registryAuthData == data);
}

TEST_CASE("each variable that does not apply is told with its reason, unless it says what holds anyway") {
  for (const UnusedVariable& unused : unusedVariables()) {
    const bool inJson = unused.variable.empty();
    const std::string name(inJson ? unused.jsonKey : unused.variable);
    INFO(name);
    CHECK(unused.reason.ends_with('.'));
    const auto warningsOf = [&](const std::string& text) {
      TestHost host;
      host.yaml(kLeastYaml);
      if (inJson) {
        host.json("{\"" + name + "\":\"" + text + "\"}");
      } else {
        host.ecsConfig(name + "=" + text + "\n");
      }
      return host.warnings();
    };
    const std::string source =
        inJson ? "FOLDER/ecs.config.json (" + name + ")" : "FOLDER/ecs.config:1 (" + name + ")";
    CHECK(warningsOf("x") ==
          std::vector<std::string>{source + ": does not apply: " + std::string(unused.reason)});
    if (!unused.same.empty()) CHECK(warningsOf(std::string(unused.same)).empty());
    if (inJson) continue;
    TestHost environment;
    environment.yaml(kLeastYaml).environment(name, "x");
    CHECK(environment.warnings().size() == (unused.fromProcess ? 0 : 1));
  }
}

TEST_CASE("what holds anyway is compared in all of Go's forms") {
  const UnusedVariable flag{"V", "", "r.", "true"};
  CHECK(saysTheSame(flag, "T"));
  CHECK_FALSE(saysTheSame(flag, "0"));
  CHECK_FALSE(saysTheSame(flag, "maybe"));
  CHECK(saysTheSame(UnusedVariable{"V", "", "r.", "none"}, "none"));
  CHECK_FALSE(saysTheSame(UnusedVariable{"V", "", "r."}, ""));
}

TEST_CASE("every variable of the reference is mapped or told, not both, and each is tried here") {
  std::set<std::string> mapped, tried = kMappedElsewhere, unused, jsonKeys;
  for (const config::Setting& setting : agentSchema()->settings()) {
    for (const config::Alias& alias : setting.aliases) {
      CHECK(mapped.insert(alias.variable).second);
      if (!alias.jsonKey.empty()) CHECK(jsonKeys.insert(alias.jsonKey).second);
    }
  }
  for (const Mapped& one : kMapped) tried.insert(one.variable);
  CHECK(tried == mapped);
  for (const UnusedVariable& one : unusedVariables()) {
    if (!one.variable.empty()) CHECK(unused.insert(std::string(one.variable)).second);
    if (!one.jsonKey.empty()) CHECK(jsonKeys.insert(std::string(one.jsonKey)).second);
  }
  for (const std::string& variable : wordsOf(kOfTheReference)) {
    INFO(variable);
    CHECK(mapped.contains(variable) != unused.contains(variable));
  }
  for (const std::string& key : wordsOf(kJsonOnlyOfTheReference)) {
    INFO(key);
    CHECK(jsonKeys.contains(key));
  }
}
