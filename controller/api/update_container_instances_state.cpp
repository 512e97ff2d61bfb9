#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostInstances = 10;

}  // namespace

ApiResult<Json> updateContainerInstancesState(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const auto references = context.input.value("containerInstances", std::vector<std::string>{});
  if (references.empty()) return clientError("Container Instances cannot be empty.");
  if (references.size() > kMostInstances)
    return invalidParameter("Container Instances can have at most 10 items.");
  const std::string status = text(context.input, "status");
  if (status != "ACTIVE" && status != "DRAINING")
    return invalidParameter("Container instance status should be one of [ACTIVE, DRAINING]");
  if (auto error = checkInstanceReferences(context, *cluster, references)) return *error;
  Json instances = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const Instance* found = findInstance(context, *cluster, reference);
    if (!found || found->status == "INACTIVE") {
      const auto id = context.names.parseInstance(reference);
      const bool named = reference.starts_with("arn:") || !id;
      failures.push_back(failure(named ? reference : context.names.instance(cluster->name, id->id).str(),
                                 found ? "INACTIVE" : "MISSING"));
      continue;
    }
    Instance instance = *found;
    if (instance.status != status) {
      instance.status = status;
      ++instance.version;
      context.tx.put(instance);
    }
    instances.push_back(renderInstance(context.state(), context.names, instance, true));
  }
  return Json{{"containerInstances", std::move(instances)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
