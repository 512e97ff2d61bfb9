#include "agent/config/ecs_unused.hpp"

#include <array>

#include "agent/config/ecs_forms.hpp"

namespace berth::agent {
namespace {

constexpr std::string_view kDataDir =
    "It names a folder of the other agent, whose state this one can't read; `data_dir` is this one's.";
constexpr std::string_view kUpdates = "The system's package manager updates the agent.";
constexpr std::string_view kAwsvpc =
    "A task in mode awsvpc gets its address by `network.task_subnet` or `network.task_conflist`.";
constexpr std::string_view kGmsa = "Accounts of Active Directory (gMSA) are not offered.";
constexpr std::string_view kOneLog = "The agent logs to standard error; the journal keeps and rotates it.";
constexpr std::string_view kContainer =
    "It shapes the container that the other agent runs in; this one has none.";
constexpr std::string_view kEbs = "EBS volumes are not offered.";
constexpr std::string_view kPause =
    "The container that holds a task's shared namespaces (pidMode or ipcMode task) has an image of the "
    "agent's own, "
    "which is part of the program.";
constexpr std::string_view kMetrics =
    "Resource use is read from the kernel at `metrics.interval`; there is no stream to poll instead.";
constexpr std::string_view kProxy =
    "A proxy is taken from the environment of the process only: set http_proxy, https_proxy and no_proxy in "
    "the "
    "unit. Calls of APIs go through it; the agent's websockets do not.";

constexpr std::array kUnused = {
    UnusedVariable{"ECS_DATADIR", "DataDir", kDataDir},
    UnusedVariable{"ECS_HOST_DATA_DIR", "DataDirOnHost", kDataDir},
    UnusedVariable{"ECS_CHECKPOINT", "Checkpoint", "State is always kept across restarts.", "true"},
    UnusedVariable{"ECS_UPDATES_ENABLED", "UpdatesEnabled", kUpdates, "false"},
    UnusedVariable{"ECS_UPDATE_DOWNLOAD_DIR", "UpdateDownloadDir", kUpdates},
    UnusedVariable{"ECS_POLL_METRICS", "PollMetrics", kMetrics},
    UnusedVariable{"ECS_POLLING_METRICS_WAIT_DURATION", "PollingMetricsWaitDuration", kMetrics},
    UnusedVariable{"ECS_ENABLE_HIGH_DENSITY_ENI", "ENITrunkingEnabled", kAwsvpc, "false"},
    UnusedVariable{"ECS_CNI_PLUGINS_PATH", "CNIPluginsPath", kAwsvpc},
    UnusedVariable{"ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", "AWSVPCAdditionalLocalRoutes", kAwsvpc, "[]"},
    UnusedVariable{"", "OverrideAWSVPCLocalIPv4Address", kAwsvpc},
    UnusedVariable{"", "InstanceENIDNSServerList", kAwsvpc},
    UnusedVariable{"", "ENIPauseContainerCleanupDelaySeconds", kAwsvpc},
    UnusedVariable{"ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM", "ContainerInstancePropagateTagsFrom",
                   "The agent doesn't ask EC2 for tags; write them under `tags`.", "none"},
    UnusedVariable{"ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", "OverrideAWSLogsExecutionRole",
                   "A task whose log configuration asks for its execution role always gets it.", "true"},
    UnusedVariable{"ECS_ENABLE_FIRELENS_ASYNC", "FirelensAsyncEnabled", "FireLens is not offered yet."},
    UnusedVariable{"ECS_ENABLE_INF_SUPPORT", "InferentiaSupportEnabled", "AWS Inferentia is not offered.",
                   "false"},
    UnusedVariable{"ECS_EBSTA_SUPPORTED", "EBSTASupportEnabled", kEbs, "false"},
    UnusedVariable{"", "CSIDriverSocketPath", kEbs},
    UnusedVariable{"", "NodeStageTimeout", kEbs},
    UnusedVariable{"", "NodeUnstageTimeout", kEbs},
    UnusedVariable{"ECS_VOLUME_PLUGIN_CAPABILITIES", "VolumePluginCapabilities",
                   "EFS needs a volume plugin of Amazon's, which is not used.", "[]"},
    UnusedVariable{"ECS_ENABLE_CONTAINER_METADATA", "ContainerMetadataEnabled",
                   "No file of metadata is written; containers ask $ECS_CONTAINER_METADATA_URI_V4.", "false"},
    UnusedVariable{"ECS_WARM_POOLS_CHECK", "WarmPoolsSupport", "Warm pools are EC2's.", "false"},
    UnusedVariable{"ECS_EXCLUDE_IPV6_PORTBINDING", "ShouldExcludeIPv6PortBinding",
                   "A binding on all IPv6 addresses is never reported beside the one on all IPv4 addresses.",
                   "true"},
    UnusedVariable{"ECS_INSTANCE_IP_COMPATIBILITY", "InstanceIPCompatibility",
                   "It chooses among AWS's endpoints; `controller` says where to go."},
    UnusedVariable{
        "ECS_EXTERNAL", "External",
        "The agent asks nothing of EC2 unless `credentials.imds` or `drain.on_spot_interruption` is set.",
        "true"},
    UnusedVariable{"ECS_GMSA_SUPPORTED", "GMSACapable", kGmsa, "false"},
    UnusedVariable{"ECS_DOMAIN_JOINED_LINUX_INSTANCE", "", kGmsa, "false"},
    UnusedVariable{"", "GMSADomainlessCapable", kGmsa, "false"},
    UnusedVariable{"CREDENTIALS_FETCHER_HOST_DIR", "", kGmsa},
    UnusedVariable{"CREDENTIALS_FETCHER_SECRET_NAME_FOR_DOMAINLESS_GMSA", "", kGmsa},
    UnusedVariable{"ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED", "FSxWindowsFileServerCapable",
                   "It is for Windows only.", "false"},
    UnusedVariable{"ECS_ENABLE_RUNTIME_STATS", "EnableRuntimeStats", "It profiles a program in Go.", "false"},
    UnusedVariable{"", "RuntimeStatsLogFile", "It profiles a program in Go."},
    UnusedVariable{"ECS_ENABLE_PROMETHEUS_METRICS", "PrometheusMetricsEnabled",
                   "GET /metrics at `endpoints.introspection_address` is always there.", "true"},
    UnusedVariable{"ECS_PAUSE_LABELS", "", kPause},
    UnusedVariable{"", "PauseContainerTarballPath", kPause},
    UnusedVariable{"", "PauseContainerImageName", kPause},
    UnusedVariable{"", "PauseContainerTag", kPause},
    UnusedVariable{"ECS_AGENT_HEALTHCHECK_HOST", "",
                   "`berth-agent --healthcheck` asks at `endpoints.introspection_address`."},
    UnusedVariable{"", "NoIID", "The agent doesn't send EC2's identity document.", "true"},
    UnusedVariable{"", "IMDSIAMRolesEnabled", "Roles of tasks come from the controller only.", "false"},
    UnusedVariable{"", "PlatformVariables", "It is for Windows only."},
    UnusedVariable{"", "ClusterArn", "It gave way to Cluster long ago; use that, or `cluster`."},
    UnusedVariable{"ECS_LOGFILE", "", kOneLog},
    UnusedVariable{"ECS_LOGLEVEL_ON_INSTANCE", "", kOneLog},
    UnusedVariable{"ECS_LOG_ROLLOVER_TYPE", "", kOneLog},
    UnusedVariable{"ECS_LOG_MAX_FILE_SIZE_MB", "", kOneLog},
    UnusedVariable{"ECS_LOG_MAX_ROLL_COUNT", "", kOneLog},
    UnusedVariable{"ECS_LOG_DRIVER", "", kContainer},
    UnusedVariable{"ECS_LOG_OPTS", "", kContainer},
    UnusedVariable{"ECS_INIT_DOCKER_LOG_FILE_SIZE", "", kContainer},
    UnusedVariable{"ECS_INIT_DOCKER_LOG_FILE_NUM", "", kContainer},
    UnusedVariable{"ECS_AGENT_LABELS", "", kContainer},
    UnusedVariable{"ECS_AGENT_APPARMOR_PROFILE", "", kContainer},
    UnusedVariable{"ECS_AGENT_RUN_PRIVILEGED", "", kContainer, "false"},
    UnusedVariable{"ECS_AGENT_PID_NAMESPACE_HOST", "", kContainer},
    UnusedVariable{"ECS_SKIP_LOCALHOST_TRAFFIC_FILTER", "",
                   "The agent sets no rules of the firewall; the unit that does reads it."},
    UnusedVariable{"ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME", "",
                   "Access is by address: see `endpoints.introspection_address`."},
    UnusedVariable{"HTTP_PROXY", "", kProxy},
    UnusedVariable{"NO_PROXY", "", kProxy, {}, true},
};

}  // namespace

std::span<const UnusedVariable> unusedVariables() { return kUnused; }

bool saysTheSame(const UnusedVariable& unused, std::string_view text) {
  if (unused.same.empty()) return false;
  const auto wanted = parseGoBoolean(unused.same);
  return wanted ? parseGoBoolean(text) == wanted : text == unused.same;
}

}  // namespace berth::agent
