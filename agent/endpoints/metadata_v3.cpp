// /v3/<endpoint id>/...: failures are 500 for metadata and 400 for the rest. Texts: amazon-ecs-agent,
// agent/handlers/v3.
#include "agent/endpoints/documents.hpp"
#include "agent/endpoints/families.hpp"

namespace berth::agent::endpoints {
namespace {

Response noTaskV3(int status, const std::string& handler, const std::string& id) {
  return jsonString(status,
                    "V3 " + handler +
                        " handler: unable to get task arn from request: unable to get task Arn from v3 "
                        "endpoint ID: " +
                        id);
}

Response noContainerV3(int status, const std::string& handler, const std::string& id) {
  return jsonString(status,
                    "V3 " + handler +
                        " handler: unable to get container ID from request: unable to get docker ID from "
                        "v3 endpoint ID: " +
                        id);
}

}  // namespace

Response answerV3(const PathParts& parts, const Directory& directory) {
  const std::string& id = parts[1];
  const auto found = directory.byEndpointId(id);
  const bool created = found && !found->container().dockerId.empty();
  const std::string what = parts.size() > 2 ? parts[2] : std::string();
  if (parts.size() == 2) {
    if (!created) return noContainerV3(500, "container metadata", id);
    return documentResponse(containerDocument(*found->task, found->container(), Version::V2));
  }
  if (parts.size() == 3 && (what == "task" || what == "taskWithTags")) {
    if (!found) return noTaskV3(500, "task metadata", id);
    return documentResponse(taskDocument(*found->task, what == "taskWithTags", Version::V2));
  }
  if (parts.size() == 3 && what == "stats") {
    if (!found) return noTaskV3(400, "container stats", id);
    if (!created) return noContainerV3(400, "container stats", id);
    return containerStats(found->container(), directory, false, 400);
  }
  if (parts.size() == 4 && what == "task" && parts[3] == "stats") {
    if (!found) return noTaskV3(400, "task stats", id);
    return taskStats(*found->task, directory, false);
  }
  if (parts.size() >= 4 && what == "associations") return associations(parts, "V3", directory);
  return notFound();
}

}  // namespace berth::agent::endpoints
