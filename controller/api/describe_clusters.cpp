#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> describeClusters(Context& context) {
  auto references = context.input.value("clusters", std::vector<std::string>{});
  if (references.empty()) references.push_back("default");
  if (references.size() > 100) return invalidParameter("Clusters can have at most 100 items.");
  Json clusters = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    auto name = context.names.parseCluster(reference);
    const Cluster* cluster = name ? context.state().cluster(name->str()) : nullptr;
    if (cluster) {
      clusters.push_back(renderCluster(context.state(), context.names, *cluster, included(context.input)));
    } else {
      bool is_arn = reference.starts_with("arn:");
      std::string arn = is_arn || !name ? reference : context.names.cluster(name->str()).str();
      failures.push_back(failure(arn, "MISSING"));
    }
  }
  return Json{{"clusters", std::move(clusters)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
