#include "controller/core/waiting.hpp"

#include <algorithm>

#include "controller/api/capacity.hpp"
#include "controller/api/gpus.hpp"
#include "controller/api/placement.hpp"
#include "controller/api/waiting.hpp"

namespace berth::controller {
namespace {

/// Slots in the fleet's journal that are still somebody's, each once.
std::vector<Fleet::Slot> changedSince(const Fleet& fleet, uint64_t position) {
  std::vector<Fleet::Slot> out;
  if (const auto changed = fleet.changedSince(position)) {
    out.assign(changed->begin(), changed->end());
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
  } else {
    for (size_t slot = 0; slot < fleet.slots(); ++slot) out.push_back(static_cast<Fleet::Slot>(slot));
  }
  std::erase_if(out, [&](Fleet::Slot slot) { return fleet.at(slot).instance == nullptr; });
  return out;
}

bool isOf(const Instance& instance, const std::string& provider) {
  const Attribute* own = instance.attribute(kProviderAttribute);
  return own && own->value == provider;
}

}  // namespace

bool WaitingQueue::note(const Task& task) {
  if (!task.waits()) {
    forget(task.id);
    return true;
  }
  if (known_.contains(task.id)) return true;
  const auto& spec = task.spec.pointer();
  Groups& groups = groups_[spec->cluster];
  auto group = groups.find(spec.get());
  if (group == groups.end()) {
    auto request = placementOf(state_, *spec);
    if (std::holds_alternative<ApiError>(request)) return false;
    group = groups.emplace(spec.get(), Group{spec, std::get<PlacementRequest>(std::move(request))}).first;
  }
  ++group->second.tasks;
  // Whoever lets a task wait has just looked at all instances.
  if (known_.empty()) position_ = state_.fleet().position();
  known_.emplace(task.id, Known{spec.get(), task.waitsUntil()});
  deadlines_.emplace(task.waitsUntil(), task.id);
  return true;
}

void WaitingQueue::forget(const std::string& task) {
  if (known_.empty()) return;
  const auto known = known_.find(task);
  if (known == known_.end()) return;
  const auto cluster = groups_.find(known->second.spec->cluster);
  const auto group = cluster->second.find(known->second.spec);
  deadlines_.erase({known->second.until, task});
  known_.erase(known);
  if (--group->second.tasks > 0) return;
  cluster->second.erase(group);
  if (cluster->second.empty()) groups_.erase(cluster);
}

std::map<std::string, WaitingQueue::Specs> WaitingQueue::hopeful() {
  const Fleet& fleet = state_.fleet();
  std::map<std::string, Specs> out;
  for (const Fleet::Slot slot : changedSince(fleet, position_)) {
    const auto cluster = groups_.find(fleet.at(slot).instance->cluster);
    if (cluster == groups_.end()) continue;
    Specs& specs = out[cluster->first];
    if (specs.size() == cluster->second.size()) continue;
    for (const auto& [spec, group] : cluster->second) {
      if (!specs.contains(spec) && !unfit(fleet.at(slot), group.request)) specs.insert(spec);
    }
  }
  position_ = fleet.position();
  return out;
}

void WaitingQueue::place(Scheduler& scheduler, Random& random, const Commit& commit) {
  // What is placed may be what another waits for, so that is a change to look at, too.
  while (!empty() && position_ != state_.fleet().position()) {
    for (auto& [cluster, specs] : hopeful()) placeIn(cluster, std::move(specs), scheduler, random, commit);
  }
}

void WaitingQueue::placeIn(const std::string& cluster, Specs hopeful, Scheduler& scheduler, Random& random,
                           const Commit& commit) {
  while (!hopeful.empty()) {
    // The first that may fit, and those behind it that want the same.
    std::vector<const Task*> run;
    for (const Task* task : state_.waitingIn(cluster)) {
      if (!hopeful.contains(task->spec.pointer().get())) continue;
      if (!run.empty() && run.front()->spec.pointer() != task->spec.pointer()) break;
      run.push_back(task);
    }
    if (run.empty()) return;
    const TaskSpec* spec = run.front()->spec.pointer().get();
    const auto places = scheduler.place(groupOf(spec).request, std::ssize(run), random);
    if (places.size() < run.size()) hopeful.erase(spec);
    Transaction tx(state_);
    for (size_t i = 0; i < places.size(); ++i) {
      Task task = *run[i];
      task.instance = state_.fleet().at(places[i]).instance->id;
      task.lastStatus = TaskStatus::Pending;
      ++task.version;
      assignGpus(tx, task);
      tx.put(std::move(task));
    }
    if (!places.empty()) commit(tx);
  }
}

void WaitingQueue::giveUp(Transaction& tx, WallTime now) const {
  std::map<const TaskSpec*, std::string> reasons;
  for (const auto& [until, id] : deadlines_) {
    if (until > now) return;
    Task task = *state_.task(id);
    const TaskSpec* spec = known_.at(id).spec;
    auto reason = reasons.find(spec);
    if (reason == reasons.end()) reason = reasons.emplace(spec, reasonFor(groupOf(spec))).first;
    endWithoutAgent(task, now);
    task.stopCode = "TaskFailedToStart";
    task.stoppedReason = "TaskFailedToStart: " + reason->second;
    ++task.version;
    tx.put(std::move(task));
  }
}

std::optional<WallTime> WaitingQueue::nextDeadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

const WaitingQueue::Group& WaitingQueue::groupOf(const TaskSpec* spec) const {
  return groups_.at(spec->cluster).at(spec);
}

std::map<Unfit, size_t> WaitingQueue::refusedBy(const Group& group) const {
  std::map<Unfit, size_t> out;
  const std::string& provider = group.spec->capacityProvider;
  for (const Unplaced& one : whyNot(state_.fleet(), group.request, {})) {
    if (provider.empty() || isOf(*state_.fleet().at(one.slot).instance, provider)) ++out[one.why];
  }
  return out;
}

/// In the words of a stopped task's reason (Amazon ECS, stopped tasks error messages).
std::string WaitingQueue::reasonFor(const Group& group) const {
  const auto refused = refusedBy(group);
  if (refused.empty()) {
    return group.spec->capacityProvider.empty() ? "NO ACTIVE INSTANCES" : "EMPTY CAPACITY PROVIDER";
  }
  const auto most = std::ranges::max_element(refused, {}, &std::pair<const Unfit, size_t>::second);
  if (most->first == Unfit::Inactive) return "NO ACTIVE INSTANCES";
  std::string reason = reasonOf(most->first);
  if (reason.ends_with('.')) reason.pop_back();
  return reason;
}

std::optional<Wait> WaitingQueue::waitOf(const std::string& task) const {
  const auto known = known_.find(task);
  if (known == known_.end()) return std::nullopt;
  Wait out{state_.task(task)->createdAt, known->second.until, {}};
  for (const auto& [why, count] : refusedBy(groupOf(known->second.spec))) out.refused[reasonOf(why)] = count;
  return out;
}

}  // namespace berth::controller
