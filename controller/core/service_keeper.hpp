// Which services are to be looked at, and when; and what a look at one says, done. All that it knows follows
// from the state and from which agents are there, so a new one goes on where another ended.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/ids/random.hpp"
#include "controller/api/quotas.hpp"
#include "controller/core/lost_hosts.hpp"
#include "controller/explain/why.hpp"
#include "controller/model/state.hpp"
#include "controller/scheduler/scheduler.hpp"
#include "controller/services/reconcile.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {

class Recipes;
struct ServiceStart;
struct ServiceStarted;

struct ServiceOptions {
  bool schedule = true;  ///< without, services are stored and nothing more
  ServicePace pace;
  LostHostOptions lost;
  int64_t mostStarts = 100;  ///< tasks that one call starts at most, give or take those of one service's look
  Duration providerWait = std::chrono::hours(1);  ///< of tasks of providers with managed scaling
  int64_t mostLooks = 200;  ///< looks in one call at most; what is left is done by the next one, at once
  /// A look costs as much as its service has tasks. After one a service has a rest of so long for each of
  /// them, so that what changes meanwhile is looked at once. Rests of less than `leastRest` are not worth a
  /// timer.
  Duration restPerTask = std::chrono::microseconds(10);
  Duration leastRest = std::chrono::milliseconds(2);
};

/// Belongs to one state, which must outlive it, as `names` and `random` must.
class ServiceKeeper {
 public:
  ServiceKeeper(const State& state, const ecs::Names& names, Random& random, ServiceOptions options);

  /// Adds to a transaction what belongs to its changes: the failures and recoveries of services' tasks are
  /// counted with the change that shows them, so each is counted once.
  void witness(Transaction& tx, WallTime now);
  /// Changes are about to be applied to the state.
  void note(const Mutations& mutations);
  /// An agent's session has begun or ended.
  void connected(const std::string& instance);
  void disconnected(const std::string& instance, MonoTime now);

  using Commit = std::function<void(Transaction&)>;
  /// Looks at the services that are due, and does what they need by transactions that `commit` is to apply to
  /// the state at once. A bounded amount of work.
  void work(Scheduler& scheduler, Recipes& recipes, Now now, const Commit& commit);
  /// What a service that is not INACTIVE waits for, as far as its record does not say it.
  ServiceFacts factsOf(const Service& service, WallTime now) const;
  /// When work() has something to do next; a moment that has passed: there is some left.
  std::optional<MonoTime> nextDeadline() const;

 private:
  /// A service with tasks that found no place.
  struct Starved {
    std::vector<PlacementRequest> requests;
    std::set<std::string> hosts;  ///< of a DAEMON: the instances it wants
    bool nothingMissing = false;  ///< it has all its tasks, and would have one of them elsewhere
  };
  /// The tasks of a service as they were last seen: to look at all of them anew for each that changes would
  /// cost a large service as much as it has tasks, each time.
  struct Seen {
    std::vector<ServiceTask> tasks;                    ///< as in ServiceView
    std::vector<std::shared_ptr<const Task>> holding;  ///< one for each: what its texts are of
    std::set<std::string> changed;                     ///< ids
  };
  struct Doing {
    Scheduler& scheduler;
    Recipes& recipes;
    Now now;
    const Commit& commit;
    int64_t starts = 0;  ///< tasks that may still be started
  };

  void begin(Now now);
  void mark(const std::string& service);
  /// A task of a service is not as it was seen.
  void markTask(const std::string& service, const std::string& task);
  void noteTask(const Mutation& mutation);
  void markTasksOn(const std::string& instance);
  void markDaemons(const std::string& cluster);
  /// Marks the DAEMONs that may have waited for a task of others to leave a DRAINING instance.
  void markDaemonsBehind(const Task& ended);
  void noteInstance(const Instance& instance);
  /// Marks the starved services that an instance which has changed since the last time could help.
  void markHopeful();
  bool helps(const Starved& starved, const Fleet::Member& member) const;

  /// Whether a service has a rest; then it is looked at when that is over.
  bool rests(const std::string& key, MonoTime now);
  void rest(const std::string& key, size_t tasks, MonoTime now);
  /// What is known of a service's tasks, brought up to date.
  Seen& lookUp(const std::string& service);
  void see(Seen& seen, const std::string& task);
  ServiceTask asSeen(const Task& task);
  ServiceView viewOf(const Service& service, std::vector<ServiceTask> tasks) const;
  /// Whether there are tasks of others than DAEMONs on an instance.
  bool servesOthers(const std::string& instance) const;
  /// Writes down which alarms a service is rolled by. Null: there was, or is, none.
  void noteAlarms(const std::string& key, const Service* before, const Service* after);
  /// Writes down which zone an instance can take tasks in, if any. A zone that a cluster has now, or has no
  /// more, may leave each of its services uneven.
  void noteZone(const Instance& instance, bool connected);
  /// The availability zones in which a cluster has ACTIVE instances with an agent, sorted.
  std::vector<std::string> zonesOf(const std::string& cluster) const;
  void lookAt(const std::string& key, Doing& doing);
  void perform(const Service& before, ServicePlan plan, Doing& doing);
  /// Starts what one part of a plan wants; answers the ids of those that are still to be told of, and adds
  /// the event where some have no place.
  std::vector<std::string> start(const Service& service, PlannedStart planned, Doing& doing,
                                 std::vector<std::string>& said);
  void stop(const Service& service, const std::vector<PlannedStop>& stops, Transaction& tx, WallTime now,
            std::vector<std::string>& said);
  ServiceStart whatToStart(const Service& service, const PlannedStart& planned) const;
  void forgetStarved(const std::string& key);
  void say(Service& service, std::vector<std::string> messages, WallTime now);
  void setLook(const std::string& key, std::optional<MonoTime> when);

  const State& state_;
  const ecs::Names& names_;
  Random& random_;
  ServiceOptions options_;
  bool begun_ = false;
  std::deque<std::string> due_;
  std::unordered_set<std::string> marked_;  ///< those in due_
  std::set<std::pair<MonoTime, std::string>> looks_;
  std::unordered_map<std::string, MonoTime> look_of_;
  std::unordered_map<std::string, Seen> seen_;            ///< by service; of those that have been looked at
  std::unordered_set<std::string> zone_names_;            ///< that what was seen refers to; there are few
  std::unordered_map<std::string, MonoTime> rests_;       ///< until when
  std::map<std::string, std::set<std::string>> daemons_;  ///< by cluster
  std::map<std::string, std::map<std::string, Starved>> starved_;  ///< by cluster, by service
  std::map<std::string, std::set<std::string>> alarmed_by_;        ///< by alarm: services
  std::map<std::string, std::map<std::string, size_t>> zones_;     ///< by cluster: instances in each zone
  std::unordered_map<std::string, std::string> zone_of_;           ///< of the instances in zones_
  uint64_t position_ = 0;  ///< the fleet's, up to which its changes have been looked at
  LostHosts lost_;
};

}  // namespace berth::controller
