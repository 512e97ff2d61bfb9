#include "controller/api/actions.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {

ApiResult<Json> startTask(Context& context) {
  auto references = context.input.value("containerInstances", std::vector<std::string>{});
  if (references.empty()) return clientError("Container Instances cannot be empty.");
  if (references.size() > 10) return invalidParameter("Container Instances can have at most 10 items.");
  BERTH_API_TRY(launch, prepareLaunch(context));
  if (launch.policy.retry.attempts > 1)
    return invalidParameter(
        "The tags berth:retry.* are for RunTask: a task of StartTask is not tried again.");
  if (auto error = checkInstanceReferences(context, *launch.cluster, references)) return *error;
  Json tasks = Json::array();
  Json failures = Json::array();
  // An instance that is named twice gets two copies, so earlier ones count against later ones.
  std::map<Fleet::Slot, int64_t> copies;
  const Fleet& fleet = context.state().fleet();
  for (const std::string& reference : references) {
    const Instance* instance = findInstance(context, *launch.cluster, reference);
    if (!instance) {
      failures.push_back(failure(reference, "MISSING"));
      continue;
    }
    const auto slot = fleet.find(instance->id);
    if (!slot) {
      failures.push_back(failure(arnOf(context.names, *instance), reasonOf(Unfit::Inactive)));
      continue;
    }
    if (const auto why = unfit(fleet.at(*slot), launch.placement, copies[*slot])) {
      failures.push_back(placementFailure(context, launch.placement, {*slot, *why, copies[*slot]}));
      continue;
    }
    ++copies[*slot];
    Task task = launchOn(context, launch, instance->id);
    tasks.push_back(renderTask(context.state(), context.names, task, true));
  }
  return Json{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
