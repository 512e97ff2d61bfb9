// The instances that tasks can be placed on, as the scheduler walks them: an index beside the state's
// entities.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/model/entities.hpp"

namespace berth::controller {

/// What the tasks of an instance that are not STOPPED make of it.
struct Load {
  Resources used;
  std::vector<std::pair<std::string, int64_t>> groups;  ///< with how many tasks each
  int64_t running = 0;                                  ///< tasks that are wanted to run
  int64_t settled = 0;                                  ///< of those, the ones that are RUNNING
  int64_t pending = 0;                                  ///< tasks that are PENDING
  int64_t begun = 0;                                    ///< tasks that are RUNNING or STOPPING

  void add(const Task& task);
  void subtract(const Task& task);
  /// The numbers alone, once more (1) or once less (-1).
  void count(const Task& task, int64_t more);
  /// Tasks of a group.
  int64_t of(const std::string& group) const;
};

/// Keeps no values of its own but who has changed since when: a reader that remembers its position looks only
/// at those. Instances that are INACTIVE are not in it.
class Fleet {
 public:
  /// A member's place; it is given to another once its instance is gone.
  using Slot = uint32_t;

  struct Member {
    const Instance* instance = nullptr;  ///< null: a free slot
    const Load* load = nullptr;
    uint64_t version = 0;     ///< grows with each change of either
    uint64_t registered = 0;  ///< grows with each change of the instance
  };

  /// Adds or changes a member; both values must stay where they are until erase().
  void put(const Instance& instance, const Load& load);
  void erase(const std::string& id);
  /// The load of an instance has changed.
  void touch(const std::string& id);
  /// A member's instance has another value, which says the same but for whether it is connected.
  void connect(const Instance& instance);

  const Member& at(Slot slot) const { return members_[slot]; }
  std::optional<Slot> find(const std::string& id) const;
  /// One past the highest slot.
  size_t slots() const { return members_.size(); }
  /// All of a cluster, in no order.
  const std::vector<Slot>& in(const std::string& cluster) const;

  uint64_t position() const { return begin_ + journal_.size(); }
  /// Slots that have changed since a position, with repetitions; nullopt when that is so long ago that a look
  /// at all of them costs less.
  std::optional<std::span<const Slot>> changedSince(uint64_t position) const;

 private:
  void note(Slot slot);

  std::vector<Member> members_;
  std::vector<size_t> places_;  ///< of each slot, in its cluster's list
  std::vector<Slot> free_;
  std::unordered_map<std::string, Slot> slots_;
  std::unordered_map<std::string, std::vector<Slot>> clusters_;
  std::vector<Slot> journal_;
  uint64_t begin_ = 0;  ///< position of the journal's first entry
  uint64_t version_ = 0;
};

}  // namespace berth::controller
