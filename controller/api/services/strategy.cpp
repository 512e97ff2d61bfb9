#include <algorithm>
#include <set>

#include "controller/api/services/settings.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostItems = 20;

}  // namespace

/// Which providers a cluster has is not looked at: Berth keeps none yet, so a name is taken as it is given.
std::optional<ApiError> checkStrategy(const Context&, const Cluster&, const Json& strategy) {
  if (strategy.size() > kMostItems) {
    return invalidParameter("A capacity provider strategy can have at most 20 items, not " +
                            std::to_string(strategy.size()) + ".");
  }
  std::set<std::string> providers;
  int64_t bases = 0;
  int64_t weights = 0;
  for (const Json& item : strategy) {
    const std::string provider = text(item, "capacityProvider");
    if (!providers.insert(provider).second) {
      return invalidParameter("A capacity provider strategy names each provider once: " + provider +
                              " comes twice.");
    }
    bases += item.value("base", int64_t{0}) > 0;
    weights += item.value("weight", int64_t{0});
  }
  if (bases > 1) {
    return invalidParameter("Only one item of a capacity provider strategy can have a base above 0.");
  }
  if (strategy.size() > 1 && weights == 0) {
    return invalidParameter(
        "At least one item of a capacity provider strategy needs a weight above 0 when there are several.");
  }
  const bool fargate = std::ranges::any_of(
      providers, [](const std::string& name) { return name == "FARGATE" || name == "FARGATE_SPOT"; });
  if (!fargate) return std::nullopt;
  return unsupported(
      "FARGATE and FARGATE_SPOT are AWS's own capacity, which Berth does not have: use "
      "launchType EC2 or EXTERNAL.");
}

}  // namespace berth::controller
