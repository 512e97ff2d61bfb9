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

Json encodeChange(const ContainerStateChange& change) {
  Json out{{"containerName", change.containerName}, {"status", change.status}};
  putText(out, "runtimeId", change.runtimeId);
  putText(out, "imageDigest", change.imageDigest);
  putText(out, "reason", change.reason);
  if (change.exitCode) out["exitCode"] = *change.exitCode;
  for (const NetworkBinding& binding : change.networkBindings) {
    out["networkBindings"].push_back(Json{{"bindIP", binding.bindIP},
                                          {"containerPort", binding.containerPort},
                                          {"hostPort", binding.hostPort},
                                          {"protocol", binding.protocol}});
  }
  return out;
}

Error unexpected(const Error& error) { return makeError(Code::Internal, "the answer's " + error.message); }

}  // namespace

std::string encode(const RegisterContainerInstanceRequest& request) {
  Json out{{"cluster", request.cluster},
           {"clientToken", request.clientToken},
           {"instanceIdentityDocument", ""},
           {"instanceIdentityDocumentSignature", ""}};
  putText(out, "containerInstanceArn", request.containerInstanceArn);
  out["totalResources"] = Json::array();
  for (const Resource& resource : request.totalResources) {
    Json entry{{"name", resource.name}, {"type", resource.type}};
    if (resource.type == "STRINGSET") {
      entry["stringSetValue"] = resource.stringSetValue;
    } else {
      entry["integerValue"] = resource.integerValue;
    }
    out["totalResources"].push_back(std::move(entry));
  }
  out["attributes"] = Json::array();
  for (const Attribute& attribute : request.attributes) {
    Json entry{{"name", attribute.name}};
    putText(entry, "value", attribute.value);
    out["attributes"].push_back(std::move(entry));
  }
  return json::dump(out);
}

std::string encode(const SubmitTaskStateChangeRequest& request) {
  Json out{{"cluster", request.cluster},
           {"task", request.task},
           {"status", request.status},
           {"reason", request.reason}};
  out["containers"] = Json::array();
  for (const ContainerStateChange& change : request.containers)
    out["containers"].push_back(encodeChange(change));
  if (request.pullStartedAt) out["pullStartedAt"] = *request.pullStartedAt;
  if (request.pullStoppedAt) out["pullStoppedAt"] = *request.pullStoppedAt;
  if (request.executionStoppedAt) out["executionStoppedAt"] = *request.executionStoppedAt;
  return json::dump(out);
}

Result<RegisterContainerInstanceResponse> decodeRegisterContainerInstanceResponse(std::string_view text) {
  auto object = json::parseObject(text, "the answer");
  if (!object) return makeError(Code::Internal, object.error().message);
  static const Json kEmpty = Json::object();
  Fields outer(*object, "answer");
  const Json* instance = outer.find("containerInstance");
  Fields fields(instance ? *instance : kEmpty, "containerInstance");
  RegisterContainerInstanceResponse out;
  out.containerInstanceArn = fields.requiredStr("containerInstanceArn");
  for (const Json* entry : fields.list("attributes")) {
    Fields inner(*entry, "attributes");
    Attribute attribute;
    attribute.name = inner.requiredStr("name");
    attribute.value = inner.str("value");
    fields.absorb(inner);
    out.attributes.push_back(std::move(attribute));
  }
  if (Status status = fields.status(); !status) return unexpected(status.error());
  return out;
}

Result<DiscoverPollEndpointResponse> decodeDiscoverPollEndpointResponse(std::string_view text) {
  auto object = json::parseObject(text, "the answer");
  if (!object) return makeError(Code::Internal, object.error().message);
  Fields fields(*object, "answer");
  DiscoverPollEndpointResponse out;
  out.endpoint = fields.requiredStr("endpoint");
  out.telemetryEndpoint = fields.requiredStr("telemetryEndpoint");
  if (Status status = fields.status(); !status) return unexpected(status.error());
  return out;
}

}  // namespace berth::ecs
