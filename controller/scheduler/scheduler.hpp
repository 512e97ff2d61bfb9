// Placement: a request and the fleet in, a plan out.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids/random.hpp"
#include "controller/model/fleet.hpp"
#include "controller/scheduler/fit.hpp"
#include "controller/scheduler/request.hpp"

namespace berth::controller {

class PlacementView;

/// `count` copies at most, one after the other, each where the strategies want it most among the instances
/// that fit. Looks at all of the cluster for each copy: what right is, and for small clusters.
std::vector<Fleet::Slot> placeByScan(const Fleet& fleet, const PlacementRequest& request, int64_t count,
                                     Random& random);

/// One member that can't take a copy.
struct Unplaced {
  Fleet::Slot slot = 0;
  Unfit why = Unfit::Agent;
  int64_t copies = 0;  ///< that it has been given
};
/// All of the cluster that can't, when `placed` have their copies; by instance id.
std::vector<Unplaced> whyNot(const Fleet& fleet, const PlacementRequest& request,
                             const std::vector<Fleet::Slot>& placed);

/// Answers as placeByScan does, in a time that hardly grows with the cluster when a request comes again.
/// Belongs to one fleet.
class Scheduler {
 public:
  explicit Scheduler(const Fleet& fleet);
  ~Scheduler();

  /// The instances for the copies that have a place. Nothing is taken of them: that is the state's.
  std::vector<Fleet::Slot> place(const PlacementRequest& request, int64_t count, Random& random);
  /// The same for a group whose tasks are on `holders` alone, each of which is named once. Groups with few of
  /// them share what is known of the fleet, so many groups that ask for the same cost no more than one.
  std::vector<Fleet::Slot> placeBeside(const std::vector<Fleet::Slot>& holders,
                                       const PlacementRequest& request, int64_t count, Random& random);

 private:
  struct Known {
    std::string key;
    std::unique_ptr<PlacementView> view = nullptr;  ///< null: none was worth its cost yet
    bool again = false;                             ///< it has come more than once
  };

  bool isSmall(const PlacementRequest& request) const;
  /// Makes it the latest one.
  Known& remember(const PlacementRequest& request);
  /// The view of a request; it is made where there is none.
  PlacementView& viewOf(Known& known, const PlacementRequest& request);

  const Fleet& fleet_;
  std::list<Known> known_;  ///< the latest first
  std::unordered_map<std::string, std::list<Known>::iterator> byKey_;
};

}  // namespace berth::controller
