#include "proto/ecs/agent_api.hpp"

#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;
using json::Fields;

void putText(Json& out, const char* name, const std::string& value) {
  if (!value.empty()) out[name] = value;
}

template <class T>
void putOptional(Json& out, const char* name, const std::optional<T>& value) {
  if (value) out[name] = *value;
}

Json toJson(const Attribute& attribute) {
  Json out{{"name", attribute.name}};
  putText(out, "value", attribute.value);
  return out;
}

Json toJson(const Tag& tag) { return Json{{"key", tag.key}, {"value", tag.value}}; }

Json toJson(const PlatformDevice& device) { return Json{{"id", device.id}, {"type", device.type}}; }

Json toJson(const Resource& resource) {
  Json out{{"name", resource.name}, {"type", resource.type}};
  if (resource.type == "STRINGSET") {
    out["stringSetValue"] = resource.stringSetValue;
  } else {
    out["integerValue"] = resource.integerValue;
  }
  return out;
}

Json toJson(const NetworkBinding& binding) {
  Json out{{"bindIP", binding.bindIP}, {"protocol", binding.protocol}};
  if (binding.containerPortRange.empty()) {
    out["containerPort"] = binding.containerPort;
    out["hostPort"] = binding.hostPort;
  } else {
    out["containerPortRange"] = binding.containerPortRange;
    out["hostPortRange"] = binding.hostPortRange;
  }
  return out;
}

Json toJson(const ManagedAgentStateChange& change) {
  Json out{{"managedAgentName", change.managedAgentName},
           {"containerName", change.containerName},
           {"status", change.status}};
  putText(out, "reason", change.reason);
  return out;
}

Json toJson(const AttachmentStateChange& change) {
  return Json{{"attachmentArn", change.attachmentArn}, {"status", change.status}};
}

Json toJson(const ContainerStateChange& change);

template <class T>
Json toArray(const std::vector<T>& elements) {
  Json out = Json::array();
  for (const T& element : elements) out.push_back(toJson(element));
  return out;
}

template <class T>
void putArray(Json& out, const char* name, const std::vector<T>& elements) {
  if (!elements.empty()) out[name] = toArray(elements);
}

Json toJson(const ContainerStateChange& change) {
  Json out{{"containerName", change.containerName}, {"status", change.status}};
  putText(out, "runtimeId", change.runtimeId);
  putText(out, "imageDigest", change.imageDigest);
  putText(out, "reason", change.reason);
  putOptional(out, "exitCode", change.exitCode);
  putArray(out, "networkBindings", change.networkBindings);
  return out;
}

Error unexpected(const Error& error) { return makeError(Code::Internal, error.message); }

/// Runs `read` over the members of an answer; a fault that it left becomes the result.
template <class T, class Read>
Result<T> decode(std::string_view text, const Read& read) {
  auto object = json::parseObject(text, "the answer");
  if (!object) return unexpected(object.error());
  Fields fields(*object, "the answer");
  T out;
  read(fields, out);
  if (Status status = fields.status(); !status) return unexpected(status.error());
  return out;
}

/// The members of the object that `fields` has as `name`, which must be there.
template <class Read>
void readObject(Fields& fields, const char* name, const Read& read) {
  static const Json kNull;
  const Json* object = fields.find(name);
  Fields inner(object ? *object : kNull, fields.pathOf(name));
  read(inner);
  fields.absorb(inner);
}

}  // namespace

std::string encode(const RegisterContainerInstanceRequest& request) {
  Json out{{"cluster", request.cluster},
           {"instanceIdentityDocument", request.instanceIdentityDocument},
           {"instanceIdentityDocumentSignature", request.instanceIdentityDocumentSignature},
           {"totalResources", toArray(request.totalResources)},
           {"attributes", toArray(request.attributes)}};
  putText(out, "clientToken", request.clientToken);
  putText(out, "containerInstanceArn", request.containerInstanceArn);
  putArray(out, "platformDevices", request.platformDevices);
  putArray(out, "tags", request.tags);
  return json::dump(out);
}

std::string encode(const DiscoverPollEndpointRequest& request) {
  Json out{{"cluster", request.cluster},
           {"containerInstance", request.containerInstance},
           {"zoneId", request.zoneId}};
  return json::dump(out);
}

std::string encode(const CreateClusterRequest& request) {
  Json out = Json::object();
  putText(out, "clusterName", request.clusterName);
  return json::dump(out);
}

std::string encode(const SubmitTaskStateChangeRequest& request) {
  Json out{{"cluster", request.cluster}, {"task", request.task}};
  putArray(out, "attachments", request.attachments);
  if (!request.status.empty()) {
    out["status"] = request.status;
    out["reason"] = request.reason;
    out["containers"] = toArray(request.containers);
    putArray(out, "managedAgents", request.managedAgents);
    putOptional(out, "pullStartedAt", request.pullStartedAt);
    putOptional(out, "pullStoppedAt", request.pullStoppedAt);
    putOptional(out, "executionStoppedAt", request.executionStoppedAt);
  }
  return json::dump(out);
}

std::string encode(const SubmitContainerStateChangeRequest& request) {
  Json out = toJson(request.container);
  out.erase("imageDigest");
  out["cluster"] = request.cluster;
  out["task"] = request.task;
  return json::dump(out);
}

std::string encode(const SubmitAttachmentStateChangesRequest& request) {
  return json::dump(Json{{"cluster", request.cluster}, {"attachments", toArray(request.attachments)}});
}

std::string encode(const DescribeContainerInstancesRequest& request) {
  return json::dump(Json{{"cluster", request.cluster}, {"containerInstances", request.containerInstances}});
}

std::string encode(const UpdateContainerInstancesStateRequest& request) {
  return json::dump(Json{{"cluster", request.cluster},
                         {"containerInstances", request.containerInstances},
                         {"status", request.status}});
}

std::string encode(const StopTaskRequest& request) {
  return json::dump(Json{{"cluster", request.cluster}, {"task", request.task}, {"reason", request.reason}});
}

Result<RegisterContainerInstanceResponse> decodeRegisterContainerInstanceResponse(std::string_view text) {
  using Response = RegisterContainerInstanceResponse;
  return decode<Response>(text, [](Fields& fields, Response& out) {
    readObject(fields, "containerInstance", [&](Fields& instance) {
      out.containerInstanceArn = instance.requiredStr("containerInstanceArn");
      for (const Json* entry : instance.list("attributes")) {
        Fields inner(*entry, instance.pathOf("attributes"));
        Attribute attribute;
        attribute.name = inner.requiredStr("name");
        attribute.value = inner.str("value");
        instance.absorb(inner);
        out.attributes.push_back(std::move(attribute));
      }
    });
  });
}

Result<DiscoverPollEndpointResponse> decodeDiscoverPollEndpointResponse(std::string_view text) {
  using Response = DiscoverPollEndpointResponse;
  return decode<Response>(text, [](Fields& fields, Response& out) {
    out.endpoint = fields.requiredStr("endpoint");
    out.telemetryEndpoint = fields.requiredStr("telemetryEndpoint");
    out.serviceConnectEndpoint = fields.str("serviceConnectEndpoint");
    out.systemLogsEndpoint = fields.str("systemLogsEndpoint");
  });
}

Result<DescribeContainerInstancesResponse> decodeDescribeContainerInstancesResponse(std::string_view text) {
  using Response = DescribeContainerInstancesResponse;
  return decode<Response>(text, [](Fields& fields, Response& out) {
    for (const Json* entry : fields.list("containerInstances")) {
      Fields inner(*entry, "containerInstances");
      out.containerInstances.push_back({inner.requiredStr("containerInstanceArn"), inner.str("status")});
      fields.absorb(inner);
    }
    for (const Json* entry : fields.list("failures")) {
      Fields inner(*entry, "failures");
      out.failures.push_back({inner.str("arn"), inner.str("reason")});
      fields.absorb(inner);
    }
  });
}

Result<CreateClusterResponse> decodeCreateClusterResponse(std::string_view text) {
  using Response = CreateClusterResponse;
  return decode<Response>(text, [](Fields& fields, Response& out) {
    readObject(fields, "cluster",
               [&](Fields& cluster) { out.clusterName = cluster.requiredStr("clusterName"); });
  });
}

}  // namespace berth::ecs
