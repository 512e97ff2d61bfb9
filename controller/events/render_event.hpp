// Changes as Amazon ECS sends them to EventBridge.
// Source: Amazon ECS Developer Guide, "Amazon ECS events".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "controller/api/context.hpp"
#include "controller/events/event_log.hpp"

namespace berth::controller {

/// "ECS Task State Change", "ECS Container Instance State Change", "ECS Service Action",
/// "ECS Deployment State Change" or, of Berth's own, "Berth Job Run State Change".
std::string_view detailTypeOf(const Change& change);
bool isDetailType(std::string_view text);

/// {"version": "0", "id": UUID, "detail-type", "source": "aws.ecs" ("berth" of a job's run), "account",
/// "time", "region", "resources", "detail"}. A task or instance is shown as the API shows it, with times as
/// text, its clusterArn and when it changed (updatedAt). What is not of its own value (what tasks take of an
/// instance, the zone and connectivity of a task's instance) is as `state` has it now. A job's run is shown
/// as the jobs endpoint shows it, with eventType (INFO, WARN, ERROR), eventName ("JOB_RUN_FAILED"),
/// clusterArn and updatedAt. The same change has the same id each time.
Json eventOf(const Change& change, const State& state, const ecs::Names& names);

/// Which changes someone wants.
struct EventFilter {
  std::optional<std::string> cluster;  ///< name
  std::optional<std::string> task;     ///< id
  std::set<std::string> detailTypes;   ///< empty: all

  bool takes(const Change& change) const;
};

}  // namespace berth::controller
