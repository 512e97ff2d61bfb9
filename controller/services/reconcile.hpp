// What a service needs: its tasks as they are in, what to start, to stop and to write down out. Values only;
// whoever asks does it, and asks again when something of the service has changed, or at the moment that the
// plan names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.hpp"
#include "controller/model/services.hpp"
#include "controller/model/task.hpp"

namespace berth::controller {

/// A task of a service that is to run: its desiredStatus is RUNNING. A service may have many: their texts are
/// those of whoever asks, and must last as long as the view.
struct ServiceTask {
  std::string_view id;
  std::string_view of;  ///< id of its deployment or task set
  std::string_view instance;
  std::string_view zone;  ///< availability zone of its instance; may be empty
  bool waiting = false;   ///< PROVISIONING: it has no instance yet
  bool running = false;   ///< RUNNING; else it is on its way there
  bool checked = false;   ///< an essential container has a health check
  Health health = Health::Unknown;
  bool leaving = false;   ///< its instance is DRAINING
  bool outstays = false;  ///< of a DAEMON: others are still on that instance, and it leaves last
  bool lost = false;      ///< its instance has been lost for so long that it is to be replaced
  std::optional<WallTime> protectedUntil;
  WallTime createdAt{};
  WallTime startedAt{};  ///< of one that is running
};

struct ServiceView {
  Service service;
  std::vector<ServiceTask> tasks;            ///< in the order of their ids
  std::vector<TaskSet> sets;                 ///< of an EXTERNAL controller, in the order of their creation
  std::optional<ServiceDeployment> rollout;  ///< the record of the PRIMARY deployment
  std::vector<std::string> alarmed;          ///< alarms that the service names and that are in ALARM
  std::string completed;  ///< the revision (id) to roll back to; empty: no deployment was completed yet
  std::vector<std::string> hosts;  ///< of a DAEMON: ids of the instances that are to have a task each
  bool crowded = false;            ///< what was last to be started found no room
  /// Availability zones that the tasks are to be spread over evenly; empty: nobody evens them out.
  std::vector<std::string> zones;
};

/// How long is long enough.
struct ServicePace {
  /// A task without health checks counts as healthy when it has been RUNNING for so long; the next ones of
  /// its deployment at once.
  Duration healthyAfter = std::chrono::seconds(2);
  /// A task without health checks that ends sooner has failed.
  Duration shortRun = std::chrono::seconds(10);
  /// The wait before the next start after the first round of failures; each round more doubles it, up to the
  /// longest.
  Duration firstRetry = std::chrono::seconds(1);
  Duration lastRetry = std::chrono::minutes(5);
  /// How long a finished rollout is still watched by its alarms where its user does not say.
  Duration bake = std::chrono::minutes(1);
  /// Tasks that one plan stops at most.
  int64_t mostStops = 100;
};

struct PlannedStart {
  std::string of;  ///< id of the deployment or task set
  int64_t count = 0;
  std::vector<std::string> hosts;  ///< of a DAEMON: where; count is their number
  std::vector<std::string> zones;  ///< in the first of these that has room, or not at all; empty: anywhere
};

struct PlannedStop {
  std::string task;
  bool running = false;
  std::string reason;  ///< the stoppedReason
  std::string zone;    ///< it goes because this zone has too many; else empty
};

struct ServicePlan {
  std::vector<PlannedStart> starts;
  std::vector<PlannedStop> stops;
  Service service;                           ///< as it is now, without what is in `said`
  std::vector<std::string> said;             ///< messages of new events, in their order
  std::vector<TaskSet> sets;                 ///< those that have changed
  std::vector<std::string> setsGone;         ///< keys
  std::optional<ServiceDeployment> rollout;  ///< if it has changed
  /// The revision (id) that the service is to be rolled back to by a new PRIMARY deployment. Then nothing
  /// else is planned.
  std::optional<std::string> rollBackTo;
  std::optional<WallTime> lookAgain;
};

ServicePlan reconcile(const ServiceView& view, const ServicePace& pace, WallTime now);

}  // namespace berth::controller
