#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> describeContainerInstances(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  auto references = context.input.value("containerInstances", std::vector<std::string>{});
  if (references.empty()) return clientError("Container Instances cannot be empty.");
  if (references.size() > 100) return invalidParameter("Container Instances can have at most 100 items.");
  if (auto error = checkInstanceReferences(context, *cluster, references)) return *error;
  Json instances = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const Instance* instance = findInstance(context, *cluster, reference);
    if (instance) {
      instances.push_back(
          renderInstance(context.state(), context.names, *instance, includes(context.input, "TAGS")));
      continue;
    }
    auto id = context.names.parseInstance(reference);
    bool is_arn = reference.starts_with("arn:");
    std::string arn = is_arn || !id ? reference : context.names.instance(cluster->name, id->id).str();
    failures.push_back(failure(arn, "MISSING"));
  }
  return Json{{"containerInstances", std::move(instances)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
