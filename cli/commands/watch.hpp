// A deployment as it goes, for who waits for its end.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "cli/commands/session.hpp"

namespace berth::cli {

struct Watched {
  std::string service;
  std::string deployment;  ///< its id; empty: the primary one that is not `former`
  std::string former{};
  Duration timeout{0};  ///< 0: none
};

/// Shows the service's deployments and events until the watched one is completed (kDone), has failed and what
/// it is rolled back to stands (kFailed), another has taken its place (kFailed), or the time is over
/// (kFailed). On a terminal the picture is redrawn; otherwise a line is written for each change. kStopped
/// after an interrupt, which leaves the deployment alone.
Result<int> watchDeployment(Session& session, const Watched& watched);

/// Ids of a service's events.
std::set<std::string> eventsOf(const nlohmann::json& service);
/// The id of a service's primary deployment; empty without one.
std::string primaryOf(const nlohmann::json& service);

/// One line a deployment: "PRIMARY IN_PROGRESS web:3 desired 3, running 2, pending 1, failed 0".
std::string describeDeployment(const nlohmann::json& deployment, const Terminal& terminal);

}  // namespace berth::cli
