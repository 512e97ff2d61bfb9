#include "tests/simulation/placements.hpp"

#include <algorithm>

#include "tests/simulation/world.hpp"

namespace berth::simulation {
namespace {

using controller::Instance;
using controller::Resources;
using controller::State;
using controller::Task;
using New = std::vector<const Task*>;

Json spreadOverZones() { return Json{{"type", "spread"}, {"field", "attribute:zone"}}; }
Json byMemory() { return Json{{"type", "binpack"}, {"field", "memory"}}; }

std::vector<Manner> allManners() {
  const char* expression = "attribute:rack in [rack-1, rack-2] and not (attribute:zone == zone-0)";
  const Json member{{"type", "memberOf"}, {"expression", expression}};
  const Json distinct{{"type", "distinctInstance"}};
  return {
      {.name = "anywhere", .options = Json::object()},
      {.name = "spread",
       .options = {{"placementStrategy", Json::array({spreadOverZones()})}},
       .spreads = true},
      {.name = "packed", .options = {{"placementStrategy", Json::array({byMemory()})}}, .packs = true},
      {.name = "spread-packed",
       .options = {{"placementStrategy", Json::array({spreadOverZones(), byMemory()})}},
       .spreads = true,
       .packs = true},
      {.name = "racked", .options = {{"placementConstraints", Json::array({member})}}, .racked = true},
      {.name = "apart", .options = {{"placementConstraints", Json::array({distinct})}}, .apart = true},
  };
}

const Manner* mannerOf(const std::string& name) {
  const auto found = std::ranges::find(manners(), name, &Manner::name);
  return found == manners().end() ? nullptr : &*found;
}

bool over(const Task& task) { return task.lastStatus == controller::TaskStatus::Stopped; }

/// What the tasks of an instance take of it.
Resources takenOf(const State& state, const Instance& instance) {
  Resources out;
  for (const Task* task : state.tasksOn(instance.id)) {
    if (over(*task)) continue;
    const Resources& more = task->spec->resources;
    for (const uint16_t port : more.ports) {
      if (!out.ports.insert(port).second || instance.registered.ports.contains(port)) {
        throw Violation("port " + std::to_string(port) + " of instance " + instance.id + " was given twice");
      }
    }
    out.cpu += more.cpu;
    out.memory += more.memory;
  }
  return out;
}

bool takesTasks(const Instance& instance) { return instance.connected && instance.status == "ACTIVE"; }

size_t ofGroup(const State& state, const Instance& instance, const std::string& group) {
  return static_cast<size_t>(std::ranges::count_if(state.tasksOn(instance.id), [&](const Task* task) {
    return !over(*task) && task->spec->group == group;
  }));
}

void checkHost(const State& state, const Task& task, const Manner& manner) {
  const Instance* instance = state.instance(task.instance);
  if (!instance) throw Violation("task " + task.id + " was placed on an instance that is not there");
  if (!takesTasks(*instance)) {
    throw Violation("task " + task.id + " was placed on an instance that is " + instance->status +
                    (instance->connected ? "" : " and not connected"));
  }
  if (manner.apart && ofGroup(state, *instance, task.spec->group) != 1) {
    throw Violation("task " + task.id + " shares its instance with one of its group");
  }
  const std::string rack = attributeOf(*instance, "rack");
  const std::string zone = attributeOf(*instance, "zone");
  if (manner.racked && ((rack != "rack-1" && rack != "rack-2") || zone == "zone-0")) {
    throw Violation("task " + task.id + " was placed in " + rack + " and " + zone);
  }
}

struct Zone {
  size_t tasks = 0;  ///< of the group
  bool room = false;
};

/// No zone that got a task has two more of the group than one that could have taken it.
void checkSpread(const State& state, const New& placed) {
  std::map<std::string, Zone> zones;
  for (const auto& instance : state.instances()) {
    if (instance->status == "INACTIVE") continue;
    Zone& zone = zones[attributeOf(*instance, "zone")];
    zone.tasks += ofGroup(state, *instance, placed[0]->spec->group);
    zone.room = zone.room || hasRoom(state, *instance, placed[0]->spec->resources);
  }
  for (const Task* task : placed) {
    const std::string name = attributeOf(*state.instance(task->instance), "zone");
    for (const auto& [other, zone] : zones) {
      if (zone.room && zones[name].tasks > zone.tasks + 1) {
        throw Violation("task " + task->id + " was placed in " + name + " with " +
                        std::to_string(zones[name].tasks) + " tasks and not in " + other + " with " +
                        std::to_string(zone.tasks));
      }
    }
  }
}

/// Of the hosts that could have taken a task none had less memory left than the one that got it, before it
/// got the last one.
void checkPacked(const State& state, const New& placed, bool withinZone) {
  const Resources& ask = placed[0]->spec->resources;
  const auto left = [&](const Instance& of) { return of.registered.memory - takenOf(state, of).memory; };
  for (const Task* task : placed) {
    const Instance& mine = *state.instance(task->instance);
    const int64_t before = left(mine) + ask.memory;
    for (const auto& instance : state.instances()) {
      const Instance& other = *instance;
      if (withinZone && attributeOf(other, "zone") != attributeOf(mine, "zone")) continue;
      if (other.id == mine.id || !hasRoom(state, other, ask) || left(other) >= before) continue;
      // What got copies of the same call had more left when this one was placed, perhaps.
      if (std::ranges::any_of(placed, [&](const Task* one) { return one->instance == other.id; })) continue;
      throw Violation("task " + task->id + " was placed where " + std::to_string(before) +
                      " MiB were left, and not where " + std::to_string(left(other)) + " were");
    }
  }
}

}  // namespace

std::string attributeOf(const Instance& instance, const char* name) {
  const controller::Attribute* found = instance.attribute(name);
  return found && found->value ? *found->value : "";
}

bool hasRoom(const State& state, const Instance& instance, const Resources& ask) {
  if (!takesTasks(instance)) return false;
  const Resources taken = takenOf(state, instance);
  const auto free = [&](uint16_t port) {
    return !taken.ports.contains(port) && !instance.registered.ports.contains(port);
  };
  return taken.cpu + ask.cpu <= instance.registered.cpu &&
         taken.memory + ask.memory <= instance.registered.memory && std::ranges::all_of(ask.ports, free);
}

const std::vector<Manner>& manners() {
  static const std::vector<Manner> all = allManners();
  return all;
}

void checkLoad(const State& state, const Instance& instance) {
  const Resources taken = takenOf(state, instance);
  if (taken.cpu > instance.registered.cpu || taken.memory > instance.registered.memory) {
    throw Violation("instance " + instance.id + " was given more than it has");
  }
  if (!(taken == state.used(instance.id))) {
    throw Violation("instance " + instance.id + " is counted wrongly");
  }
}

void Placements::check(const State& state, const controller::Mutations& mutations) {
  New placed;
  for (const controller::Mutation& mutation : mutations) {
    const auto* task = mutation.as<Task>();
    if (task && known_.insert(task->id).second) placed.push_back(state.task(task->id));
  }
  const Manner* manner = placed.empty() ? nullptr : mannerOf(placed[0]->startedBy);
  if (!manner) return;
  placed_[manner->name] += placed.size();
  for (const Task* task : placed) checkHost(state, *task, *manner);
  if (manner->spreads) checkSpread(state, placed);
  if (manner->packs) checkPacked(state, placed, manner->spreads);
}

}  // namespace berth::simulation
