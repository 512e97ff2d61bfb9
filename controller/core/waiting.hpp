// The tasks that wait for a place: tried again when a host has changed, given up at their deadline. They are
// tried in the order in which they came, and who does not fit lets others pass; tasks of one spec want the
// same, so each spec is looked at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/model/state.hpp"
#include "controller/model/wait.hpp"
#include "controller/scheduler/scheduler.hpp"

namespace berth::controller {

/// Belongs to one state, which must outlive it.
class WaitingQueue {
 public:
  explicit WaitingQueue(const State& state) : state_(state) {}

  /// A task of the state is new or has changed. False: it is to wait, and what it asks for can't be made out.
  bool note(const Task& task);
  bool empty() const { return known_.empty(); }

  using Commit = std::function<void(Transaction&)>;
  /// Gives places to those that have one now, by transactions that `commit` is to apply to the state at once,
  /// until nobody fits any more.
  void place(Scheduler& scheduler, Random& random, const Commit& commit);

  /// Stages the end of those whose time is over: STOPPED, TaskFailedToStart, with the reason that keeps most
  /// instances from taking them.
  void giveUp(Transaction& tx, WallTime now) const;
  /// The first deadline.
  std::optional<WallTime> nextDeadline() const;

  /// nullopt for a task that does not wait.
  std::optional<Wait> waitOf(const std::string& task) const;

 private:
  struct Group {
    std::shared_ptr<const TaskSpec> spec;  ///< keeps the key from becoming another spec's
    PlacementRequest request;
    size_t tasks = 0;
  };
  struct Known {
    const TaskSpec* spec = nullptr;
    WallTime until;
  };
  using Groups = std::unordered_map<const TaskSpec*, Group>;
  using Specs = std::set<const TaskSpec*>;

  void forget(const std::string& task);
  /// By cluster, the specs that one of the instances that have changed since the last look could take.
  std::map<std::string, Specs> hopeful();
  void placeIn(const std::string& cluster, Specs hopeful, Scheduler& scheduler, Random& random,
               const Commit& commit);
  /// How many instances fail which test.
  std::map<Unfit, size_t> refusedBy(const Group& group) const;
  std::string reasonFor(const Group& group) const;
  const Group& groupOf(const TaskSpec* spec) const;

  const State& state_;
  std::map<std::string, Groups> groups_;  ///< by cluster; those that have some
  std::unordered_map<std::string, Known> known_;
  std::set<std::pair<WallTime, std::string>> deadlines_;
  uint64_t position_ = 0;  ///< the fleet's, up to which its changes have been looked at
};

}  // namespace berth::controller
