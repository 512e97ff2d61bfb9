#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> listClusters(Context& context) {
  std::vector<std::string> names;
  for (const auto& [name, cluster] : context.state().clusters()) {
    if (cluster.active) names.push_back(name);
  }
  return page(context.input, names, "clusterArns", 100,
              [&](const std::string& name) { return context.names.cluster(name).str(); });
}

}  // namespace berth::controller
