#include "controller/model/fleet.hpp"

#include <algorithm>

namespace berth::controller {
namespace {

/// Entries that the journal keeps at least.
constexpr size_t kShortestJournal = 1024;

}  // namespace

void Load::count(const Task& task, int64_t more) {
  const bool waits = task.lastStatus == TaskStatus::Pending;
  (waits ? pending : begun) += more;
  if (task.stopWanted) return;
  running += more;
  if (task.lastStatus == TaskStatus::Running) settled += more;
}

void Load::add(const Task& task) {
  used.add(task.spec->resources);
  count(task, 1);
  const auto found = std::ranges::find(groups, task.spec->group, &std::pair<std::string, int64_t>::first);
  if (found != groups.end()) {
    ++found->second;
  } else {
    groups.emplace_back(task.spec->group, 1);
  }
}

void Load::subtract(const Task& task) {
  used.subtract(task.spec->resources);
  count(task, -1);
  const auto found = std::ranges::find(groups, task.spec->group, &std::pair<std::string, int64_t>::first);
  if (found != groups.end() && --found->second == 0) groups.erase(found);
}

int64_t Load::of(const std::string& group) const {
  const auto found = std::ranges::find(groups, group, &std::pair<std::string, int64_t>::first);
  return found == groups.end() ? 0 : found->second;
}

void Fleet::put(const Instance& instance, const Load& load) {
  if (instance.status == "INACTIVE") return erase(instance.id);
  auto known = slots_.find(instance.id);
  if (known == slots_.end()) {
    Slot slot = static_cast<Slot>(members_.size());
    if (free_.empty()) {
      members_.emplace_back();
      places_.push_back(0);
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    known = slots_.emplace(instance.id, slot).first;
    std::vector<Slot>& cluster = clusters_[instance.cluster];
    places_[slot] = cluster.size();
    cluster.push_back(slot);
  }
  Member& member = members_[known->second];
  member.instance = &instance;
  member.load = &load;
  member.registered = version_ + 1;
  note(known->second);
}

void Fleet::erase(const std::string& id) {
  const auto known = slots_.find(id);
  if (known == slots_.end()) return;
  const Slot slot = known->second;
  std::vector<Slot>& cluster = clusters_[members_[slot].instance->cluster];
  const size_t place = places_[slot];
  cluster[place] = cluster.back();
  places_[cluster[place]] = place;
  cluster.pop_back();
  members_[slot].instance = nullptr;
  members_[slot].load = nullptr;
  note(slot);
  free_.push_back(slot);
  slots_.erase(known);
}

void Fleet::touch(const std::string& id) {
  if (const auto known = slots_.find(id); known != slots_.end()) note(known->second);
}

void Fleet::connect(const Instance& instance) {
  const auto known = slots_.find(instance.id);
  if (known == slots_.end()) return;
  members_[known->second].instance = &instance;
  note(known->second);
}

std::optional<Fleet::Slot> Fleet::find(const std::string& id) const {
  const auto known = slots_.find(id);
  return known == slots_.end() ? std::nullopt : std::optional(known->second);
}

const std::vector<Fleet::Slot>& Fleet::in(const std::string& cluster) const {
  static const std::vector<Slot> kNone;
  const auto found = clusters_.find(cluster);
  return found == clusters_.end() ? kNone : found->second;
}

std::optional<std::span<const Fleet::Slot>> Fleet::changedSince(uint64_t position) const {
  if (position < begin_) return std::nullopt;
  return std::span(journal_).subspan(static_cast<size_t>(position - begin_));
}

void Fleet::note(Slot slot) {
  members_[slot].version = ++version_;
  journal_.push_back(slot);
  // Who is behind by more changes than there are members looks at all of them.
  const size_t most = std::max(kShortestJournal, 2 * members_.size());
  if (journal_.size() < 2 * most) return;
  const size_t dropped = journal_.size() - most;
  journal_.erase(journal_.begin(), journal_.begin() + static_cast<std::ptrdiff_t>(dropped));
  begin_ += dropped;
}

}  // namespace berth::controller
