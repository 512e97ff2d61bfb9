#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

struct Filter {
  std::string family;
  std::string startedBy;
  std::string instance;
  std::string launchType;
  bool stopped = false;

  bool passes(const Task& task) const {
    if (task.stopWanted != stopped) return false;
    if (!family.empty() && task.spec->family() != family) return false;
    if (!startedBy.empty() && task.startedBy != startedBy) return false;
    if (!instance.empty() && task.instance != instance) return false;
    return launchType.empty() || task.spec->launchType == launchType;
  }
};

}  // namespace

ApiResult<Json> listTasks(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Json& input = context.input;
  if (input.contains("daemonName")) {
    return ApiError{"UnsupportedFeatureException", "Daemons are not offered by Berth: leave daemonName out."};
  }
  const Service* service = nullptr;
  if (const std::string reference = text(input, "serviceName"); !reference.empty()) {
    service = findService(context, *cluster, reference);
    if (!service) return ApiError{"ServiceNotFoundException", "Service not found."};
  }
  std::string desired = text(input, "desiredStatus", "RUNNING");
  // No task ever has the desired status PENDING.
  if (desired == "PENDING") return Json{{"taskArns", Json::array()}};
  Filter filter;
  filter.family = text(input, "family");
  filter.startedBy = text(input, "startedBy");
  filter.launchType = text(input, "launchType");
  filter.stopped = desired == "STOPPED";
  if (!filter.startedBy.empty() &&
      (input.contains("family") || input.contains("containerInstance") || service)) {
    return invalidParameter("startedBy can't be combined with another filter.");
  }
  if (std::string reference = text(input, "containerInstance"); !reference.empty()) {
    if (auto error = checkInstanceReferences(context, *cluster, {reference})) return *error;
    const Instance* instance = findInstance(context, *cluster, reference);
    if (!instance) return invalidParameter("The referenced container instance was not found: " + reference);
    filter.instance = instance->id;
  }
  std::vector<std::string> ids;
  const auto consider = [&](const Task& task) {
    if (task.spec->cluster == cluster->name && filter.passes(task)) ids.push_back(task.id);
  };
  if (service) {
    for (const Task* task : context.state().tasksOf(service->key())) consider(*task);
    std::ranges::sort(ids);
  } else {
    for (const auto& task : context.state().tasks()) consider(*task);
  }
  return page(input, ids, "taskArns", 100,
              [&](const std::string& id) { return context.names.task(cluster->name, id).str(); });
}

}  // namespace berth::controller
