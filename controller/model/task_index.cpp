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

/// The upper bits, which no place follows from.
uint8_t tagOf(size_t hash) { return static_cast<uint8_t>(hash >> 56 | 1); }

}  // namespace

size_t TaskIndex::slotOf(const Shard& shard, std::string_view id, size_t hash) {
  size_t slot = homeOf(hash, shard.slots.size());
  const uint8_t tag = tagOf(hash);
  while (shard.tags[slot] != 0 && (shard.tags[slot] != tag || (*shard.slots[slot])->id != id))
    slot = (slot + 1) & (shard.slots.size() - 1);
  return slot;
}

void TaskIndex::put(Shard& shard, Place place, size_t hash) {
  const size_t slot = slotOf(shard, (*place)->id, hash);
  shard.slots[slot] = place;
  shard.tags[slot] = tagOf(hash);
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
  put(shard, place, hash);
  ++shard.used;
}

void TaskIndex::grow(Shard& shard) {
  const size_t size = std::max(kFewestSlots, 2 * shard.slots.size());
  const auto old = std::exchange(shard.slots, std::vector<Place>(size));
  shard.tags.assign(size, 0);
  for (const Place place : old) {
    if (place) put(shard, place, hashOf((*place)->id));
  }
}

void TaskIndex::erase(std::string_view id) {
  const size_t hash = hashOf(id);
  Shard& shard = shards_[hash % kShards];
  if (shard.used == 0) return;
  size_t free = slotOf(shard, id, hash);
  if (!shard.slots[free]) return;
  shard.slots[free] = nullptr;
  shard.tags[free] = 0;
  --shard.used;
  // Those behind it whose search passes the free slot move up; a search ends at a free one.
  const size_t mask = shard.slots.size() - 1;
  for (size_t slot = (free + 1) & mask; shard.slots[slot]; slot = (slot + 1) & mask) {
    const size_t home = homeOf(hashOf((*shard.slots[slot])->id), shard.slots.size());
    if (((slot - home) & mask) < ((slot - free) & mask)) continue;
    shard.slots[free] = std::exchange(shard.slots[slot], nullptr);
    shard.tags[free] = std::exchange(shard.tags[slot], 0);
    free = slot;
  }
}

}  // namespace berth::controller
