// What services keep from being forgotten, and what of them is forgotten when.
#pragma once

#include <set>
#include <string>

#include "controller/model/state.hpp"

namespace berth::controller {

/// How long finished deployments of a service are kept, as the service itself does.
inline constexpr Duration kKeepHistory = std::chrono::days(90);

/// The definitions (family:revision) that services which are not INACTIVE, and their task sets, run.
std::set<std::string> definitionsInUse(const State& state);

/// Erases the deployments, revisions and task sets of a service (Service::key).
void forgetHistory(Transaction& tx, const std::string& service);

/// Erases finished deployments that are older than kKeepHistory, and revisions that nothing names any more.
/// `service` is the value that is about to be stored.
void trimHistory(Transaction& tx, const Service& service, Now now);

/// Erases services that have been INACTIVE for `keep`, with their history, and protections of tasks that are
/// gone or whose time is over.
void forgetEnded(Transaction& tx, Now now, Duration keep);

}  // namespace berth::controller
