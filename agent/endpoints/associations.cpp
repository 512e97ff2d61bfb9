// /v3|v4/<endpoint id>/associations/<type>[/<name>]. Texts: amazon-ecs-agent, agent/handlers/v3.
#include <algorithm>

#include "agent/endpoints/documents.hpp"
#include "agent/endpoints/families.hpp"

namespace berth::agent::endpoints {
namespace {

Response associationList(const Found& found, const std::string& type) {
  Document names = Document::array();
  for (const AssociationView& one : found.task->associations) {
    const bool listed = std::ranges::count(one.containers, found.container().name) > 0;
    if (one.type == type && listed) names.push_back(one.name);
  }
  return documentResponse({{"Associations", std::move(names)}});
}

Response oneAssociation(const Found& found, const std::string& type, const std::string& name) {
  for (const AssociationView& one : found.task->associations) {
    if (one.type == type && one.name == name) return {.body = one.value};
  }
  return jsonString(
      400, "Unable to write container association response: the task has no association of type '" + type +
               "' with the name '" + name + "'");
}

}  // namespace

Response associations(const PathParts& parts, const std::string& prefix, const Directory& directory) {
  const std::string& id = parts[1];
  const std::string& type = parts[3];
  const std::string start = prefix + " container associations handler: ";
  if (type.empty()) return jsonString(400, start + "unable to get association type from request");
  const auto found = directory.byEndpointId(id);
  if (parts.size() == 4) {
    if (!found || found->container().dockerId.empty()) {
      return jsonString(400, start +
                                 "unable to get container id from request: unable to get docker ID from v3 "
                                 "endpoint ID: " +
                                 id);
    }
    return associationList(*found, type);
  }
  if (!found) {
    return jsonString(
        400,
        start + "unable to get task arn from request: unable to get task Arn from v3 endpoint ID: " + id);
  }
  std::string name = parts[4];
  for (size_t at = 5; at < parts.size(); ++at) name += "/" + parts[at];
  if (name.empty()) return jsonString(400, start + "unable to get association name from request");
  return oneAssociation(*found, type, name);
}

}  // namespace berth::agent::endpoints
