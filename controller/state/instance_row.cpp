#include "controller/state/rows.hpp"

namespace berth::controller {

Json encode(const Instance& instance) {
  Json attributes = Json::array();
  for (const Attribute& attribute : *instance.attributes) {
    Json entry{{"name", attribute.name}};
    if (attribute.value) entry["value"] = *attribute.value;
    attributes.push_back(std::move(entry));
  }
  return Json{{"id", instance.id},
              {"cluster", instance.cluster},
              {"status", instance.status},
              {"ec2InstanceId", instance.ec2InstanceId},
              {"attributes", std::move(attributes)},
              {"registered", encode(instance.registered)},
              {"agentVersion", instance.agentVersion},
              {"agentHash", instance.agentHash},
              {"dockerVersion", instance.dockerVersion},
              {"registeredAt", toEpochMillis(instance.registeredAt)},
              {"tags", instance.tags},
              {"clientToken", instance.clientToken},
              {"version", instance.version},
              {"timeline", instance.timeline},
              {"oldArn", instance.oldArn},
              {"registeredBy", instance.registeredBy},
              {"address", instance.address}};
}

Entity decodeInstance(Fields& fields) {
  Instance out;
  out.id = fields.requiredStr("id");
  out.cluster = fields.requiredStr("cluster");
  out.status = fields.str("status", "ACTIVE");
  out.ec2InstanceId = fields.str("ec2InstanceId");
  std::vector<Attribute> attributes;
  for (const Json* attribute : fields.list("attributes")) {
    Fields inner(*attribute, fields.pathOf("attributes"));
    Attribute entry;
    entry.name = inner.requiredStr("name");
    if (inner.has("value")) entry.value = inner.str("value");
    fields.absorb(inner);
    attributes.push_back(std::move(entry));
  }
  out.attributes = Attributes(std::move(attributes));
  out.registered = resources(fields, "registered");
  out.agentVersion = fields.str("agentVersion");
  out.agentHash = fields.str("agentHash");
  out.dockerVersion = fields.str("dockerVersion");
  out.registeredAt = fromEpochMillis(fields.integer("registeredAt"));
  out.tags = jsonMember(fields, "tags");
  out.clientToken = fields.str("clientToken");
  out.version = fields.integer("version");
  out.timeline = fields.integer("timeline");
  out.oldArn = fields.boolean("oldArn");
  out.registeredBy = fields.str("registeredBy");
  out.address = fields.str("address");
  return out;
}

}  // namespace berth::controller
