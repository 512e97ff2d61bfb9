#include "agent/config/declarations.hpp"
#include "agent/config/ecs_forms.hpp"
#include "agent/config/rules.hpp"
#include "common/config/rules.hpp"

namespace berth::agent {
namespace {

using namespace config;  // NOLINT: tables of declarations

std::vector<Setting> joiningSettings() {
  return {
      string("cluster",
             "name or ARN of the cluster that this host joins; it must exist, but for `default` where "
             "the key is left out")
          .matching(isCluster, "must be up to 255 letters, digits, - and _, or a cluster's ARN")
          .byDefault("default")
          .from(asText("ECS_CLUSTER", "Cluster")),
      string("controller", "where the controller is")
          .matching(isApi, "must be an http or https URL, like http://127.0.0.1:7400")
          .byDefault("http://127.0.0.1:7400")
          .from(asEndpoint("ECS_BACKEND_HOST", "APIEndpoint")),
      region("the region that requests are signed for").from(asText("AWS_DEFAULT_REGION", "AWSRegion")),
      path("credentials.file",
           "an access key in the format of AWS's shared credentials file; read again when it "
           "changes")
          .from(asText("AWS_SHARED_CREDENTIALS_FILE", "")),
      string("credentials.profile", "the profile in that file")
          .byDefault("default")
          .from(asText("ECS_ALTERNATE_CREDENTIAL_PROFILE", ""))
          .from(asText("AWS_PROFILE", "")),
      string("credentials.access_key", "access key id, instead of a file")
          .from(asText("AWS_ACCESS_KEY_ID", "")),
      string("credentials.secret_key",
             "its secret; better from the environment than in a file that others can read")
          .secret()
          .from(asText("AWS_SECRET_ACCESS_KEY", "")),
      string("credentials.session_token", "the session token of a temporary access key")
          .secret()
          .from(asText("AWS_SESSION_TOKEN", "")),
      boolean("credentials.imds", "take the credentials from the instance metadata service of EC2")
          .byDefault("false"),
      string("instance_metadata.endpoint", "where EC2's instance metadata service is asked")
          .matching(isApi, "must be an http or https URL, like http://169.254.169.254")
          .byDefault("http://169.254.169.254")
          .from(asText("AWS_EC2_METADATA_SERVICE_ENDPOINT", "")),
      path("tls.ca_file", "PEM file with the authorities to trust instead of the system's"),
      choice("runtime.kind", {"docker", "containerd", "auto"},
             "what runs the containers; auto is containerd on a new host that is ready for it, else docker")
          .byDefault("auto"),
      string("runtime.socket",
             "where it answers; containerd's default is unix:///run/containerd/containerd.sock")
          .matching(isUnixSocket, "must be unix:// and an absolute path, like unix:///var/run/docker.sock")
          .byDefault("unix:///var/run/docker.sock")
          .from(asText("DOCKER_HOST", "DockerEndpoint")),
      string("runtime.snapshotter", "what containerd keeps file systems with").byDefault("overlayfs"),
      string(
          "runtime.oci_runtime",
          "the program that containerd's shim starts containers with, like runc or crun; auto is crun where "
          "it is installed, else runc")
          .byDefault("auto"),
      string("network.subnet",
             "the network of containers in mode bridge on containerd; give one that nothing else of the host "
             "has")
          .matching(isSubnet, "must be a network of IPv4 with a prefix of 8 to 29 bits, like 10.190.0.0/20")
          .byDefault("10.190.0.0/20"),
      path("network.conflist",
           "a CNI network configuration list for mode bridge on containerd, in place of that bridge"),
      path("network.plugins", "the folder of CNI's plugins").byDefault("/usr/lib/cni"),
      boolean("network.task_addresses",
              "take tasks in mode awsvpc, which have an address of their own; on containerd")
          .byDefault("true")
          .from(asBoolean("ECS_ENABLE_TASK_ENI", "TaskENIEnabled")),
      string("network.task_subnet",
             "the network of tasks in mode awsvpc; give one that nothing else of the host has")
          .matching(isSubnet, "must be a network of IPv4 with a prefix of 8 to 29 bits, like 10.191.0.0/20")
          .byDefault("10.191.0.0/20"),
      path("network.task_conflist",
           "a CNI network configuration list for mode awsvpc, in place of the agent's own network"),
      boolean("network.block_instance_metadata", "tasks in mode awsvpc do not reach 169.254.169.254")
          .byDefault("true")
          .from(asBoolean("ECS_AWSVPC_BLOCK_IMDS", "AWSVPCBlockInstanceMetdata")),
      path("data_dir", "what the agent must remember across restarts").byDefault("/var/lib/berth/agent"),
  };
}

std::vector<Setting> instanceSettings() {
  return {
      map("attributes", "your own attributes of the container instance; registered once, with the instance")
          .from(asJsonMap("ECS_INSTANCE_ATTRIBUTES", "InstanceAttributes")),
      map("tags", "tags of the container instance; registered once, with the instance")
          .from(asJsonMap("ECS_CONTAINER_INSTANCE_TAGS", "ContainerInstanceTags")),
      integer("reserved.memory", "MiB that tasks don't get")
          .between(0, 1 << 30)
          .byDefault("0")
          .from(asNumber("ECS_RESERVED_MEMORY", "ReservedMemory")),
      integer("reserved.cpu", "CPU units that tasks don't get, 1024 a processor")
          .between(0, 1 << 24)
          .byDefault("0"),
      list("reserved.ports", "TCP ports that tasks don't get")
          .matching(isPort, "must be TCP ports between 1 and 65535")
          .byDefault("22,2375,2376,51678,51679")
          .from(asJsonList("ECS_RESERVED_PORTS", "ReservedPorts")),
      list("reserved.ports_udp", "UDP ports that tasks don't get")
          .matching(isPort, "must be UDP ports between 1 and 65535")
          .byDefault("")
          .from(asJsonList("ECS_RESERVED_PORTS_UDP", "ReservedPortsUDP")),
      boolean("capabilities.selinux", "tasks may ask for SELinux labels")
          .byDefault("false")
          .from(asBoolean("ECS_SELINUX_CAPABLE", "SELinuxCapable")),
      boolean("capabilities.apparmor", "tasks may ask for AppArmor profiles")
          .byDefault("false")
          .from(asBoolean("ECS_APPARMOR_CAPABLE", "AppArmorCapable")),
      string("capabilities.os_family", "what the attribute ecs.os-type-detailed says of this host's system")
          .byDefault("LINUX")
          .from(asText("ECS_DETAILED_OS_FAMILY", "")),
      boolean("drain.on_spot_interruption",
              "ask EC2 each second whether it takes this spot instance back, and drain it then")
          .byDefault("false")
          .from(asBoolean("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "SpotInstanceDrainingEnabled")),
      boolean("gpu.enabled", "offer this host's NVIDIA GPUs to tasks")
          .byDefault("false")
          .from(asBoolean("ECS_ENABLE_GPU_SUPPORT", "GPUSupportEnabled")),
      string("gpu.nvidia_runtime", "the runtime of Docker that containers with GPUs get")
          .byDefault("nvidia")
          .from(asText("ECS_NVIDIA_RUNTIME", "NvidiaRuntime")),
  };
}

}  // namespace

std::vector<config::Setting> hostSettings() {
  std::vector<config::Setting> all = joiningSettings();
  for (config::Setting& setting : instanceSettings()) all.push_back(std::move(setting));
  return all;
}

std::shared_ptr<const config::Schema> agentSchema() {
  static const std::shared_ptr<const config::Schema> kSchema = [] {
    std::vector<config::Setting> all = hostSettings();
    for (auto group : {taskSettings, serviceSettings})
      for (config::Setting& setting : group()) all.push_back(std::move(setting));
    return std::make_shared<const config::Schema>(std::move(all));
  }();
  return kSchema;
}

}  // namespace berth::agent
