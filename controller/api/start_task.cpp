#include "controller/api/actions.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {

ApiResult<TasksReply> startTask(Context& context) {
  auto references = context.input.value("containerInstances", std::vector<std::string>{});
  if (references.empty()) return clientError("Container Instances cannot be empty.");
  if (references.size() > 10) return invalidParameter("Container Instances can have at most 10 items.");
  BERTH_API_TRY(launch, prepareLaunch(context));
  if (launch.policy.retry.attempts > 1)
    return invalidParameter(
        "The tags berth:retry.* are for RunTask: a task of StartTask is not tried again.");
  if (auto error = checkInstanceReferences(context, *launch.cluster, references)) return *error;
  TasksWriter out;
  // An instance that is named twice gets two copies, so earlier ones count against later ones.
  std::map<Fleet::Slot, int64_t> copies;
  const Fleet& fleet = context.state().fleet();
  for (const std::string& reference : references) {
    const Instance* instance = findInstance(context, *launch.cluster, reference);
    if (!instance) {
      out.fail(failure(reference, "MISSING"));
      continue;
    }
    const auto slot = fleet.find(instance->id);
    if (!slot) {
      out.fail(failure(arnOf(context.names, *instance), reasonOf(Unfit::Inactive)));
      continue;
    }
    if (const auto why = unfit(fleet.at(*slot), launch.placement, copies[*slot])) {
      out.fail(placementFailure(context, launch.placement, {*slot, *why, copies[*slot]}));
      continue;
    }
    ++copies[*slot];
    out.add(context, launchOn(context, launch, instance->id), true);
  }
  return std::move(out).reply();
}

}  // namespace berth::controller
