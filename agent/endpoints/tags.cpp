#include "agent/endpoints/tags.hpp"

#include <utility>

#include "agent/endpoints/documents.hpp"

namespace berth::agent::endpoints {
namespace {

void putTags(const std::optional<TagsAnswer>& answer, const char* field, const std::string& arn, Tags& tags,
             std::vector<TagError>& errors) {
  if (!answer) return;
  if (const auto* failure = std::get_if<TagsFailure>(&*answer)) {
    errors.push_back({field, failure->code, failure->message, failure->status, failure->requestId, arn});
  } else {
    tags = std::get<Tags>(*answer);
  }
}

}  // namespace

std::optional<TagsRequest> tagsRequest(const Request& request, const Directory& directory) {
  const auto parts = pathParts(request.path);
  if (!parts || parts->size() < 2) return std::nullopt;
  const std::string& version = parts->front();
  if (version == "v2") {
    const bool fits = parts->size() == 2
                          ? parts->back() == "metadataWithTags"
                          : parts->size() == 3 && (*parts)[1] == "metadataWithTags" && parts->back().empty();
    auto task = fits ? directory.byAddress(plainAddress(request.remoteAddress)) : nullptr;
    if (!task || task->networkMode != "awsvpc") return std::nullopt;
    return TagsRequest{std::move(task), {}, false};
  }
  if (parts->size() != 3 || parts->back() != "taskWithTags" || (version != "v3" && version != "v4")) {
    return std::nullopt;
  }
  auto found = directory.byEndpointId((*parts)[1]);
  if (!found) return std::nullopt;
  return TagsRequest{found->task, found->container().name, version == "v4"};
}

Response taskWithTags(const TagsRequest& request, const TagsFound& found, const std::string& instanceArn) {
  TaskView task = *request.task;
  putTags(found.instance, "ContainerInstanceTags", instanceArn, task.instanceTags, task.tagErrors);
  putTags(found.task, "TaskTags", task.taskArn, task.taskTags, task.tagErrors);
  return documentResponse(taskDocument(task, true, request.v4 ? Version::V4 : Version::V2));
}

TagsFailure tagsTimedOut() {
  return {"RequestCanceled", "Timed out calling the ECS ListTagsForResource API", 0, ""};
}

}  // namespace berth::agent::endpoints
