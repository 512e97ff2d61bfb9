// Task documents with tags: which requests want them, and what becomes of the answers of ECS. Functions of
// values; the waiting is task_server.hpp's. Shapes: amazon-ecs-agent, agent/handlers/v2 and v4.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "agent/endpoints/directory.hpp"
#include "agent/endpoints/message.hpp"

namespace berth::agent::endpoints {

using Tags = std::map<std::string, std::string>;

/// Why ListTagsForResource gave none. Without an answer of the API only the message is set.
struct TagsFailure {
  std::string code;
  std::string message;
  int status = 0;
  std::string requestId;
};

using TagsAnswer = std::variant<Tags, TagsFailure>;

/// The ECS operation ListTagsForResource, with the agent's own credentials.
class TagsClient {
 public:
  virtual ~TagsClient() = default;
  /// `container` is who asks, for the controller's log; empty: not known. Called on a server's thread;
  /// returns at once. `done` may be called on any thread, at most once counts.
  virtual void listTags(std::string resourceArn, std::string container,
                        std::function<void(TagsAnswer)> done) = 0;
};

/// A request for the document of a task with its tags.
struct TagsRequest {
  std::shared_ptr<const TaskView> task;
  std::string container;  ///< that asks; empty in version 2, which knows tasks only
  bool v4 = false;
};

/// nullopt: no such path, or nobody it could be about. answerMetadata says which.
std::optional<TagsRequest> tagsRequest(const Request& request, const Directory& directory);

/// What ECS has answered so far; nullopt: nothing yet.
struct TagsFound {
  std::optional<TagsAnswer> task;
  std::optional<TagsAnswer> instance;
};

/// 200 with what there is. Version 4 says in Errors what there is not, the others leave it out.
Response taskWithTags(const TagsRequest& request, const TagsFound& found, const std::string& instanceArn);

/// What is told of a call that was not answered in time.
TagsFailure tagsTimedOut();

}  // namespace berth::agent::endpoints
