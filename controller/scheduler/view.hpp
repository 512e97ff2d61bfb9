// The instances of a cluster as one request sees them, sorted by its strategies. Private to the folder.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids/random.hpp"
#include "controller/scheduler/fit.hpp"

namespace berth::controller {

/// A tree with a level for each strategy; see docs/design/controller.md. Where a level spreads over an
/// attribute, instances that do not fit are in it too, as their tasks count.
class PlacementView {
 public:
  PlacementView(const Fleet& fleet, PlacementRequest request);
  ~PlacementView();

  /// As Scheduler::place.
  std::vector<Fleet::Slot> place(int64_t count, Random& random);
  /// The same for another group than the request's, whose tasks are on `holders` alone: for the length of the
  /// call they are seen as that group sees them. What it costs grows with them.
  std::vector<Fleet::Slot> placeFor(const std::string& group, const std::vector<Fleet::Slot>& holders,
                                    int64_t count, Random& random);

  static constexpr size_t kMostLevels = 5;

 private:
  struct Tree;

  /// Where a slot is in the tree.
  struct Place {
    uint64_t version = 0;     ///< of the member that this is of
    uint64_t registered = 0;  ///< likewise; of the next two
    bool fitsStatically = false;
    std::array<int64_t, kMostLevels> values{};  ///< of the attributes, for levels that spread over one
    bool inside = false;
    bool fits = false;
    int64_t tasks = 0;  ///< of the group
    std::array<int64_t, kMostLevels> keys{};
    size_t at = 0;  ///< in its leaf, if it fits
  };

  void catchUp();
  /// The best places; they are left with their copies.
  std::vector<Fleet::Slot> choose(int64_t count, Random& random);
  void refresh(Fleet::Slot slot, int64_t copies);
  void learn(const Fleet::Member& member, Place& place);
  int64_t keyAt(size_t level, const Fleet::Member& member, const Place& place, int64_t copies) const;
  int64_t valueOf(const Fleet::Member& member, size_t level);
  void add(Tree& tree, size_t level, Fleet::Slot slot, Place& place);
  void remove(Tree& tree, size_t level, Fleet::Slot slot, const Place& place);
  int64_t rankOf(size_t level, int64_t key, const Tree& child) const;
  template <class Change>
  void below(Tree& tree, size_t level, const Place& place, Change change);
  bool spreads(size_t level) const;

  const Fleet& fleet_;
  PlacementRequest request_;
  std::vector<Strategy> levels_;
  bool countsAll_ = false;  ///< a level spreads over an attribute
  std::unique_ptr<Tree> root_;
  std::vector<Place> places_;  ///< by slot
  std::array<std::unordered_map<std::string, int64_t>, kMostLevels> values_;
  uint64_t position_ = 0;
  bool fresh_ = true;  ///< has never caught up
};

}  // namespace berth::controller
