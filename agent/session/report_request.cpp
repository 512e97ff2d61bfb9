#include "agent/session/report_request.hpp"

#include <memory>
#include <nlohmann/json.hpp>

#include "proto/ecs/last_lines.hpp"
#include "proto/ecs/task_address.hpp"

namespace berth::agent {
namespace {

std::string range(uint16_t first, uint16_t last) {
  return std::to_string(first) + "-" + std::to_string(last);
}

ecs::ContainerStateChange containerChange(const ContainerReport& report) {
  ecs::ContainerStateChange out;
  out.containerName = report.name;
  out.status = std::string(name(report.status));
  out.runtimeId = report.runtimeId;
  out.imageDigest = report.imageDigest;
  out.reason = report.reason;
  if (report.exitCode) out.exitCode = *report.exitCode;
  for (const PortMapping& port : report.ports) {
    ecs::NetworkBinding binding;
    binding.bindIP = port.bindIp;
    if (port.lastContainerPort != 0) {
      binding.containerPortRange = range(port.containerPort, port.lastContainerPort);
      binding.hostPortRange = range(port.hostPort, port.lastHostPort);
    } else {
      binding.containerPort = port.containerPort;
      binding.hostPort = port.hostPort;
    }
    binding.protocol = port.protocol;
    out.networkBindings.push_back(std::move(binding));
  }
  return out;
}

nlohmann::json addressJson(const TaskNetwork& network) {
  return {{ecs::kPrivateIpv4Address, network.ipv4},
          {ecs::kIpv6Address, network.ipv6},
          {ecs::kMacAddress, network.mac},
          {ecs::kPrivateDnsName, network.hostname}};
}

std::optional<double> epochSeconds(const std::optional<WallTime>& time) {
  return time ? std::optional<double>(toEpochSeconds(*time)) : std::nullopt;
}

}  // namespace

ecs::SubmitTaskStateChangeRequest toRequest(const Report& report, const std::string& cluster) {
  ecs::SubmitTaskStateChangeRequest out;
  out.cluster = cluster;
  out.task = report.taskArn;
  out.status = std::string(name(report.status));
  out.reason = report.reason;
  for (const ContainerReport& container : report.containers)
    out.containers.push_back(containerChange(container));
  out.pullStartedAt = epochSeconds(report.pullStartedAt);
  out.pullStoppedAt = epochSeconds(report.pullStoppedAt);
  out.executionStoppedAt = epochSeconds(report.executionStoppedAt);
  return out;
}

acs::StateReport toStateReport(const Report& report, const std::string& cluster) {
  auto input =
      std::make_shared<nlohmann::json>(nlohmann::json::parse(ecs::encode(toRequest(report, cluster))));
  // The ECS API has no such members: only a controller that takes reports is told.
  for (size_t place = 0; place < report.containers.size(); ++place) {
    const auto& lines = report.containers[place].lastLines;
    if (!lines.empty()) input->at("containers").at(place)[ecs::kLastLines] = lines;
  }
  if (report.network) (*input)[ecs::kTaskAddress] = addressJson(*report.network);
  return {"SubmitTaskStateChange", std::move(input)};
}

}  // namespace berth::agent
