#include <algorithm>

#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/streams/words.hpp"

namespace berth::controller {
namespace {

/// The place of the container that the command is for; a task of one container needs none named.
ApiResult<size_t> containerMeant(const Json& input, const Task& task) {
  const std::string name = text(input, "container");
  if (name.empty() && task.spec->containers.size() == 1) return size_t{0};
  if (name.empty()) return invalidParameter("The task has several containers: name one as container.");
  const auto found = std::ranges::find(task.spec->containers, name, &ContainerSpec::name);
  if (found == task.spec->containers.end()) {
    return invalidParameter("The task has no container named '" + name.substr(0, 255) + "'.");
  }
  return static_cast<size_t>(found - task.spec->containers.begin());
}

}  // namespace

ApiResult<Json> executeCommand(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Json& input = context.input;
  if (!input["interactive"].get<bool>()) {
    return invalidParameter("interactive must be true: commands run in an interactive session alone.");
  }
  const auto words = splitWords(text(input, "command"));
  if (!words) return invalidParameter(words.error().message + ".");
  if (words->empty()) return invalidParameter("command must not be empty.");
  const std::string reference = text(input, "task");
  if (auto error = checkTaskReferences(context, *cluster, {reference})) return *error;
  const Task* task = findTask(context, *cluster, reference);
  if (!task) return invalidParameter("The referenced task was not found.");
  BERTH_API_TRY(place, containerMeant(input, *task));
  if (!task->spec->enableExecuteCommand) {
    return invalidParameter(
        "The execute command failed because execute command was not enabled when the task was run or the "
        "execute command agent isn't running. Wait and try again or run a new task with execute command "
        "enabled and try again.");
  }
  const std::string& name = task->spec->containers[place].name;
  const ContainerStatus status = task->containers[place].status;
  if (status != ContainerStatus::Running) {
    return ApiError{"TargetNotConnectedException", "The container '" + name + "' is " +
                                                       std::string(controller::name(status)) +
                                                       ": commands run in RUNNING ones."};
  }
  return Json{
      {"clusterArn", context.names.cluster((*cluster).name).str()},
      {"taskArn", context.names.task(task->spec->cluster, task->id).str()},
      {"containerArn", context.names.container(task->spec->cluster, task->id, task->containerId(place))},
      {"containerName", name},
      {"interactive", true}};
}

}  // namespace berth::controller
