#include "agent/options.hpp"

namespace berth::agent {
namespace {

constexpr int64_t kUnitsOfCpu = 1024;

/// Amazon's service would attach network interfaces, which this agent does not take.
bool givesAddresses(const Config& config) {
  return config.runtimeKind == RuntimeKind::Containerd && config.network.taskAddresses &&
         !config.controller.empty();
}

}  // namespace

EngineOptions engineOptions(const Config& config, const HostCapacity& host) {
  EngineOptions out;
  out.stopTimeout = config.stopTimeout;
  out.cleanupDelay = config.cleanupDelay;
  out.cleanupJitter = config.containers.cleanupJitter;
  out.pullBehavior = config.images.pullBehavior;
  out.rules.pullUpfront = config.images.pullDependentsUpfront;
  const DockerDeadlines deadlines = dockerOptions(config).deadlines;
  out.rules.limits = {deadlines.create, deadlines.start, deadlines.stopGrace, deadlines.inspect};
  out.support.privileged = config.containers.privilegedAllowed;
  out.support.secrets = true;
  out.support.taskNetworks = givesAddresses(config);
  out.groups.enabled = config.containers.taskLimits;
  out.groups.matchVolumes = config.containers.matchVolumeConfig;
  out.groups.pids = config.containers.pidsLimit.value_or(0);
  out.host = host;
  return out;
}

DockerOptions dockerOptions(const Config& config) {
  DockerOptions out;
  out.socket = config.runtimeSocket;
  out.deadlines.create = config.containers.createTimeout;
  out.deadlines.start = config.containers.startTimeout;
  out.deadlines.digest = config.images.manifestTimeout;
  out.pulls.atOnce = static_cast<size_t>(config.images.concurrency);
  out.pulls.inactivity = config.images.pullInactivityTimeout;
  out.pulls.total = config.images.pullTimeout;
  return out;
}

ContainerdOptions containerdOptions(const Config& config) {
  ContainerdOptions out;
  out.socket = config.runtimeSocket;
  out.snapshotter = config.snapshotter;
  if (config.ociRuntime != "auto") out.ociRuntime = config.ociRuntime;
  out.folder = config.dataDir + "/containerd";
  const DockerOptions docker = dockerOptions(config);
  out.deadlines.create = docker.deadlines.create;
  out.deadlines.start = docker.deadlines.start;
  out.deadlines.manifest = docker.deadlines.digest;
  out.pulls = docker.pulls;
  out.network.subnet = config.network.subnet;
  out.network.conflist = config.network.conflist;
  out.network.plugins = config.network.plugins;
  out.network.taskSubnet = config.network.taskSubnet;
  out.network.taskConflist = config.network.taskConflist;
  out.network.tasksMetadata = !config.network.blockInstanceMetadata;
  const auto& own = config.containers.dynamicPorts;
  const PortSpan span = own ? PortSpan{own->first, own->last} : kernelPortSpan();
  out.network.ports = {span.first, span.second, config.reservedPorts, config.reservedPortsUdp};
  out.blobs.atOnce = static_cast<size_t>(config.images.layersAtOnce);
  out.blobs.bytes = config.images.layersBytes;
  for (const std::string& mirror : config.images.mirrors) {
    const size_t equals = mirror.find('=');
    if (equals != std::string::npos)
      out.registries.mirrors[mirror.substr(0, equals)].push_back(mirror.substr(equals + 1));
  }
  out.registries.plainHosts = config.images.plainHttp;
  out.imagePolicy = config.images.policy;
  return out;
}

CleanupPolicy cleanupPolicy(const Config& config) {
  const ImagesConfig& images = config.images;
  CleanupPolicy out;
  out.images = images.cleanup;
  out.interval = images.cleanupInterval;
  out.minimumAge = images.minimumAge;
  out.imagesPerCycle = static_cast<size_t>(images.perCycle);
  out.highMark = static_cast<double>(images.highMark) / 100;
  out.lowMark = static_cast<double>(images.lowMark) / 100;
  out.untracked = images.untracked;
  out.untrackedAge = images.untrackedMinimumAge;
  out.untrackedContainersPerCycle = static_cast<size_t>(images.untrackedContainersPerCycle);
  out.exclude = images.exclude;
  out.stoppedBytes = config.containers.keepStoppedBytes;
  return out;
}

endpoints::RateOptions rateOptions(const Config& config) {
  endpoints::RateOptions out;
  out.perSecond = static_cast<double>(config.endpoints.rate.perSecond);
  out.burst = static_cast<double>(config.endpoints.rate.burst);
  return out;
}

KernelRoots kernelRoots(const Config& config) {
  KernelRoots out;
  out.cgroup = config.containers.cgroupPath;
  return out;
}

TaskGroups taskGroups(const Config& config) {
  return TaskGroups(kernelRoots(config), config.containers.cgroupCpuPeriod);
}

SystemdSlices taskSlices(const Config& config) {
  return SystemdSlices(kernelRoots(config), config.containers.cgroupCpuPeriod);
}

HostPorts hostPorts(const Config& config) {
  const auto& own = config.containers.dynamicPorts;
  const PortSpan span = own ? PortSpan{own->first, own->last} : kernelPortSpan();
  return HostPorts(span, apartFromDocker(span));
}

AwsOptions awsOptions(const Config& config) {
  AwsOptions out;
  out.region = config.region;
  out.userAgent = "berth-agent/" BERTH_VERSION;
  out.ssmEndpoint = config.secrets.ssmEndpoint;
  out.secretsManagerEndpoint = config.secrets.secretsManagerEndpoint;
  out.s3Endpoint = config.secrets.s3Endpoint;
  out.ecrEndpoint = config.secrets.ecrEndpoint;
  return out;
}

CapabilityRules capabilityRules(const Config& config, const Gpus& gpus) {
  CapabilityRules out;
  out.loggingDrivers = config.loggingDrivers;
  out.privileged = config.containers.privilegedAllowed;
  out.healthChecks = config.containers.healthChecks;
  out.taskLimits = config.containers.taskLimits;
  out.taskRoles = config.endpoints.taskRoles;
  out.taskRolesNetworkHost = config.endpoints.taskRolesNetworkHost;
  out.taskNetworks = givesAddresses(config);
  out.closesMetadata = config.network.blockInstanceMetadata;
  out.selinux = config.capabilities.selinux;
  out.apparmor = config.capabilities.apparmor;
  if (!gpus.ids.empty()) out.gpuDriver = gpus.driverVersion;
  return out;
}

Identity identityOf(const Config& config, const std::string& instanceArn) {
  Identity out;
  out.cluster = config.cluster;
  out.instanceArn = instanceArn;
  out.region = config.region;
  out.endpoints = true;
  out.taskRoles = config.endpoints.taskRoles;
  out.taskRolesNetworkHost = config.endpoints.taskRolesNetworkHost;
  // Where a task has no group of its own, nothing else would hold such a container.
  out.memoryOfTask = config.containers.propagateTaskMemory || !config.containers.taskLimits;
  out.nvidiaRuntime = config.capabilities.nvidiaRuntime;
  return out;
}

HostCapacity hostCapacity(const Config& config, const Host& host, const Gpus& gpus) {
  HostCapacity out;
  out.cpu = host.cpus * kUnitsOfCpu - config.reservedCpu;
  out.memory = host.memoryMiB - config.reservedMemory;
  out.reservedTcpPorts = config.reservedPorts;
  out.reservedUdpPorts = config.reservedPortsUdp;
  out.gpus = gpus.ids;
  return out;
}

}  // namespace berth::agent
