#include <algorithm>
#include <span>

#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kPage = 100;

struct Filter {
  std::string cluster;
  std::string family;
  std::string startedBy;
  std::string instance;
  std::string launchType;
  bool stopped = false;

  bool passes(const Task& task) const {
    if (task.stopWanted != stopped || task.spec->cluster != cluster) return false;
    if (!family.empty() && task.spec->family() != family) return false;
    if (!startedBy.empty() && task.startedBy != startedBy) return false;
    if (!instance.empty() && task.instance != instance) return false;
    return launchType.empty() || task.spec->launchType == launchType;
  }
};

/// Of `tasks` those that pass, behind `after`, in the order of their ids.
std::vector<std::string> passing(std::span<const Task* const> tasks, const Filter& filter,
                                 const std::string& after) {
  std::vector<std::string> ids;
  for (const Task* task : tasks) {
    if (task->id > after && filter.passes(*task)) ids.push_back(task->id);
  }
  std::ranges::sort(ids);
  return ids;
}

/// The first of all tasks behind `after` that pass: a page of them, and one more that shows that there are
/// more. There may be a million tasks.
std::vector<std::string> firstPassing(const Tasks& tasks, const Filter& filter, const std::string& after) {
  std::vector<std::string> ids;
  for (auto task = tasks.upper_bound(std::string_view(after)); task != tasks.end() && ids.size() <= kPage;
       ++task) {
    if (filter.passes(**task)) ids.push_back((*task)->id);
  }
  return ids;
}

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
  filter.cluster = cluster->name;
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
  BERTH_API_TRY(after, lastShown(input));
  std::vector<std::string> ids;
  if (service) {
    ids = passing(context.state().tasksOf(service->key()), filter, after);
  } else if (!filter.instance.empty()) {
    ids = passing(context.state().tasksOn(filter.instance), filter, after);
  } else {
    ids = firstPassing(context.state().tasks(), filter, after);
  }
  return page(input, ids, "taskArns", kPage,
              [&](const std::string& id) { return context.names.task(cluster->name, id).str(); });
}

}  // namespace berth::controller
