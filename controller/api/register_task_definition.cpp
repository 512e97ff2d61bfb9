#include <algorithm>

#include "controller/api/actions.hpp"
#include "controller/api/definition_rules.hpp"
#include "controller/api/render.hpp"
#include "controller/api/required_attributes.hpp"
#include "controller/api/tags.hpp"
#include "controller/api/task_shape.hpp"

namespace berth::controller {
namespace {

constexpr const char* kKept[] = {"taskRoleArn",
                                 "executionRoleArn",
                                 "networkMode",
                                 "containerDefinitions",
                                 "volumes",
                                 "placementConstraints",
                                 "requiresCompatibilities",
                                 "cpu",
                                 "memory",
                                 "pidMode",
                                 "ipcMode",
                                 "proxyConfiguration",
                                 "inferenceAccelerators",
                                 "ephemeralStorage",
                                 "runtimePlatform",
                                 "enableFaultInjection"};

/// What the service fills in where the caller left it out (Amazon ECS API Reference, RegisterTaskDefinition).
void fillContainer(Json& container, const std::string& networkMode) {
  container.emplace("cpu", 0);
  container.emplace("essential", true);
  for (const char* list : {"environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"}) {
    container.emplace(list, Json::array());
  }
  for (Json& port : container["portMappings"]) {
    port.emplace("protocol", "tcp");
    bool same = networkMode == "host" || networkMode == "awsvpc";
    port.emplace("hostPort", same && port.contains("containerPort") ? port["containerPort"] : Json(0));
  }
}

Json documentOf(const Json& input) {
  Json document = Json::object();
  for (const char* member : kKept) {
    if (input.contains(member)) document[member] = input[member];
  }
  bool fargate = false;
  for (const Json& wanted : document.value("requiresCompatibilities", Json::array()))
    fargate |= wanted == "FARGATE";
  if (!fargate) document.emplace("networkMode", "bridge");
  document.emplace("volumes", Json::array());
  document.emplace("placementConstraints", Json::array());
  for (Json& container : document["containerDefinitions"]) {
    fillContainer(container, document.value("networkMode", ""));
  }
  for (Json& volume : document["volumes"]) {
    if (volume.size() == 1) volume["host"] = Json::object();
  }
  // The size is kept as the integer it stands for, whatever unit it came in.
  if (auto cpu = parseCpu(document.value("cpu", ""))) document["cpu"] = std::to_string(*cpu);
  if (auto memory = parseMemory(document.value("memory", ""))) document["memory"] = std::to_string(*memory);
  document["compatibilities"] = compatibilitiesOf(document);
  Json required = Json::array();
  for (const Attribute& one : requiredAttributes(document)) {
    required.push_back({{"name", one.name}});
    if (one.value) required.back()["value"] = *one.value;
  }
  document["requiresAttributes"] = std::move(required);
  return document;
}

}  // namespace

ApiResult<Json> registerTaskDefinition(Context& context) {
  std::string family = text(context.input, "family");
  if (!ecs::isName(family)) {
    return clientError("Family contains invalid characters: use up to 255 letters, digits, '_' and '-'.");
  }
  if (auto broken = brokenRule(context.input)) return clientError(*broken);
  BERTH_API_TRY(tags, givenTags(context.input));
  Json document = documentOf(context.input);
  if (document.dump().size() > 64 * 1024) {
    return clientError("Actual length of the task definition exceeds the maximum of 65536 bytes.");
  }
  for (const Json& wanted : document.value("requiresCompatibilities", Json::array())) {
    bool met = false;
    for (const Json& one : document["compatibilities"]) met |= one == wanted;
    if (!met)
      return clientError("Task definition does not meet the requirements of " + wanted.get<std::string>() +
                         ".");
  }
  Family counter;
  if (const Family* known = context.state().family(family)) counter = *known;
  counter.name = family;
  // The definitions themselves bound it too: a counter whose record was lost must not overwrite one.
  if (auto present = context.state().definitions().find(family);
      present != context.state().definitions().end()) {
    if (!present->second.empty()) {
      counter.lastRevision = std::max(counter.lastRevision, present->second.rbegin()->first);
    }
  }
  if (counter.lastRevision >= context.quotas.revisionsPerFamily) {
    return quotaReached(context.quotas.revisionsPerFamily, "revisions per task definition family",
                        "register another family", "revisions_per_family");
  }
  ++counter.lastRevision;
  TaskDefinition definition;
  definition.family = family;
  definition.revision = counter.lastRevision;
  definition.document = document.dump();
  definition.tags = std::move(tags);
  definition.registeredAt = context.now.wall;
  definition.registeredBy = context.caller.principal;
  context.tx.put(counter);
  context.tx.put(definition);
  Json out{{"taskDefinition", renderDefinition(context.names, definition)}};
  out["tags"] = parsed(definition.tags, Json::array());
  return out;
}

}  // namespace berth::controller
