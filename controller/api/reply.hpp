// What the API's operations answer.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "controller/api/context.hpp"

namespace berth::json {
class Writer;
}

namespace berth::controller {

/// Tasks and failures, as operations that show tasks by the hundred answer them: text at once, without a tree
/// of values in between.
struct TasksReply {
  std::string text;  ///< the whole answer, a JSON object
  size_t tasks = 0;  ///< in it
  Json failures = Json::array();
};

/// What comes of a call.
using Reply = std::variant<Json, TasksReply, ApiError>;

/// The answer of an action that gives one kind of answer alone.
template <class T>
Reply widened(ApiResult<T> answer) {
  return std::visit([](auto&& value) { return Reply(std::move(value)); }, std::move(answer));
}

/// A reply for those who look into it.
ApiResult<Json> treeOf(Reply reply);
/// The JSON text of a reply that is no error.
std::string textOf(Reply reply);

/// A TasksReply in the making.
class TasksWriter {
 public:
  TasksWriter();
  ~TasksWriter();

  void add(const Context& context, const Task& task, bool withTags);
  void fail(Json failure) { reply_.failures.push_back(std::move(failure)); }
  /// Ends it.
  TasksReply reply() &&;

 private:
  TasksReply reply_;
  std::unique_ptr<json::Writer> out_;
};

}  // namespace berth::controller
