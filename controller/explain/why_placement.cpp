#include "controller/api/placement.hpp"
#include "controller/api/render.hpp"
#include "controller/api/task_shape.hpp"
#include "controller/explain/why.hpp"

namespace berth::controller {
namespace {

std::string waiting(size_t instances, const std::map<std::string, size_t>& fails) {
  if (instances == 0) return "a container instance to join the cluster";
  std::string out = "a container instance that passes every test; of " + std::to_string(instances) + " fail";
  std::string before = " ";
  for (const auto& [reason, count] : fails) {
    out += before + std::to_string(count) + " by " + reason;
    before = ", ";
  }
  return out;
}

}  // namespace

ApiResult<Json> whyPlacement(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(definition,
                findDefinition(context, text(context.input, "taskDefinition"), "TaskDefinition not found."));
  const Json document = parsed(definition->document, Json::object());
  BERTH_API_TRY(request, placementOf(Json::object(), document, cluster->name, "family:" + definition->family,
                                     resourcesOf(document)));
  const Fleet& fleet = context.state().fleet();
  const size_t instances = fleet.in(cluster->name).size();
  const std::vector<Unplaced> refused = whyNot(fleet, request, {});
  std::map<std::string, size_t> fails;
  for (const Unplaced& one : refused) ++fails[reasonOf(one.why)];
  const bool placeable = refused.size() < instances;
  Json out{
      {"what",
       {{"cluster", arnOf(context.names, *cluster)}, {"taskDefinition", arnOf(context.names, *definition)}}},
      {"state", placeable ? "PLACEABLE" : "UNPLACEABLE"},
      {"instances", instances},
      {"fit", instances - refused.size()},
      {"fails", fails},
      {"waitsFor", nullptr},
      {"causes", placementFailures(context, request, {})}};
  if (!placeable) out["waitsFor"] = waiting(instances, fails);
  return out;
}

}  // namespace berth::controller
