// The operations that agents call, as plain values and their JSON (agent-protocol 1.5, 1.9, 4.1, 13).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::ecs {

struct Attribute {
  std::string name;
  std::string value;  ///< empty: a name without a value
};

/// INTEGER with integerValue, or STRINGSET with stringSetValue.
struct Resource {
  std::string name;
  std::string type;
  int32_t integerValue = 0;
  std::vector<std::string> stringSetValue;
};

struct RegisterContainerInstanceRequest {
  std::string cluster;
  std::string containerInstanceArn;  ///< of an earlier registration, or empty
  std::string clientToken;
  std::vector<Resource> totalResources;
  std::vector<Attribute> attributes;
};

struct RegisterContainerInstanceResponse {
  std::string containerInstanceArn;
  std::vector<Attribute> attributes;
};

struct DiscoverPollEndpointResponse {
  std::string endpoint;
  std::string telemetryEndpoint;
};

struct NetworkBinding {
  std::string bindIP;
  int32_t containerPort = 0;
  int32_t hostPort = 0;
  std::string protocol;
};

struct ContainerStateChange {
  std::string containerName;
  std::string status;
  std::string runtimeId;
  std::string imageDigest;
  std::string reason;
  std::optional<int32_t> exitCode;
  std::vector<NetworkBinding> networkBindings;
};

struct SubmitTaskStateChangeRequest {
  std::string cluster;
  std::string task;
  std::string status;
  std::string reason;  ///< sent even when empty
  std::vector<ContainerStateChange> containers;
  std::optional<double> pullStartedAt;  ///< seconds since the epoch
  std::optional<double> pullStoppedAt;
  std::optional<double> executionStoppedAt;
};

/// The request's body.
std::string encode(const RegisterContainerInstanceRequest& request);
std::string encode(const SubmitTaskStateChangeRequest& request);

/// Reads an answer. Internal when it is not what the protocol says, naming the member.
Result<RegisterContainerInstanceResponse> decodeRegisterContainerInstanceResponse(std::string_view text);
Result<DiscoverPollEndpointResponse> decodeDiscoverPollEndpointResponse(std::string_view text);

}  // namespace berth::ecs
