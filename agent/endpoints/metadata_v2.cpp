// /v2/metadata, /v2/metadataWithTags and /v2/stats: the caller is known by its address, which only awsvpc
// gives to a task alone. Texts: amazon-ecs-agent, agent/handlers/v2.
#include <algorithm>

#include "agent/endpoints/documents.hpp"
#include "agent/endpoints/families.hpp"

namespace berth::agent::endpoints {
namespace {

const ContainerView* containerOf(const TaskView& task, const std::string& dockerId) {
  const auto found = std::ranges::find(task.containers, dockerId, &ContainerView::dockerId);
  return found == task.containers.end() ? nullptr : &*found;
}

Response containerMetadata(const TaskView& task, const std::string& dockerId) {
  const ContainerView* container = containerOf(task, dockerId);
  if (container == nullptr) {
    return jsonString(400, "Unable to generate metadata for container '" + dockerId + "'");
  }
  return documentResponse(containerDocument(task, *container, Version::V2));
}

Response containerStatistics(const TaskView& task, const std::string& dockerId, const Directory& directory) {
  const ContainerView* container = containerOf(task, dockerId);
  if (container == nullptr) return jsonString(400, "Unable to get container stats for: " + dockerId);
  return containerStats(*container, directory, false, 400);
}

}  // namespace

Response answerV2(const PathParts& parts, const Request& request, const Directory& directory) {
  const std::string& what = parts[1];
  const bool tags = what == "metadataWithTags";
  const bool stats = what == "stats";
  if (!tags && !stats && what != "metadata") return notFound();
  if (parts.size() > 3) return notFound();
  const std::string address = plainAddress(request.remoteAddress);
  const auto task = directory.byAddress(address);
  if (!task || task->networkMode != "awsvpc") {
    return jsonString(400,
                      "Unable to get task arn from request: unable to associate '" + address + "' with task");
  }
  const std::string dockerId = parts.size() == 3 ? parts[2] : std::string();
  if (!dockerId.empty()) {
    return stats ? containerStatistics(*task, dockerId, directory) : containerMetadata(*task, dockerId);
  }
  if (stats) return taskStats(*task, directory, false);
  return documentResponse(taskDocument(*task, tags, Version::V2));
}

}  // namespace berth::agent::endpoints
