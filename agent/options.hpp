// From the agent's settings to the options of its parts.
#pragma once

#include "agent/config/config.hpp"
#include "agent/config/host.hpp"
#include "agent/endpoints/rate_limit.hpp"
#include "agent/engine/engine.hpp"
#include "agent/images/cleanup.hpp"
#include "agent/kernel/task_groups.hpp"
#include "agent/resources/gpus.hpp"
#include "agent/resources/host_ports.hpp"
#include "agent/resources/systemd_slices.hpp"
#include "agent/runtimes/containerd/containerd_runtime.hpp"
#include "agent/runtimes/docker/docker_runtime.hpp"
#include "agent/secrets/sources/aws_api.hpp"
#include "agent/session/capabilities.hpp"

namespace berth::agent {

EngineOptions engineOptions(const Config& config, const HostCapacity& host);
/// Without onDiskFull.
DockerOptions dockerOptions(const Config& config);
ContainerdOptions containerdOptions(const Config& config);
CleanupPolicy cleanupPolicy(const Config& config);
endpoints::RateOptions rateOptions(const Config& config);
KernelRoots kernelRoots(const Config& config);
TaskGroups taskGroups(const Config& config);
SystemdSlices taskSlices(const Config& config);
HostPorts hostPorts(const Config& config);
AwsOptions awsOptions(const Config& config);
CapabilityRules capabilityRules(const Config& config, const Gpus& gpus);
Identity identityOf(const Config& config, const std::string& instanceArn);

/// What this host offers to tasks; the same as its registration says.
HostCapacity hostCapacity(const Config& config, const Host& host, const Gpus& gpus);

}  // namespace berth::agent
