// Where each task is, by its id: a step or two however many there are. The order by id is kept elsewhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "controller/model/task.hpp"

namespace berth::controller {

class TaskIndex {
 public:
  /// Where a task's newest value is kept: it may be another one each time, under the same id.
  using Place = const std::shared_ptr<const Task>*;

  /// Null when there is none.
  Place find(std::string_view id) const;
  /// The place must stay until erase(); its id must not be there.
  void insert(Place place);
  /// Unknown ids are ignored.
  void erase(std::string_view id);

 private:
  /// Open addressing. There are many small ones, as one that grows looks at all it has.
  struct Shard {
    std::vector<Place> slots;
    /// Some bits of each slot's hash; 0: it is free. To look at an id costs some misses of the cache.
    std::vector<uint8_t> tags;
    size_t used = 0;
  };

  static constexpr size_t kShards = 256;
  /// Of the place of an id, or of the free slot where the search for it ends. The shard must have a free one.
  static size_t slotOf(const Shard& shard, std::string_view id, size_t hash);
  static void put(Shard& shard, Place place, size_t hash);
  static void grow(Shard& shard);

  std::array<Shard, kShards> shards_;
};

}  // namespace berth::controller
