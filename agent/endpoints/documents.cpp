#include "agent/endpoints/documents.hpp"

#include <algorithm>
#include <cmath>

namespace berth::agent::endpoints {
namespace {

Document networkDocument(const NetworkView& network, Version version) {
  Document out = {{"NetworkMode", network.mode}};
  addUnlessEmpty(out, "IPv4Addresses", network.ipv4Addresses);
  addUnlessEmpty(out, "IPv6Addresses", network.ipv6Addresses);
  if (version != Version::V4) return out;
  const NetworkExtras& extras = network.extras;
  if (extras.attachmentIndex) out["AttachmentIndex"] = *extras.attachmentIndex;
  addUnlessEmpty(out, "MACAddress", extras.macAddress);
  addUnlessEmpty(out, "IPv4SubnetCIDRBlock", extras.ipv4SubnetCidr);
  addUnlessEmpty(out, "IPv6SubnetCIDRBlock", extras.ipv6SubnetCidr);
  addUnlessEmpty(out, "DomainNameServers", extras.domainNameServers);
  addUnlessEmpty(out, "DomainNameSearchList", extras.domainNameSearchList);
  addUnlessEmpty(out, "PrivateDNSName", extras.privateDnsName);
  addUnlessEmpty(out, "SubnetGatewayIpv4Address", extras.subnetGatewayIpv4);
  addUnlessEmpty(out, "SubnetGatewayIpv6Address", extras.subnetGatewayIpv6);
  return out;
}

/// Whole numbers without a fraction, as Go writes them.
Document numberDocument(double value) {
  const bool whole = std::abs(value) < 1e15 && std::trunc(value) == value;
  return whole ? Document(static_cast<int64_t>(value)) : Document(value);
}

Document healthDocument(const HealthView& health) {
  Document out = {{"status", health.status}};
  addTime(out, "statusSince", health.since);
  if (health.exitCode) out["exitCode"] = *health.exitCode;
  addUnlessEmpty(out, "output", health.output);
  return out;
}

template <class List, class Make>
void addList(Document& out, const char* name, const List& list, Make make) {
  if (list.empty()) return;
  Document& array = out[name] = Document::array();
  for (const auto& one : list) array.push_back(make(one));
}

/// Before it is created a container has no place in the older documents; v4 shows it once it is pulled.
bool shown(const ContainerView& container, Version version) {
  if (!container.dockerId.empty()) return true;
  return version == Version::V4 && container.knownStatus != "NONE" &&
         container.knownStatus != "MANIFEST_PULLED" && !container.knownStatus.empty();
}

Document containersDocument(const TaskView& task, Version version) {
  Document out = Document::array();
  const bool pauseFirst = version == Version::V4 && task.serviceConnect &&
                          (task.networkMode == "bridge" || task.networkMode.empty());
  for (const bool pause : {true, false}) {
    for (const ContainerView& container : task.containers) {
      const bool first = pauseFirst && container.type == "CNI_PAUSE";
      if (first == pause && shown(container, version)) {
        out.push_back(containerDocument(task, container, version));
      }
    }
  }
  return out;
}

Document errorsDocument(const std::vector<TagError>& errors) {
  Document out = Document::array();
  for (const TagError& error : errors) {
    out.push_back({{"ErrorField", error.field},
                   {"ErrorCode", error.code},
                   {"ErrorMessage", error.message},
                   {"StatusCode", error.status},
                   {"RequestId", error.requestId},
                   {"ResourceARN", error.resourceArn}});
  }
  return out;
}

void addTaskExtras(Document& out, const TaskView& task, bool withTags) {
  addUnlessEmpty(out, "LaunchType", task.launchType);
  if (withTags && !task.tagErrors.empty()) out["Errors"] = errorsDocument(task.tagErrors);
  addUnlessEmpty(out, "VPCID", task.vpcId);
  addUnlessEmpty(out, "ServiceName", task.serviceName);
  addUnlessEmpty(out, "AvailabilityZoneID", task.availabilityZoneId);
  out["FaultInjectionEnabled"] = task.faultInjection;
}

}  // namespace

std::string backendStatus(const std::string& status) {
  return status == "RUNNING" || status == "STOPPED" ? status : "PENDING";
}

void addTime(Document& document, const char* name, const std::optional<WallTime>& time) {
  if (time) document[name] = toRfc3339(*time);
}

Document portDocument(const PortView& port, const std::string& mode, bool withAddress) {
  Document out = Document::object();
  if (port.containerPort != 0) out["ContainerPort"] = port.containerPort;
  addUnlessEmpty(out, "Protocol", port.protocol);
  const uint16_t host = mode == "awsvpc" ? port.containerPort : port.hostPort;
  if (host != 0) out["HostPort"] = host;
  if (withAddress) addUnlessEmpty(out, "HostIp", port.hostIp);
  return out;
}

Document volumeDocument(const VolumeView& volume) {
  Document out = Document::object();
  addUnlessEmpty(out, "DockerName", volume.dockerName);
  addUnlessEmpty(out, "Source", volume.source);
  addUnlessEmpty(out, "Destination", volume.destination);
  return out;
}

Document containerDocument(const TaskView& task, const ContainerView& container, Version version) {
  const bool v4 = version == Version::V4;
  Document out = {{"DockerId", container.dockerId},
                  {"Name", container.name},
                  {"DockerName", container.dockerName},
                  {"Image", container.image},
                  {"ImageID", container.imageId}};
  addList(out, "Ports", container.ports,
          [&](const PortView& port) { return portDocument(port, task.networkMode, v4); });
  addUnlessEmpty(out, "Labels", container.labels);
  out["DesiredStatus"] = container.desiredStatus;
  out["KnownStatus"] = container.knownStatus;
  if (container.exitCode) out["ExitCode"] = *container.exitCode;
  out["Limits"] = {{"CPU", numberDocument(std::max(container.cpu, 2.0))}, {"Memory", container.memory}};
  addTime(out, "CreatedAt", container.createdAt);
  addTime(out, "StartedAt", container.startedAt);
  addTime(out, "FinishedAt", container.finishedAt);
  out["Type"] = container.type;
  addList(out, "Networks", container.networks,
          [&](const NetworkView& network) { return networkDocument(network, version); });
  if (container.health) out["Health"] = healthDocument(*container.health);
  addList(out, "Volumes", container.volumes, volumeDocument);
  if (!v4) return out;
  addUnlessEmpty(out, "LogDriver", container.logDriver);
  addUnlessEmpty(out, "LogOptions", container.logOptions);
  addUnlessEmpty(out, "ContainerARN", container.containerArn);
  addUnlessEmpty(out, "Snapshotter", container.snapshotter);
  if (container.restartCount) out["RestartCount"] = *container.restartCount;
  return out;
}

Document taskDocument(const TaskView& task, bool withTags, Version version) {
  Document out = {{"Cluster", task.cluster},
                  {"TaskARN", task.taskArn},
                  {"Family", task.family},
                  {"Revision", task.revision},
                  {"DesiredStatus", task.desiredStatus},
                  {"KnownStatus", task.knownStatus}};
  Document containers = containersDocument(task, version);
  if (!containers.empty()) out["Containers"] = std::move(containers);
  if (task.cpu || task.memory) {
    Document& limits = out["Limits"] = Document::object();
    if (task.cpu) limits["CPU"] = numberDocument(*task.cpu);
    if (task.memory) limits["Memory"] = *task.memory;
  }
  addTime(out, "PullStartedAt", task.pullStartedAt);
  addTime(out, "PullStoppedAt", task.pullStoppedAt);
  addTime(out, "ExecutionStoppedAt", task.executionStoppedAt);
  addUnlessEmpty(out, "AvailabilityZone", task.availabilityZone);
  if (withTags) {
    addUnlessEmpty(out, "TaskTags", task.taskTags);
    addUnlessEmpty(out, "ContainerInstanceTags", task.instanceTags);
  }
  if (version == Version::V4) addTaskExtras(out, task, withTags);
  return out;
}

Response documentResponse(const Document& document, int status) {
  return {.status = status, .body = document.dump(-1, ' ', false, Document::error_handler_t::replace)};
}

}  // namespace berth::agent::endpoints
