#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/api/waiting.hpp"

namespace berth::controller {
ApiResult<Json> stopTask(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string reference = text(context.input, "task");
  if (auto error = checkTaskReferences(context, *cluster, {reference})) return *error;
  const Task* found = findTask(context, *cluster, reference);
  if (!found) return invalidParameter("The referenced task was not found.");
  Task task = *found;
  if (!task.stopWanted && task.lastStatus != TaskStatus::Stopped) {
    if (task.waits()) endWithoutAgent(task, context.now.wall);
    task.stopWanted = true;
    task.stopCode = "UserInitiated";
    task.stoppedReason = text(context.input, "reason", "Task stopped by user");
    task.stoppingAt = context.now.wall;
    task.causes.add({Cause::Kind::StopTask, context.now.wall, principalOf(context.caller, context.names)});
    if (task.lastStatus == TaskStatus::Running) task.lastStatus = TaskStatus::Stopping;
    task.tags.clear();
    ++task.version;
    context.tx.put(task);
  }
  return Json{{"task", renderTask(context.state(), context.names, task, true)}};
}

}  // namespace berth::controller
