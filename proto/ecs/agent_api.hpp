// The operations that agents call, as plain values and their JSON, seen from the agent: requests are encoded,
// answers decoded. Source: the Amazon ECS API, and the members that Amazon's agent sends beyond it. An empty
// string is left out of a request, unless its comment says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::ecs {

/// Amazon's agent cuts to these before it sends; in bytes. See cut() in proto/ecs/text.hpp.
inline constexpr size_t kLongestReason = 1024;
inline constexpr size_t kLongestRuntimeId = 255;
inline constexpr size_t kLongestImageDigest = 255;

struct Attribute {
  std::string name;
  std::string value;  ///< empty: a name without a value
  bool operator==(const Attribute&) const = default;
};

struct Tag {
  std::string key;
  std::string value;  ///< sent even when empty
};

/// INTEGER with integerValue, or STRINGSET with stringSetValue.
struct Resource {
  std::string name;
  std::string type;
  int32_t integerValue = 0;
  std::vector<std::string> stringSetValue;
};

struct PlatformDevice {
  std::string id;
  std::string type;  ///< "GPU"
};

struct RegisterContainerInstanceRequest {
  std::string cluster;                            ///< name or ARN
  std::string containerInstanceArn;               ///< of an earlier registration, or empty
  std::string clientToken;                        ///< the same for the retries of one registration
  std::string instanceIdentityDocument;           ///< of EC2's metadata; sent even when empty
  std::string instanceIdentityDocumentSignature;  ///< sent even when empty
  std::vector<Resource> totalResources;
  std::vector<Attribute> attributes;
  std::vector<PlatformDevice> platformDevices;
  std::vector<Tag> tags;
};

struct RegisterContainerInstanceResponse {
  std::string containerInstanceArn;
  std::vector<Attribute> attributes;  ///< all that were sent, and the service's own
};

struct DiscoverPollEndpointRequest {
  std::string cluster;
  std::string containerInstance;  ///< ARN
  std::string zoneId;             ///< sent even when empty
};

struct DiscoverPollEndpointResponse {
  std::string endpoint;           ///< of the commands' websocket
  std::string telemetryEndpoint;  ///< of the metrics' websocket
  std::string serviceConnectEndpoint;
  std::string systemLogsEndpoint;
};

struct CreateClusterRequest {
  std::string clusterName;
};

struct CreateClusterResponse {
  std::string clusterName;
};

/// One port (containerPort, hostPort), or a range of them ("8000-8010") when containerPortRange is set.
struct NetworkBinding {
  std::string bindIP;
  int32_t containerPort = 0;
  int32_t hostPort = 0;
  std::string containerPortRange = {};
  std::string hostPortRange = {};
  std::string protocol;  ///< "tcp" or "udp"
};

struct ContainerStateChange {
  std::string containerName;
  std::string status;  ///< "PENDING", "RUNNING" or "STOPPED"
  std::string runtimeId;
  std::string imageDigest;
  std::string reason;
  std::optional<int32_t> exitCode;
  std::vector<NetworkBinding> networkBindings;
};

struct ManagedAgentStateChange {
  std::string managedAgentName;  ///< "ExecuteCommandAgent"
  std::string containerName;
  std::string status;
  std::string reason;
};

struct AttachmentStateChange {
  std::string attachmentArn;
  std::string status;  ///< "ATTACHED"
};

/// A change of the task and its containers; or, with `status` empty, of its attachments alone.
struct SubmitTaskStateChangeRequest {
  std::string cluster;
  std::string task;    ///< ARN
  std::string status;  ///< "PENDING", "RUNNING" or "STOPPED"
  std::string reason;  ///< sent even when empty, where there is a status
  std::vector<ContainerStateChange> containers;
  std::vector<ManagedAgentStateChange> managedAgents;
  std::vector<AttachmentStateChange> attachments;
  std::optional<double> pullStartedAt;  ///< seconds since the epoch
  std::optional<double> pullStoppedAt;
  std::optional<double> executionStoppedAt;
};

struct SubmitContainerStateChangeRequest {
  std::string cluster;
  std::string task;                ///< ARN
  ContainerStateChange container;  ///< its imageDigest does not travel here
};

/// For what is attached to the instance, not to one task.
struct SubmitAttachmentStateChangesRequest {
  std::string cluster;
  std::vector<AttachmentStateChange> attachments;
};

struct DescribeContainerInstancesRequest {
  std::string cluster;
  std::vector<std::string> containerInstances;  ///< ARNs
};

/// Of each instance only what an agent asks after.
struct DescribeContainerInstancesResponse {
  struct Instance {
    std::string containerInstanceArn;
    std::string status;  ///< "ACTIVE", "DRAINING", "INACTIVE", "REGISTERING", ...
  };
  struct Failure {
    std::string arn;
    std::string reason;  ///< "MISSING"
  };
  std::vector<Instance> containerInstances;
  std::vector<Failure> failures;
};

/// Takes instances out of service (DRAINING: nothing new is placed there), or back into it (ACTIVE). Answered
/// as a description of them: what is in `failures` was not changed.
struct UpdateContainerInstancesStateRequest {
  std::string cluster;
  std::vector<std::string> containerInstances;  ///< ARNs
  std::string status;                           ///< "ACTIVE" or "DRAINING"
};

struct StopTaskRequest {
  std::string cluster;
  std::string task;    ///< ARN
  std::string reason;  ///< up to 255 characters
};

/// The request's body. The answers to StopTask and the Submit operations hold nothing of use.
std::string encode(const RegisterContainerInstanceRequest& request);
std::string encode(const DiscoverPollEndpointRequest& request);
std::string encode(const CreateClusterRequest& request);
std::string encode(const DescribeContainerInstancesRequest& request);
std::string encode(const UpdateContainerInstancesStateRequest& request);
std::string encode(const StopTaskRequest& request);
std::string encode(const SubmitTaskStateChangeRequest& request);
std::string encode(const SubmitContainerStateChangeRequest& request);
std::string encode(const SubmitAttachmentStateChangesRequest& request);

/// Reads an answer. Internal when it is not what the protocol says, naming the member.
Result<RegisterContainerInstanceResponse> decodeRegisterContainerInstanceResponse(std::string_view text);
/// As above; the first two endpoints must be there.
Result<DiscoverPollEndpointResponse> decodeDiscoverPollEndpointResponse(std::string_view text);
Result<CreateClusterResponse> decodeCreateClusterResponse(std::string_view text);
Result<DescribeContainerInstancesResponse> decodeDescribeContainerInstancesResponse(std::string_view text);

}  // namespace berth::ecs
