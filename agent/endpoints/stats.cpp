// /stats and /task/stats of v2, v3 and v4.
#include "agent/endpoints/families.hpp"
#include "agent/endpoints/stats_document.hpp"

namespace berth::agent::endpoints {

Response taskStats(const TaskView& task, const Directory& directory, bool v4) {
  Document out = Document::object();
  for (const ContainerView& container : task.containers) {
    if (container.dockerId.empty()) continue;
    const auto stats = directory.stats(container.dockerId);
    if (stats) {
      out[container.dockerId] = statsDocument(container, *stats, v4 ? Version::V4 : Version::V2);
    } else {
      out[container.dockerId] = v4 ? Document::object() : Document();
    }
  }
  return documentResponse(out);
}

Response containerStats(const ContainerView& container, const Directory& directory, bool v4, int failure) {
  const auto stats = directory.stats(container.dockerId);
  if (!stats) return jsonString(failure, "Unable to get container stats for: " + container.dockerId);
  return documentResponse(statsDocument(container, *stats, v4 ? Version::V4 : Version::V2));
}

}  // namespace berth::agent::endpoints
