#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/api/stopping.hpp"
#include "controller/api/waiting.hpp"

namespace berth::controller {

void wantStopped(Task& task, std::string code, std::string reason, WallTime now) {
  if (task.waits()) endWithoutAgent(task, now);
  task.stopWanted = true;
  task.stopCode = std::move(code);
  task.stoppedReason = std::move(reason);
  task.stoppingAt = now;
  if (task.lastStatus == TaskStatus::Running) task.lastStatus = TaskStatus::Stopping;
  ++task.version;
}

ApiResult<Json> stopTask(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string reference = text(context.input, "task");
  if (auto error = checkTaskReferences(context, *cluster, {reference})) return *error;
  const Task* found = findTask(context, *cluster, reference);
  if (!found) return invalidParameter("The referenced task was not found.");
  Task task = *found;
  if (!task.stopWanted && task.lastStatus != TaskStatus::Stopped) {
    wantStopped(task, "UserInitiated", text(context.input, "reason", "Task stopped by user"),
                context.now.wall);
    task.causes.add({Cause::Kind::StopTask, context.now.wall, principalOf(context.caller, context.names)});
    task.tags.clear();
    context.tx.put(task);
  }
  return Json{{"task", renderTask(context.state(), context.names, task, true)}};
}

}  // namespace berth::controller
