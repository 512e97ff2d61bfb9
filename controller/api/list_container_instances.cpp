#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/scheduler/fit.hpp"

namespace berth::controller {
ApiResult<Json> listContainerInstances(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  std::optional<Query> filter;
  if (const std::string wanted = text(context.input, "filter"); !wanted.empty()) {
    auto query = Query::parse(wanted);
    if (!query) return invalidParameter("Invalid filter: " + query.error().message + ".");
    filter = std::move(*query);
  }
  std::string status = text(context.input, "status");
  std::vector<std::string> ids;
  for (const auto& instance : context.state().instances()) {
    if (instance->cluster != cluster->name) continue;
    if (filter && !filter->matches(queriedOf(*instance, context.state().load(instance->id)))) continue;
    if (status.empty() ? instance->status != "INACTIVE" : instance->status == status)
      ids.push_back(instance->id);
  }
  return page(context.input, ids, "containerInstanceArns", 100,
              [&](const std::string& id) { return arnOf(context.names, *context.state().instance(id)); });
}

}  // namespace berth::controller
