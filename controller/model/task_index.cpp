#include "controller/model/task_index.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace berth::controller {
namespace {

constexpr size_t kShardBits = 8;
constexpr size_t kFewestSlots = 8;

size_t hashOf(std::string_view id) { return std::hash<std::string_view>()(id); }

/// The lower bits of a hash choose the shard, those above them the slot in it.
size_t homeOf(size_t hash, size_t slots) { return (hash >> kShardBits) & (slots - 1); }

}  // namespace

size_t TaskIndex::slotOf(const Shard& shard, std::string_view id, size_t hash) {
  size_t slot = homeOf(hash, shard.slots.size());
  while (shard.slots[slot] && (*shard.slots[slot])->id != id) slot = (slot + 1) & (shard.slots.size() - 1);
  return slot;
}

TaskIndex::Place TaskIndex::find(std::string_view id) const {
  const size_t hash = hashOf(id);
  const Shard& shard = shards_[hash % kShards];
  return shard.used == 0 ? nullptr : shard.slots[slotOf(shard, id, hash)];
}

void TaskIndex::insert(Place place) {
  const std::string_view id = (*place)->id;
  const size_t hash = hashOf(id);
  Shard& shard = shards_[hash % kShards];
  // At most three of four are taken, so that searches are short.
  if (4 * (shard.used + 1) > 3 * shard.slots.size()) grow(shard);
  shard.slots[slotOf(shard, id, hash)] = place;
  ++shard.used;
}

void TaskIndex::grow(Shard& shard) {
  const size_t size = std::max(kFewestSlots, 2 * shard.slots.size());
  const auto old = std::exchange(shard.slots, std::vector<Place>(size));
  for (const Place place : old) {
    if (place) shard.slots[slotOf(shard, (*place)->id, hashOf((*place)->id))] = place;
  }
}

void TaskIndex::erase(std::string_view id) {
  const size_t hash = hashOf(id);
  Shard& shard = shards_[hash % kShards];
  if (shard.used == 0) return;
  size_t free = slotOf(shard, id, hash);
  if (!shard.slots[free]) return;
  shard.slots[free] = nullptr;
  --shard.used;
  // Those behind it whose search passes the free slot move up; a search ends at a free one.
  const size_t mask = shard.slots.size() - 1;
  for (size_t slot = (free + 1) & mask; shard.slots[slot]; slot = (slot + 1) & mask) {
    const size_t home = homeOf(hashOf((*shard.slots[slot])->id), shard.slots.size());
    if (((slot - home) & mask) < ((slot - free) & mask)) continue;
    shard.slots[free] = std::exchange(shard.slots[slot], nullptr);
    free = slot;
  }
}

}  // namespace berth::controller
