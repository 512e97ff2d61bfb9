#include "controller/state/rows.hpp"

namespace berth::controller {

namespace {

Json encode(const std::vector<ProviderShare>& strategy) {
  Json out = Json::array();
  for (const ProviderShare& one : strategy) {
    out.push_back(Json{{"provider", one.provider}, {"base", one.base}, {"weight", one.weight}});
  }
  return out;
}

std::vector<ProviderShare> strategy(Fields& parent, const char* name) {
  std::vector<ProviderShare> out;
  for (const Json* one : parent.list(name)) {
    Fields fields(*one, parent.pathOf(name));
    out.push_back({fields.requiredStr("provider"), fields.integer("base"), fields.integer("weight")});
    parent.absorb(fields);
  }
  return out;
}

}  // namespace

Json encode(const Cluster& cluster) {
  Json out{{"name", cluster.name},
           {"active", cluster.active},
           {"document", cluster.document},
           {"tags", cluster.tags},
           {"capacityProviders", cluster.capacityProviders},
           {"defaultStrategy", encode(cluster.defaultStrategy)}};
  putTime(out, "deletedAt", cluster.deletedAt);
  return out;
}

Entity decodeCluster(Fields& fields) {
  Cluster out;
  out.name = fields.requiredStr("name");
  out.active = fields.boolean("active", true);
  out.document = jsonMember(fields, "document");
  out.tags = jsonMember(fields, "tags");
  out.capacityProviders = fields.strings("capacityProviders");
  out.defaultStrategy = strategy(fields, "defaultStrategy");
  out.deletedAt = time(fields, "deletedAt");
  return out;
}

Json encode(const Family& family) {
  return Json{{"name", family.name}, {"lastRevision", family.lastRevision}};
}

Entity decodeFamily(Fields& fields) {
  Family out;
  out.name = fields.requiredStr("name");
  out.lastRevision = fields.integer("lastRevision");
  return out;
}

Json encode(const TaskDefinition& definition) {
  Json out{{"family", definition.family},
           {"revision", definition.revision},
           {"active", definition.active},
           {"document", definition.document},
           {"tags", definition.tags},
           {"registeredBy", definition.registeredBy},
           {"registeredAt", toEpochMillis(definition.registeredAt)}};
  putTime(out, "deregisteredAt", definition.deregisteredAt);
  putTime(out, "deleteRequestedAt", definition.deleteRequestedAt);
  return out;
}

Entity decodeDefinition(Fields& fields) {
  TaskDefinition out;
  out.family = fields.requiredStr("family");
  out.revision = fields.integer("revision");
  out.active = fields.boolean("active", true);
  out.document = jsonMember(fields, "document");
  if (out.document.empty()) fields.fault("document", "is missing or empty");
  out.tags = jsonMember(fields, "tags");
  out.registeredBy = fields.str("registeredBy");
  out.registeredAt = fromEpochMillis(fields.integer("registeredAt"));
  out.deregisteredAt = time(fields, "deregisteredAt");
  out.deleteRequestedAt = time(fields, "deleteRequestedAt");
  return out;
}

}  // namespace berth::controller
