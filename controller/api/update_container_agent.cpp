#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {

/// Nothing is ever updated from here, so no update is ever in progress either.
ApiResult<Json> updateContainerAgent(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string reference = text(context.input, "containerInstance");
  if (auto error = checkInstanceReferences(context, *cluster, {reference})) return *error;
  const Instance* found = findInstance(context, *cluster, reference);
  if (!found || found->status == "INACTIVE") {
    return invalidParameter("The referenced container instance was not found.");
  }
  if (found->agentVersion.empty()) {
    return ApiError{
        "MissingVersionException",
        "The version of the container instance's agent is not known: it tells it when it connects."};
  }
  return ApiError{"NoUpdateAvailableException",
                  "There is no update for the agent " + found->agentVersion +
                      ": agents are updated on their host, by a newer package of berth-agent."};
}

}  // namespace berth::controller
