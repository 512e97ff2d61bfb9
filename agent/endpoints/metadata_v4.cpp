// /v4/<endpoint id>/...: an unknown id is 404, every other failure 500. Texts: amazon-ecs-agent,
// ecs-agent/tmds/handlers/v4.
#include "agent/endpoints/documents.hpp"
#include "agent/endpoints/families.hpp"

namespace berth::agent::endpoints {
namespace {

Response noTaskV4(const std::string& handler, const std::string& id) {
  return jsonString(404, "V4 " + handler +
                             " handler: unable to get task arn from request: unable to get task Arn from v3 "
                             "endpoint ID: " +
                             id);
}

Response noContainerV4(const std::string& handler, const std::string& id) {
  return jsonString(404,
                    "V4 " + handler +
                        " handler: unable to get container ID from request: unable to get docker ID from "
                        "v3 endpoint ID: " +
                        id);
}

}  // namespace

Response answerV4(const PathParts& parts, const Directory& directory) {
  const std::string& id = parts[1];
  const auto found = directory.byEndpointId(id);
  const bool created = found && !found->container().dockerId.empty();
  const std::string what = parts.size() > 2 ? parts[2] : std::string();
  if (parts.size() == 2) {
    if (!created) return noContainerV4("container metadata", id);
    return documentResponse(containerDocument(*found->task, found->container(), Version::V4));
  }
  if (parts.size() == 3 && (what == "task" || what == "taskWithTags")) {
    if (!found) return noTaskV4("task metadata", id);
    return documentResponse(taskDocument(*found->task, what == "taskWithTags", Version::V4));
  }
  if (parts.size() == 3 && what == "stats") {
    if (!found) return noTaskV4("container stats", id);
    if (!created) return noContainerV4("container stats", id);
    return containerStats(found->container(), directory, true, 500);
  }
  if (parts.size() == 4 && what == "task" && parts[3] == "stats") {
    if (!found) return noTaskV4("task stats", id);
    return taskStats(*found->task, directory, true);
  }
  if (parts.size() >= 4 && what == "associations") return associations(parts, "V4", directory);
  return notFound();
}

}  // namespace berth::agent::endpoints
