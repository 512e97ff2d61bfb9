#include <nlohmann/json.hpp>

#include "proto/acs/container_decode.hpp"
#include "proto/acs/payload_codec.hpp"

namespace berth::acs {
namespace {

using json::Fields;
using Json = nlohmann::json;

bool holdsSomething(const Json* value) {
  return value && !((value->is_array() || value->is_object()) && value->empty());
}

void decodeDockerVolume(Fields& parent, Volume& volume) {
  const Json* value = parent.find("dockerVolumeConfiguration");
  if (!value) return parent.fault("dockerVolumeConfiguration", "is missing");
  Fields fields(*value, parent.pathOf("dockerVolumeConfiguration"));
  const std::string scope = fields.str("scope", "task");
  if (scope != "task" && scope != "shared") fields.fault("scope", "is neither task nor shared");
  volume.shared = scope == "shared";
  volume.autoprovision = fields.boolean("autoprovision");
  volume.driver = fields.str("driver");
  volume.driverOpts = fields.stringMap("driverOpts");
  volume.labels = fields.stringMap("labels");
  parent.absorb(fields);
}

Volume decodeVolume(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("volumes"));
  Volume volume;
  volume.name = fields.requiredStr("name");
  volume.type = fields.str("type", "host");
  if (volume.type == "docker") {
    volume.kind = VolumeKind::Docker;
    decodeDockerVolume(fields, volume);
  } else if (volume.type != "host") {
    volume.kind = VolumeKind::Other;
  } else if (const Json* host = fields.find("host")) {
    Fields source(*host, fields.pathOf("host"));
    volume.sourcePath = source.str("sourcePath");
    fields.absorb(source);
  } else {
    fields.fault("host", "is missing");
  }
  parent.absorb(fields);
  return volume;
}

Association decodeAssociation(const Json& value, Fields& parent) {
  Fields fields(value, parent.pathOf("associations"));
  Association out;
  out.type = fields.requiredStr("type");
  out.name = fields.requiredStr("name");
  out.containers = fields.strings("containers");
  if (const Json* content = fields.find("content")) {
    Fields inner(*content, fields.pathOf("content"));
    out.content = inner.str("value");
    fields.absorb(inner);
  }
  if (out.type == "gpu" && out.containers.size() != 1) fields.fault("containers", "must name one container");
  parent.absorb(fields);
  return out;
}

}  // namespace

std::optional<Credentials> decodeCredentials(Fields& parent, std::string_view name) {
  const Json* value = parent.find(name);
  if (!value) return std::nullopt;
  Fields fields(*value, parent.pathOf(name));
  Credentials out;
  out.id = fields.requiredStr("credentialsId");
  out.roleArn = fields.str("roleArn");
  out.accessKeyId = fields.str("accessKeyId");
  out.secretAccessKey = fields.str("secretAccessKey");
  out.sessionToken = fields.str("sessionToken");
  out.expiration = fields.str("expiration");
  parent.absorb(fields);
  return out;
}

Task decodeTask(Fields& fields) {
  Task task;
  task.arn = fields.requiredStr("arn");
  task.desiredStatus = fields.str("desiredStatus");
  task.family = fields.str("family");
  task.version = fields.str("version");
  task.group = fields.str("group");
  task.serviceName = fields.str("serviceName");
  task.networkMode = fields.str("networkMode");
  task.launchType = fields.str("launchType");
  task.pidMode = fields.str("pidMode");
  task.ipcMode = fields.str("ipcMode");
  task.cpu = fields.number("cpu");
  task.memory = fields.integer("memory");
  if (task.desiredStatus != "RUNNING" && task.desiredStatus != "STOPPED") {
    fields.fault("desiredStatus", "is neither RUNNING nor STOPPED");
  }
  for (const Json* container : fields.list("containers")) {
    task.containers.push_back(decodeContainer(*container, fields));
  }
  for (const Json* volume : fields.list("volumes")) task.volumes.push_back(decodeVolume(*volume, fields));
  for (const Json* association : fields.list("associations")) {
    task.associations.push_back(decodeAssociation(*association, fields));
  }
  task.roleCredentials = decodeCredentials(fields, "roleCredentials");
  task.executionCredentials = decodeCredentials(fields, "executionRoleCredentials");
  task.begun = fields.str("knownStatus") == "RUNNING";
  task.networkInterfaces = holdsSomething(fields.find("elasticNetworkInterfaces"));
  for (const Json* attachment : fields.list("attachments")) {
    Fields inner(*attachment, fields.pathOf("attachments"));
    task.attachments.push_back(inner.str("attachmentType", "unknown"));
    fields.absorb(inner);
  }
  task.proxy = holdsSomething(fields.find("proxyConfiguration"));
  if (task.desiredStatus == "RUNNING" && task.containers.empty()) fields.fault("containers", "is empty");
  return task;
}

}  // namespace berth::acs
