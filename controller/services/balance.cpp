// Who is started and who goes, within the bounds.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "controller/services/failures.hpp"
#include "controller/services/look.hpp"
#include "controller/services/texts.hpp"

namespace berth::controller {
namespace {

using Tasks = std::vector<const ServiceTask*>;

/// How many tasks there are in each zone and on each instance.
struct Crowd {
  std::unordered_map<std::string_view, int64_t> zones;
  std::unordered_map<std::string_view, int64_t> hosts;

  void count(const ServiceTask& task, int64_t more) {
    zones[task.zone] += more;
    hosts[task.instance] += more;
  }
};

/// A task that may go.
struct Leaver {
  const ServiceTask* task = nullptr;
  Standing standing = Standing::Coming;
  size_t kept = 0;  ///< place of its deployment among those that are kept
};

/// What decides first who goes: the highest. It does not change while others go.
auto rankOf(const Leaver& leaver) {
  const ServiceTask& task = *leaver.task;
  return std::tuple(leaver.kept, task.waiting, !task.running, leaver.standing == Standing::Failing,
                    leaver.standing != Standing::Healthy, task.leaving);
}

/// Leavers of one rank. The next to go is of the zone with most tasks, of its host with most, and the
/// youngest there.
class Line {
 public:
  Line(std::span<const Leaver> alike, Crowd& crowd) : crowd_(crowd) {
    for (const Leaver& one : alike) zones_[one.task->zone].hosts[one.task->instance].push_back(one.task);
    for (auto& [name, zone] : zones_) {
      for (auto& [host, tasks] : zone.hosts) {
        std::ranges::sort(tasks, {},
                          [](const ServiceTask* one) { return std::tie(one->createdAt, one->id); });
        zone.firsts.insert(firstOf(tasks));
      }
    }
  }

  bool empty() const { return zones_.empty(); }
  /// The next one leaves the line, and the crowd.
  const ServiceTask& take() {
    const auto zone = std::ranges::max_element(zones_, {}, [&](const auto& one) {
      return std::pair(crowd_.zones[one.first], *one.second.firsts.rbegin());
    });
    auto& [hosts, firsts] = zone->second;
    const ServiceTask& task = *std::get<const ServiceTask*>(*firsts.rbegin());
    firsts.erase(std::prev(firsts.end()));
    crowd_.count(task, -1);
    auto& left = hosts.at(task.instance);
    left.pop_back();
    if (!left.empty()) firsts.insert(firstOf(left));
    if (firsts.empty()) zones_.erase(zone);
    return task;
  }

 private:
  /// What decides between hosts, and the task that goes first there.
  using First = std::tuple<int64_t, WallTime, std::string_view, const ServiceTask*>;
  struct Zone {
    std::unordered_map<std::string_view, Tasks>
        hosts;               ///< the youngest last; their counts change only as these go
    std::set<First> firsts;  ///< of each host that has some
  };

  First firstOf(const Tasks& tasks) {
    const ServiceTask& task = *tasks.back();
    return {crowd_.hosts[task.instance], task.createdAt, task.id, &task};
  }

  Crowd& crowd_;
  std::map<std::string_view, Zone> zones_;
};

std::string reasonOf(const ServiceTask& task, const Aim& aim) {
  if (task.leaving) {
    return "ECS is performing maintenance on the underlying infrastructure hosting the task";
  }
  const std::string of(aim.keeps.empty() ? task.of : aim.keeps.front());
  return "Scaling activity initiated by (deployment " + of + ")";
}

/// The tasks of a service by what is to become of them.
struct Sorted {
  std::vector<Leaver> good;     ///< count towards what is desired
  std::vector<Leaver> leavers;  ///< are replaced
  std::vector<Leaver> failing;  ///< likewise, and are of no use
  int64_t healthy = 0;
  bool awaited = false;  ///< somebody may become healthy by himself
};

Sorted sorted(Look& look, const Aim& aim, const Tasks& tasks) {
  Sorted out;
  for (const ServiceTask* task : tasks) {
    const Standing standing = standingOf(look, *task, aim.proven && task->of == aim.startsTo);
    out.healthy += standing == Standing::Healthy;
    out.awaited |= standing == Standing::Coming;
    const auto keeper = std::ranges::find(aim.keeps, task->of);
    const auto kept = static_cast<size_t>(keeper - aim.keeps.begin());
    if (keeper == aim.keeps.end() || task->leaving) {
      out.leavers.push_back({task, standing, kept});
    } else if (standing == Standing::Failing) {
      out.failing.push_back({task, standing, kept});
    } else {
      out.good.push_back({task, standing, kept});
    }
  }
  return out;
}

/// Plans stops within what the bounds spare.
class Stopping {
 public:
  Stopping(Look& look, const Aim& aim, const Sorted& from)
      : look_(look), aim_(aim), from_(from), spare_(from.healthy - aim.least) {}

  /// Stops up to `count` of the leavers that may go.
  void stop(std::vector<Leaver> leavers, int64_t count) {
    const auto many = std::ssize(leavers);
    if (!aim_.forced) {
      std::erase_if(leavers, [&](const Leaver& one) { return isProtected(look_, *one.task); });
    }
    kept_ |= std::ssize(leavers) < std::min(count, many);
    if (!leavers.empty()) lookAround();
    std::ranges::sort(leavers, std::greater(), rankOf);
    for (size_t from = 0; from < leavers.size() && count > 0;) {
      const auto other = [&](const Leaver& one) { return rankOf(one) != rankOf(leavers[from]); };
      const auto begin = leavers.begin() + static_cast<std::ptrdiff_t>(from);
      const auto alike = std::span(begin, std::find_if(begin, leavers.end(), other));
      count -= stopAlike(alike, count);
      from += alike.size();
    }
  }
  /// Protected tasks stay that were to go.
  bool kept() const { return kept_; }

 private:
  /// How many of them do go.
  int64_t stopAlike(std::span<const Leaver> alike, int64_t count) {
    const bool healthy = alike.front().standing == Standing::Healthy;
    count = std::min(count, look_.pace.mostStops - std::ssize(look_.plan.stops));
    if (healthy) count = std::min(count, spare_);
    if (count <= 0) return 0;
    Line line(alike, crowd_);
    int64_t gone = 0;
    for (; gone < count && !line.empty(); ++gone) {
      const ServiceTask& task = line.take();
      look_.plan.stops.push_back({std::string(task.id), task.running, reasonOf(task, aim_), {}});
    }
    if (healthy) spare_ -= gone;
    return gone;
  }

  void lookAround() {
    if (!crowd_.hosts.empty()) return;
    for (const auto* list : {&from_.good, &from_.leavers}) {
      for (const Leaver& one : *list) crowd_.count(*one.task, 1);
    }
  }

  Look& look_;
  const Aim& aim_;
  const Sorted& from_;
  int64_t spare_ = 0;
  Crowd crowd_;
  bool kept_ = false;
};

/// Counts the failures of tasks that are stopped because of their health checks.
void blame(Look& look, const ServiceTask& task) {
  for (Deployment& one : look.plan.service.deployments) {
    if (one.id != task.of) continue;
    ++one.failedTasks;
    count(one.setbacks, task.createdAt, look.now);
  }
}

void stopFailing(Look& look, const std::vector<Leaver>& failing) {
  for (const Leaver& one : failing) {
    std::string id(one.task->id);
    look.plan.said.push_back(saysUnhealthy(look.view.service, id));
    look.plan.stops.push_back({std::move(id), one.task->running, "Task failed container health checks", {}});
    blame(look, *one.task);
  }
}

/// Whether nothing is to be started yet after failures.
bool waitsToRetry(Look& look, const Aim& aim) {
  const auto when = retryAt(aim.setbacks, look.pace, look.now);
  if (when) look.again(*when);
  return when.has_value();
}

int64_t healthyOf(const std::vector<Leaver>& leavers) {
  return std::ranges::count(leavers, Standing::Healthy, &Leaver::standing);
}

Spread spreadOf(const std::vector<Leaver>& good) {
  Spread out;
  for (const Leaver& one : good) {
    (one.standing == Standing::Healthy ? out.healthy : out.coming).push_back(one.task);
  }
  return out;
}

/// Plans a task more where there are too few, when all is well but for the zones. Whether there is one.
bool startInEmptierZone(Look& look, const Aim& aim, const Sorted& from, int64_t room) {
  const bool well = from.leavers.empty() && from.failing.empty() && std::ssize(from.good) == aim.desired &&
                    healthyOf(from.good) == aim.desired;
  if (aim.zones.empty() || !well || room <= 0) return false;
  auto zones = emptierZones(look, aim, spreadOf(from.good));
  if (zones.empty()) return false;
  if (!waitsToRetry(look, aim)) look.plan.starts.push_back({aim.startsTo, 1, {}, std::move(zones)});
  return true;
}

/// Of a stop that takes the zones' surplus: which zone it is of.
void nameZones(Look& look, const Aim& aim, size_t first) {
  if (aim.zones.empty() || !isEvening(look.view.service)) return;
  for (size_t i = first; i < look.plan.stops.size(); ++i) {
    PlannedStop& stop = look.plan.stops[i];
    stop.zone = std::ranges::find(look.view.tasks, stop.task, &ServiceTask::id)->zone;
  }
}

Balance outcome(const Look& look, const Aim& aim, const Sorted& from, bool waits, bool kept) {
  Balance out;
  const bool complete = std::ssize(from.good) == aim.desired && healthyOf(from.good) == aim.desired;
  out.settled = complete && from.leavers.empty() && from.failing.empty();
  out.kept = kept;
  const bool moves = !look.plan.starts.empty() || !look.plan.stops.empty();
  const bool stuck = !aim.startsTo.empty() || !from.leavers.empty();
  out.blocked = !out.settled && stuck && !moves && !waits && !kept && !from.awaited && !look.view.crowded;
  return out;
}

/// The tasks of a DAEMON that are one too many on their instance, or where none is to be, leave.
void keepOneEach(Look& look, Sorted& from) {
  std::ranges::sort(from.good, {}, [](const Leaver& one) {
    return std::tuple(one.standing != Standing::Healthy, one.task->createdAt, one.task->id);
  });
  std::vector<std::string> open = look.view.hosts;
  std::ranges::sort(open);
  const auto stays = [&](const Leaver& one) {
    const auto found = std::ranges::lower_bound(open, one.task->instance);
    if (found == open.end() || *found != one.task->instance) return false;
    open.erase(found);
    return true;
  };
  std::vector<Leaver> good;
  for (const Leaver& one : from.good) (stays(one) ? good : from.leavers).push_back(one);
  from.good = std::move(good);
}

}  // namespace

bool isProtected(Look& look, const ServiceTask& task) {
  if (!task.protectedUntil || *task.protectedUntil <= look.now) return false;
  look.again(*task.protectedUntil);
  return true;
}

Standing standingOf(Look& look, const ServiceTask& task, bool proven) {
  if (!task.running) return Standing::Coming;
  if (!task.checked) {
    const bool healthy = proven || overOrAgain(look, task.startedAt, look.pace.healthyAfter);
    return healthy ? Standing::Healthy : Standing::Coming;
  }
  if (task.health == Health::Healthy) return Standing::Healthy;
  if (task.health == Health::Unknown) return Standing::Coming;
  const auto grace = std::chrono::seconds(look.view.service.healthCheckGrace);
  return overOrAgain(look, task.startedAt, grace) ? Standing::Failing : Standing::Coming;
}

Balance balance(Look& look, const Aim& aim, const Tasks& tasks) {
  const Sorted from = sorted(look, aim, tasks);
  const int64_t needs = aim.desired - std::ssize(from.good);
  const int64_t room = aim.most - std::ssize(tasks);
  const bool starts = !aim.startsTo.empty() && needs > 0;
  const bool waits = starts && waitsToRetry(look, aim);
  if (starts && !waits && room > 0) {
    look.plan.starts.push_back({aim.startsTo, std::min(needs, room), {}, {}});
  }
  Stopping stopping(look, aim, from);
  stopping.stop(from.leavers, std::ssize(from.leavers));
  // Others are started first where there is room for them.
  const bool replaced = healthyOf(from.good) >= aim.desired;
  if (replaced || look.view.crowded || aim.forced || (needs > 0 && room <= 0))
    stopFailing(look, from.failing);
  const bool uneven = needs == 0 && startInEmptierZone(look, aim, from, room);
  if (needs < 0 && !(needs == -1 && room >= 0 && evensOut(look, aim, spreadOf(from.good)))) {
    const size_t stops = look.plan.stops.size();
    stopping.stop(from.good, -needs);
    if (needs == -1) nameZones(look, aim, stops);
  }
  Balance out = outcome(look, aim, from, waits, stopping.kept());
  out.uneven = uneven;
  // Else it would say again and again that it is steady, while there is no room to even it out.
  out.settled &= !uneven;
  out.blocked &= !uneven;
  return out;
}

Balance balanceDaemon(Look& look, const Aim& aim, const Tasks& tasks) {
  Sorted from = sorted(look, aim, tasks);
  keepOneEach(look, from);
  std::vector<std::string_view> taken;
  for (const ServiceTask* task : tasks) taken.push_back(task->instance);
  std::ranges::sort(taken);
  PlannedStart start{aim.startsTo, 0, {}, {}};
  const int64_t room = aim.most - std::ssize(tasks);
  for (const std::string& host : look.view.hosts) {
    if (std::ssize(start.hosts) >= room) break;
    if (!std::ranges::binary_search(taken, host)) start.hosts.push_back(host);
  }
  start.count = std::ssize(start.hosts);
  const bool starts = !aim.startsTo.empty() && start.count > 0;
  const bool waits = starts && waitsToRetry(look, aim);
  if (starts && !waits) look.plan.starts.push_back(std::move(start));
  Stopping stopping(look, aim, from);
  stopping.stop(from.leavers, std::ssize(from.leavers));
  stopFailing(look, from.failing);
  return outcome(look, aim, from, waits, stopping.kept());
}

}  // namespace berth::controller
