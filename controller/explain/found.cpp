#include "controller/explain/found.hpp"

#include "controller/api/render.hpp"

namespace berth::controller {

Json tasksBeginningWith(const State& state, const ecs::Names& names, const std::string& cluster,
                        const std::string& prefix) {
  Json arns = Json::array();
  const Tasks& tasks = state.tasks();
  for (auto at = tasks.lower_bound(std::string_view(prefix));
       at != tasks.end() && (*at)->id.starts_with(prefix); ++at) {
    if ((*at)->spec->cluster != cluster) continue;
    if (arns.size() == kMostFound) return {{"taskArns", std::move(arns)}, {"more", true}};
    arns.push_back(arnOf(names, **at));
  }
  return {{"taskArns", std::move(arns)}, {"more", false}};
}

}  // namespace berth::controller
