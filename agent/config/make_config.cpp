#include <algorithm>
#include <utility>

#include "agent/config/config.hpp"
#include "agent/config/cross_rules.hpp"
#include "common/text/number.hpp"

namespace berth::agent {
namespace {

using config::Settings;

std::string textOf(const Settings& settings, std::string_view key) {
  return settings.has(key) ? settings.string(key) : std::string();
}

PullBehavior pullBehavior(const std::string& word) {
  if (word == "always") return PullBehavior::Always;
  if (word == "once") return PullBehavior::Once;
  if (word == "prefer-cached") return PullBehavior::PreferCached;
  return PullBehavior::Default;
}

std::set<uint16_t> portsOf(const std::vector<std::string>& texts) {
  std::set<uint16_t> ports;
  for (const std::string& text : texts) ports.insert(*parseNumber<uint16_t>(text));
  return ports;
}

ImagesConfig images(const Settings& settings) {
  ImagesConfig out;
  out.pullBehavior = pullBehavior(textOf(settings, "images.pull_behavior"));
  out.concurrency = settings.integer("images.concurrency");
  out.pullTimeout = settings.duration("images.pull_timeout");
  out.pullInactivityTimeout = settings.duration("images.pull_inactivity_timeout");
  out.manifestTimeout = settings.duration("images.manifest_timeout");
  out.pullDependentsUpfront = settings.boolean("images.pull_dependents_upfront");
  out.cleanup = settings.boolean("images.cleanup.enabled") && out.pullBehavior != PullBehavior::PreferCached;
  out.cleanupInterval = settings.duration("images.cleanup.interval");
  out.minimumAge = settings.duration("images.cleanup.minimum_age");
  out.perCycle = settings.integer("images.cleanup.per_cycle");
  out.highMark = settings.integer("images.cleanup.high_mark");
  out.lowMark = settings.integer("images.cleanup.low_mark");
  out.untracked = settings.boolean("images.cleanup.untracked");
  out.untrackedMinimumAge = settings.duration("images.cleanup.untracked_minimum_age");
  out.untrackedContainersPerCycle = settings.integer("images.cleanup.untracked_containers_per_cycle");
  out.layersAtOnce = settings.integer("images.layers_at_once");
  out.layersBytes = settings.integer("images.layers_bytes");
  out.mirrors = settings.list("images.mirrors");
  out.plainHttp = settings.list("images.plain_http");
  out.policy = textOf(settings, "images.policy");
  out.exclude = settings.list("images.cleanup.exclude");
  return out;
}

ContainersConfig containers(const Settings& settings) {
  ContainersConfig out;
  out.createTimeout = settings.duration("containers.create_timeout");
  out.startTimeout = settings.duration("containers.start_timeout");
  out.healthChecks = settings.boolean("containers.health_checks");
  out.keepStoppedBytes = settings.integer("containers.keep_stopped_bytes");
  out.cleanupJitter = settings.duration("cleanup_jitter");
  out.privilegedAllowed = settings.boolean("privileged.allowed");
  out.taskLimits = settings.boolean("task_limits");
  if (settings.has("task_pids_limit")) out.pidsLimit = settings.integer("task_pids_limit");
  out.cgroupPath = textOf(settings, "cgroup_path");
  out.cgroupCpuPeriod = settings.duration("cgroup_cpu_period");
  out.propagateTaskMemory = settings.boolean("propagate_task_memory");
  if (settings.has("dynamic_ports")) out.dynamicPorts = parsePortRange(settings.string("dynamic_ports"));
  out.matchVolumeConfig = settings.boolean("volumes.match_full_config");
  return out;
}

NetworkConfig network(const Settings& settings) {
  NetworkConfig out;
  out.subnet = textOf(settings, "network.subnet");
  out.conflist = textOf(settings, "network.conflist");
  out.plugins = textOf(settings, "network.plugins");
  out.taskAddresses = settings.boolean("network.task_addresses");
  out.taskSubnet = textOf(settings, "network.task_subnet");
  out.taskConflist = textOf(settings, "network.task_conflist");
  out.blockInstanceMetadata = settings.boolean("network.block_instance_metadata");
  return out;
}

EndpointsConfig endpoints(const Settings& settings) {
  EndpointsConfig out;
  out.introspection = introspectionAddress(settings);
  out.tasks = *parseListenAddress(settings.string("endpoints.task_address"));
  out.rate = *parseRequestRate(settings.string("endpoints.rps"));
  out.availabilityZone = settings.boolean("endpoints.availability_zone");
  out.taskRoles = settings.boolean("task_roles.enabled");
  out.taskRolesNetworkHost = out.taskRoles && settings.boolean("task_roles.network_host");
  if (settings.boolean("audit_log.enabled")) {
    out.auditLog = textOf(settings, "audit_log.file");
    if (out.auditLog.empty()) out.auditLog = settings.string("data_dir") + "/audit.log";
  }
  return out;
}

SecretsConfig secrets(const Settings& settings) {
  SecretsConfig out;
  out.directory = textOf(settings, "secrets.directory");
  out.url = textOf(settings, "secrets.url");
  out.tokenFile = textOf(settings, "secrets.token_file");
  out.ssmEndpoint = textOf(settings, "secrets.endpoints.ssm");
  out.secretsManagerEndpoint = textOf(settings, "secrets.endpoints.secretsmanager");
  out.s3Endpoint = textOf(settings, "secrets.endpoints.s3");
  out.ecrEndpoint = textOf(settings, "secrets.endpoints.ecr");
  out.registryAuthType = textOf(settings, "registry_auth.type");
  out.registryAuthData = textOf(settings, "registry_auth.data");
  return out;
}

void fillHost(Config& out, const Settings& settings) {
  out.cluster = textOf(settings, "cluster");
  out.clusterGiven = settings.origin("cluster") != config::Origin::Default;
  out.controller = textOf(settings, "controller");
  out.region = textOf(settings, "region");
  out.metadataEndpoint = textOf(settings, "instance_metadata.endpoint");
  out.caFile = textOf(settings, "tls.ca_file");
  out.runtimeSocket = textOf(settings, "runtime.socket");
  // A socket that is named is Docker's.
  const bool named = settings.origin("runtime.socket") != config::Origin::Default;
  if (textOf(settings, "runtime.kind") == "auto" && !named) out.runtimeKind = RuntimeKind::Auto;
  if (textOf(settings, "runtime.kind") == "containerd") {
    out.runtimeKind = RuntimeKind::Containerd;
    // What names Docker's socket says nothing of containerd's.
    const std::string source = settings.source("runtime.socket");
    const bool ofDocker = settings.origin("runtime.socket") == config::Origin::Default ||
                          source.find("DOCKER_HOST") != std::string::npos ||
                          source.find("DockerEndpoint") != std::string::npos;
    if (ofDocker) out.runtimeSocket = kContainerdSocket;
  }
  out.snapshotter = textOf(settings, "runtime.snapshotter");
  out.ociRuntime = textOf(settings, "runtime.oci_runtime");
  out.dataDir = textOf(settings, "data_dir");
  out.attributes = settings.map("attributes");
  out.tags = settings.map("tags");
  out.reservedMemory = settings.integer("reserved.memory");
  out.reservedCpu = settings.integer("reserved.cpu");
  out.reservedPorts = portsOf(settings.list("reserved.ports"));
  out.reservedPortsUdp = portsOf(settings.list("reserved.ports_udp"));
  out.capabilities.selinux = settings.boolean("capabilities.selinux");
  out.capabilities.apparmor = settings.boolean("capabilities.apparmor");
  out.capabilities.osFamily = textOf(settings, "capabilities.os_family");
  out.drainOnSpotInterruption = settings.boolean("drain.on_spot_interruption");
  out.capabilities.gpu = settings.boolean("gpu.enabled");
  out.capabilities.nvidiaRuntime = textOf(settings, "gpu.nvidia_runtime");
}

void fillCredentials(Config& out, const Settings& settings) {
  out.credentialsKind = credentialsKind(settings);
  if (out.credentialsKind == CredentialsKind::File) {
    out.credentialsFile = textOf(settings, "credentials.file");
    out.credentialsGuessed = settings.source("credentials.file") == kLastResort;
    out.credentialsProfile = textOf(settings, "credentials.profile");
  } else if (out.credentialsKind == CredentialsKind::Key) {
    out.accessKey = textOf(settings, "credentials.access_key");
    out.secretKey = textOf(settings, "credentials.secret_key");
    out.sessionToken = textOf(settings, "credentials.session_token");
  }
}

}  // namespace

Result<Config> makeConfig(Settings settings) {
  if (Status status = checkTogether(settings); !status) return status.error();
  Config out(std::move(settings));
  const Settings& given = out.settings;
  fillHost(out, given);
  fillCredentials(out, given);
  out.images = images(given);
  out.pullBehavior = out.images.pullBehavior;
  out.containers = containers(given);
  out.network = network(given);
  out.endpoints = endpoints(given);
  out.secrets = secrets(given);
  out.loggingDrivers = given.list("logging_drivers");
  out.stopTimeout = given.duration("stop_timeout");
  out.cleanupDelay = given.duration("cleanup_delay");
  out.metrics = given.boolean("metrics.enabled");
  out.metricsInterval = given.duration("metrics.interval");
  out.log.program = "berth-agent";
  out.log.level = *parseLogLevel(given.string("log.level"));
  out.log.format = *parseLogFormat(given.string("log.format"));
  out.described = given.describe();
  return out;
}

}  // namespace berth::agent
