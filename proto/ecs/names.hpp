// The names of ECS: how ARNs are made, in the long format but where the old one is said, and what references
// in requests mean. Every reference may be a short name or id, or an ARN of ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids/id.hpp"
#include "common/result/result.hpp"

namespace berth::ecs {

using ClusterName = Id<struct ClusterNameTag>;
using ClusterArn = Id<struct ClusterArnTag>;
using TaskArn = Id<struct TaskArnTag>;
using InstanceArn = Id<struct InstanceArnTag>;
using TaskDefinitionArn = Id<struct TaskDefinitionArnTag>;
using ServiceArn = Id<struct ServiceArnTag>;

/// A task, container instance or service: its id (a service's: its name), and the cluster when the reference
/// says it, which only ARNs of the long format do.
struct Reference {
  std::optional<std::string> cluster;
  std::string id;
};

/// A task set ("ecs-svc/DIGITS"), deployment or revision of a service.
struct ServicePart {
  std::string cluster;
  std::string service;
  std::string id;
};

struct DefinitionReference {
  std::string family;
  std::optional<int64_t> revision;
};

/// 1 to 255 letters, digits, '_' and '-': names of clusters, families, containers, ...
bool isName(std::string_view text);

struct Names {
  std::string partition = "aws";
  std::string region;
  std::string account;  ///< 12 digits

  ClusterArn cluster(const std::string& name) const;
  /// Of a task whose id is a UUID in the old format, which does not tell the cluster; so are its containers'.
  TaskArn task(const std::string& cluster, const std::string& id) const;
  InstanceArn instance(const std::string& cluster, const std::string& id) const;
  /// In the old format, which does not tell the cluster.
  InstanceArn oldInstance(const std::string& id) const;
  TaskDefinitionArn taskDefinition(const std::string& family, int64_t revision) const;
  /// `key` is "family:revision".
  TaskDefinitionArn taskDefinition(const std::string& key) const;
  ServiceArn service(const std::string& cluster, const std::string& name) const;
  /// In the old format, which does not tell the cluster.
  ServiceArn oldService(const std::string& name) const;
  std::string capacityProvider(const std::string& name) const;
  /// `type` is "task-set", "service-deployment" or "service-revision".
  std::string servicePart(const std::string& type, const ServicePart& part) const;
  std::string container(const std::string& cluster, const std::string& task, const std::string& id) const;
  /// `id` is a UUID, of a network interface's or volume's attachment.
  std::string attachment(const std::string& id) const;

  /// What a reference means. InvalidArgument, quoting it: an ARN of another partition, service, region,
  /// account or resource type, or a name or id with characters that those don't have.
  Result<ClusterName> parseCluster(std::string_view reference) const;
  Result<Reference> parseTask(std::string_view reference) const;
  Result<Reference> parseInstance(std::string_view reference) const;
  Result<Reference> parseService(std::string_view reference) const;
  Result<std::string> parseCapacityProvider(std::string_view reference) const;
  /// Only ARNs mean such a part, so a text that is none is an InvalidArgument as well.
  Result<ServicePart> parseServicePart(std::string_view reference, const std::string& type) const;
  /// "family", "family:revision" or an ARN. "Invalid revision number. Number: X" for a revision that is none.
  Result<DefinitionReference> parseTaskDefinition(std::string_view reference) const;

 private:
  std::string arn(const std::string& resource) const;
  /// What stands behind "TYPE/" in an ARN of ours; the reference itself when it is no ARN.
  Result<std::string> resource(std::string_view reference, std::string_view type) const;
  Result<Reference> parseMember(std::string_view reference, std::string_view type) const;
};

}  // namespace berth::ecs
