#include "controller/core/service_keeper.hpp"

#include <algorithm>
#include <memory>

#include "controller/api/services/run_tasks.hpp"
#include "controller/scheduler/fit.hpp"
#include "controller/services/failures.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

/// The service (Service::key) of a task; nullopt when it is of none.
std::optional<std::string> serviceOf(const Task& task) {
  const auto name = serviceOfGroup(task.spec->group);
  return name ? std::optional(Service::keyOf(task.spec->cluster, *name)) : std::nullopt;
}

/// The service that a key of something of it ("cluster/service/id") begins with.
std::string ownerOf(const std::string& key) { return key.substr(0, key.find('/', key.find('/') + 1)); }

bool isDaemon(const Service& service) {
  return service.scheduling == SchedulingStrategy::Daemon && service.status == ServiceStatus::Active;
}

bool sameForPlacement(const Instance& one, const Instance& other) {
  return one.status == other.status && one.attributes == other.attributes;
}

/// A value as a transaction has it: what is staged before what is in the state.
template <class Of>
std::optional<Of> stagedOr(const Transaction& tx, Kind kind, const std::string& key, const Of* known) {
  for (const Mutation& mutation : tx.staged()) {
    if (mutation.kind != kind || mutation.key != key) continue;
    const auto* staged = mutation.as<Of>();
    return staged ? std::optional(*staged) : std::nullopt;
  }
  return known ? std::optional(*known) : std::nullopt;
}

/// What the end or the recovery of a task means for its service.
struct Turn {
  std::shared_ptr<const Task> task;
  bool failed = false;  ///< else its health checks have found it healthy
};

std::vector<Turn> turnsIn(const Transaction& tx, const ServicePace& pace) {
  std::vector<Turn> out;
  for (const Mutation& mutation : tx.staged()) {
    const auto* after = mutation.as<Task>();
    if (!after || !serviceOfGroup(after->spec->group)) continue;
    const Task* before = tx.state().task(after->id);
    if (!before || before->lastStatus == TaskStatus::Stopped) continue;
    const bool ended = after->lastStatus == TaskStatus::Stopped;
    const bool failed = ended && hasFailed(*after, pace);
    const bool healed = !ended && healthOf(*after) == Health::Healthy && healthOf(*before) != Health::Healthy;
    if (failed || healed) out.push_back({std::get<std::shared_ptr<const Task>>(mutation.value), failed});
  }
  return out;
}

}  // namespace

ServiceKeeper::ServiceKeeper(const State& state, const ecs::Names& names, Random& random,
                             ServiceOptions options)
    : state_(state), names_(names), random_(random), options_(options), lost_(options.lost) {}

void ServiceKeeper::witness(Transaction& tx, WallTime now) {
  if (!options_.schedule) return;
  for (const Turn& turn : turnsIn(tx, options_.pace)) {
    const Task& task = *turn.task;
    const std::string key = *serviceOf(task);
    auto service = stagedOr(tx, Kind::Service, key, state_.service(key));
    if (!service || service->status == ServiceStatus::Inactive) continue;
    const auto deployment = std::ranges::find(service->deployments, task.startedBy, &Deployment::id);
    const std::string set_key = key + "/" + task.startedBy;
    auto set = stagedOr(tx, Kind::TaskSet, set_key, state_.taskSet(set_key));
    const bool rolled = deployment != service->deployments.end();
    if (!rolled && !set) continue;
    Setbacks& setbacks = rolled ? deployment->setbacks : set->setbacks;
    if (!turn.failed) {
      const bool clean = setbacks.rounds == 0 && (!rolled || deployment->failedTasks == 0);
      if (clean) continue;
      setbacks = {};
      if (rolled && service->rules.breaker.resetOnHealthyTask) deployment->failedTasks = 0;
    } else {
      count(setbacks, task.createdAt, now);
      if (rolled) ++deployment->failedTasks;
      std::vector<std::string> said{saysTaskFailed(*service, task)};
      if (setbacks.rounds >= kImpairedRounds) said.push_back(saysImpaired(*service));
      std::erase_if(said, [&](const std::string& one) { return wasSaid(*service, one, now); });
      say(*service, std::move(said), now);
    }
    tx.put(std::move(*service));
    if (set && !rolled) tx.put(std::move(*set));
  }
}

void ServiceKeeper::note(const Mutations& mutations) {
  if (!options_.schedule) return;
  for (const Mutation& mutation : mutations) {
    if (mutation.kind == Kind::Service) {
      const auto* service = mutation.as<Service>();
      const std::string cluster = mutation.key.substr(0, mutation.key.find('/'));
      if (service && isDaemon(*service)) {
        daemons_[cluster].insert(mutation.key);
      } else if (const auto known = daemons_.find(cluster); known != daemons_.end()) {
        known->second.erase(mutation.key);
        if (known->second.empty()) daemons_.erase(known);
      }
      noteAlarms(mutation.key, state_.service(mutation.key), service);
      mark(mutation.key);
    } else if (mutation.kind == Kind::Task) {
      noteTask(mutation);
    } else if (mutation.kind == Kind::ServiceDeployment || mutation.kind == Kind::TaskSet) {
      mark(ownerOf(mutation.key));
    } else if (mutation.kind == Kind::TaskProtection) {
      const Task* protected_one = state_.task(mutation.key);
      const auto service = protected_one ? serviceOf(*protected_one) : std::nullopt;
      if (service) markTask(*service, mutation.key);
    } else if (const auto* instance = mutation.as<Instance>()) {
      noteInstance(*instance);
    } else if (mutation.kind == Kind::Instance) {
      markTasksOn(mutation.key);
    } else if (mutation.kind == Kind::Alarm) {
      const auto services = alarmed_by_.find(mutation.key);
      if (services == alarmed_by_.end()) continue;
      for (const std::string& service : services->second) mark(service);
    }
  }
}

void ServiceKeeper::noteTask(const Mutation& mutation) {
  if (const auto* task = mutation.as<Task>()) {
    if (const auto service = serviceOf(*task)) markTask(*service, task->id);
    if (task->lastStatus == TaskStatus::Stopped) markDaemonsBehind(*task);
    return;
  }
  // Erased. One that had stopped before is seen no more in any case.
  const Task* known = state_.task(mutation.key);
  if (!known || known->lastStatus == TaskStatus::Stopped) return;
  if (const auto service = serviceOf(*known)) markTask(*service, known->id);
}

void ServiceKeeper::noteInstance(const Instance& instance) {
  const Instance* before = state_.instance(instance.id);
  if (before && sameForPlacement(*before, instance)) return;
  noteZone(instance, before && before->connected);
  markDaemons(instance.cluster);
  markTasksOn(instance.id);
  if (instance.status == "INACTIVE") lost_.returned(instance.id);
}

void ServiceKeeper::noteAlarms(const std::string& key, const Service* before, const Service* after) {
  const auto namesOf = [](const Service* service) {
    const bool watched = service && service->rules.alarms.enabled;
    return watched ? service->rules.alarms.names : std::vector<std::string>();
  };
  const auto old = namesOf(before);
  const auto fresh = namesOf(after);
  if (old == fresh) return;
  for (const std::string& alarm : old) {
    alarmed_by_[alarm].erase(key);
    if (alarmed_by_[alarm].empty()) alarmed_by_.erase(alarm);
  }
  for (const std::string& alarm : fresh) alarmed_by_[alarm].insert(key);
}

void ServiceKeeper::noteZone(const Instance& instance, bool connected) {
  const Attribute* attribute = instance.attribute(kZoneAttribute);
  const bool counts = connected && instance.status == "ACTIVE" && attribute;
  const std::string zone = counts ? attribute->value.value_or("") : "";
  const auto known = zone_of_.find(instance.id);
  const std::string before = known == zone_of_.end() ? "" : known->second;
  if (zone == before) return;
  auto& zones = zones_[instance.cluster];
  bool changed = false;
  if (!before.empty() && --zones[before] == 0) changed = zones.erase(before) > 0;
  if (!zone.empty() && ++zones[zone] == 1) changed = true;
  if (zone.empty()) {
    zone_of_.erase(instance.id);
  } else {
    zone_of_[instance.id] = zone;
  }
  if (!changed) return;
  const auto& services = state_.services();
  const std::string first = Service::keyOf(instance.cluster, "");
  for (auto it = services.lower_bound(first); it != services.end() && it->first.starts_with(first); ++it) {
    if (it->second.status == ServiceStatus::Active) mark(it->first);
  }
}

std::vector<std::string> ServiceKeeper::zonesOf(const std::string& cluster) const {
  std::vector<std::string> out;
  const auto zones = zones_.find(cluster);
  if (zones == zones_.end()) return out;
  for (const auto& [zone, count] : zones->second) out.push_back(zone);
  return out;
}

void ServiceKeeper::connected(const std::string& instance) {
  if (!options_.schedule) return;
  if (lost_.returned(instance)) markTasksOn(instance);
  const Instance* known = state_.instance(instance);
  if (!known) return;
  noteZone(*known, true);
  const auto daemons = daemons_.find(known->cluster);
  if (daemons == daemons_.end()) return;
  for (const std::string& key : daemons->second) {
    const std::string group = serviceGroup(key.substr(key.find('/') + 1));
    const bool there = std::ranges::any_of(state_.tasksOn(instance), [&](const Task* task) {
      return !task->stopWanted && task->spec->group == group;
    });
    if (!there) mark(key);
  }
}

void ServiceKeeper::disconnected(const std::string& instance, MonoTime now) {
  if (!options_.schedule) return;
  lost_.left(instance, now);
  if (const Instance* known = state_.instance(instance)) noteZone(*known, false);
}

void ServiceKeeper::mark(const std::string& service) {
  if (marked_.insert(service).second) due_.push_back(service);
}

void ServiceKeeper::markTask(const std::string& service, const std::string& task) {
  if (const auto known = seen_.find(service); known != seen_.end()) known->second.changed.insert(task);
  mark(service);
}

void ServiceKeeper::markTasksOn(const std::string& instance) {
  for (const Task* task : state_.tasksOn(instance)) {
    if (task->stopWanted || task->lastStatus == TaskStatus::Stopped) continue;
    if (const auto service = serviceOf(*task)) markTask(*service, task->id);
  }
}

void ServiceKeeper::markDaemonsBehind(const Task& ended) {
  const auto daemons = daemons_.find(ended.spec->cluster);
  const Instance* instance = state_.instance(ended.instance);
  if (daemons == daemons_.end() || !instance || instance->status != "DRAINING") return;
  for (const Task* task : state_.tasksOn(instance->id)) {
    const auto service = serviceOf(*task);
    if (service && daemons->second.contains(*service)) mark(*service);
  }
}

void ServiceKeeper::markDaemons(const std::string& cluster) {
  const auto daemons = daemons_.find(cluster);
  if (daemons == daemons_.end()) return;
  for (const std::string& key : daemons->second) mark(key);
}

bool ServiceKeeper::helps(const Starved& starved, const Fleet::Member& member) const {
  if (!starved.hosts.empty() && !starved.hosts.contains(member.instance->id)) return false;
  return std::ranges::any_of(starved.requests,
                             [&](const PlacementRequest& one) { return !unfit(member, one); });
}

void ServiceKeeper::forgetStarved(const std::string& key) {
  const auto cluster = starved_.find(key.substr(0, key.find('/')));
  if (cluster == starved_.end()) return;
  cluster->second.erase(key);
  if (cluster->second.empty()) starved_.erase(cluster);
}

void ServiceKeeper::markHopeful() {
  const Fleet& fleet = state_.fleet();
  if (starved_.empty() || position_ == fleet.position()) return;
  const auto look = [&](Fleet::Slot slot) {
    const Fleet::Member& member = fleet.at(slot);
    if (!member.instance) return;
    const auto services = starved_.find(member.instance->cluster);
    if (services == starved_.end()) return;
    for (const auto& [key, starved] : services->second) {
      if (!marked_.contains(key) && helps(starved, member)) mark(key);
    }
  };
  if (const auto changed = fleet.changedSince(position_)) {
    for (const Fleet::Slot slot : std::set<Fleet::Slot>(changed->begin(), changed->end())) look(slot);
  } else {
    for (size_t slot = 0; slot < fleet.slots(); ++slot) look(static_cast<Fleet::Slot>(slot));
  }
  position_ = fleet.position();
}

void ServiceKeeper::begin(Now now) {
  begun_ = true;
  position_ = state_.fleet().position();
  for (const auto& [key, service] : state_.services()) {
    if (service.status == ServiceStatus::Inactive) continue;
    if (isDaemon(service)) daemons_[service.cluster].insert(key);
    noteAlarms(key, nullptr, &service);
    mark(key);
  }
  for (const auto& instance : state_.instances()) {
    noteZone(*instance, instance->connected);
    if (!instance->connected && instance->status != "INACTIVE") lost_.unheard(instance->id, now.mono);
  }
}

void ServiceKeeper::work(Scheduler& scheduler, Recipes& recipes, Now now, const Commit& commit) {
  if (!options_.schedule) return;
  if (!begun_) begin(now);
  while (!looks_.empty() && looks_.begin()->first <= now.mono) {
    const std::string key = looks_.begin()->second;
    setLook(key, std::nullopt);
    mark(key);
  }
  for (const std::string& instance : lost_.giveUp(now.mono)) markTasksOn(instance);
  markHopeful();
  Doing doing{scheduler, recipes, now, commit, options_.mostStarts};
  for (int64_t left = options_.mostLooks; left > 0 && doing.starts > 0 && !due_.empty(); --left) {
    const std::string key = std::move(due_.front());
    due_.pop_front();
    marked_.erase(key);
    if (!rests(key, now.mono)) lookAt(key, doing);
  }
}

bool ServiceKeeper::rests(const std::string& key, MonoTime now) {
  const auto known = rests_.find(key);
  if (known == rests_.end()) return false;
  const MonoTime until = known->second;
  if (until <= now) {
    rests_.erase(known);
    return false;
  }
  const auto look = look_of_.find(key);
  if (look == look_of_.end() || look->second > until) setLook(key, until);
  return true;
}

void ServiceKeeper::rest(const std::string& key, size_t tasks, MonoTime now) {
  const Duration length = options_.restPerTask * static_cast<int64_t>(tasks);
  if (length >= options_.leastRest) rests_[key] = now + length;
}

void ServiceKeeper::setLook(const std::string& key, std::optional<MonoTime> when) {
  if (const auto known = look_of_.find(key); known != look_of_.end()) {
    looks_.erase({known->second, key});
    look_of_.erase(known);
  }
  if (!when) return;
  looks_.emplace(*when, key);
  look_of_.emplace(key, *when);
}

std::optional<MonoTime> ServiceKeeper::nextDeadline() const {
  if (!options_.schedule) return std::nullopt;
  if (!due_.empty()) return MonoTime{};
  std::optional<MonoTime> next = lost_.nextDeadline();
  if (!looks_.empty() && (!next || looks_.begin()->first < *next)) next = looks_.begin()->first;
  return next;
}

}  // namespace berth::controller
