#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/api/waiting.hpp"

namespace berth::controller {
namespace {

/// Nobody will report on them any more. An agent that is told of it removes them; one that is away keeps
/// them.
void forgetTasks(Context& context, const Instance& instance) {
  for (const Task* known : context.state().tasksOn(instance.id)) {
    if (known->lastStatus == TaskStatus::Stopped) continue;
    Task task = *known;
    endWithoutAgent(task, context.now.wall);
    task.stopCode = "UserInitiated";
    task.stoppedReason = "Container instance deregistration forced by user";
    task.causes.add(
        {Cause::Kind::InstanceDeregistered, context.now.wall, principalOf(context.caller, context.names)});
    ++task.version;
    context.tx.put(task);
  }
}

}  // namespace

ApiResult<Json> deregisterContainerInstance(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string reference = text(context.input, "containerInstance");
  if (auto error = checkInstanceReferences(context, *cluster, {reference})) return *error;
  const Instance* found = findInstance(context, *cluster, reference);
  if (!found || found->status == "INACTIVE") {
    return invalidParameter("The referenced container instance was not found.");
  }
  const Load& load = context.state().load(found->id);
  const bool busy = load.pending + load.begun > 0;
  if (busy && !context.input.value("force", false)) {
    return invalidParameter("Found running tasks on the instance.");
  }
  forgetTasks(context, *found);
  Instance instance = *found;
  instance.status = "INACTIVE";
  ++instance.version;
  context.tx.put(instance);
  return Json{{"containerInstance", renderInstance(context.state(), context.names, instance, true)}};
}

}  // namespace berth::controller
