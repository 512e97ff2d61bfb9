#include <algorithm>

#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

/// The name of the container that the command is for; a task of one container needs none.
ApiResult<std::string> containerMeant(const Json& input, const Task& task) {
  const std::string name = text(input, "container");
  if (name.empty() && task.spec->containers.size() == 1) return task.spec->containers.front().name;
  if (name.empty()) return invalidParameter("The task has several containers: name one as container.");
  if (std::ranges::find(task.spec->containers, name, &ContainerSpec::name) == task.spec->containers.end()) {
    return invalidParameter("The task has no container named '" + name.substr(0, 255) + "'.");
  }
  return name;
}

}  // namespace

ApiResult<Json> executeCommand(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Json& input = context.input;
  if (!input["interactive"].get<bool>()) {
    return invalidParameter("interactive must be true: commands run in an interactive session alone.");
  }
  if (text(input, "command").empty()) return invalidParameter("command must not be empty.");
  const std::string reference = text(input, "task");
  if (auto error = checkTaskReferences(context, *cluster, {reference})) return *error;
  const Task* task = findTask(context, *cluster, reference);
  if (!task) return invalidParameter("The referenced task was not found.");
  BERTH_API_TRY(container, containerMeant(input, *task));
  if (!task->spec->enableExecuteCommand) {
    return invalidParameter(
        "The execute command failed because execute command was not enabled when the task was run or the "
        "execute command agent isn't running. Wait and try again or run a new task with execute command "
        "enabled and try again.");
  }
  return ApiError{"TargetNotConnectedException",
                  "No execute command agent of container '" + container +
                      "' is connected: this version of Berth has no sessions. On the task's host, `docker "
                      "exec -it` does the same."};
}

}  // namespace berth::controller
