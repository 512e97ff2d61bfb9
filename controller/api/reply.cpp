#include "controller/api/reply.hpp"

#include <utility>

#include "controller/api/render.hpp"
#include "proto/json/fields.hpp"
#include "proto/json/writer.hpp"

namespace berth::controller {

ApiResult<Json> treeOf(Reply reply) {
  if (auto* error = std::get_if<ApiError>(&reply)) return std::move(*error);
  if (auto* tasks = std::get_if<TasksReply>(&reply)) return Json::parse(tasks->text);
  return std::get<Json>(std::move(reply));
}

std::string textOf(Reply reply) {
  if (auto* tasks = std::get_if<TasksReply>(&reply)) return std::move(tasks->text);
  return json::dump(std::get<Json>(reply));
}

TasksWriter::TasksWriter() : out_(std::make_unique<json::Writer>()) {
  out_->openObject();
  out_->openList("tasks");
}
TasksWriter::~TasksWriter() = default;

void TasksWriter::add(const Context& context, const Task& task, bool withTags) {
  writeTask(*out_, context.state(), context.names, task, withTags);
  ++reply_.tasks;
}

TasksReply TasksWriter::reply() && {
  out_->closeList();
  out_->raw("failures", json::dump(reply_.failures));
  out_->closeObject();
  reply_.text = out_->str();
  return std::move(reply_);
}

}  // namespace berth::controller
