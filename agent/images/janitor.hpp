// Keeps the disk from filling up: takes stock, plans, and removes one thing at a time.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/images/cleanup.hpp"
#include "agent/images/image_memory.hpp"
#include "agent/images/stock.hpp"
#include "agent/ports/runtime.hpp"
#include "common/async/async.hpp"
#include "common/async/event.hpp"
#include "common/log/log.hpp"

namespace berth::agent {

struct JanitorPorts {
  Runtime& runtime;
  ImageMemory& memory;
  /// Images of all tasks that are not stopped yet, as their definitions write them. Asked again right
  /// before each removal.
  std::function<std::vector<std::string>()> wantedImages;
  /// Containers of all tasks.
  std::function<std::vector<KeptContainer>()> myContainers;
  /// Makes the engine clean up the task of this stopped container now. Optional.
  std::function<void(const std::string& containerId)> removeEarly;
};

/// What one cycle did.
struct CleanupSummary {
  size_t images = 0;
  size_t containers = 0;  ///< of others: removed; of ours: passed to the engine
  size_t failed = 0;
  std::optional<DiskState> disk;  ///< afterwards; nullopt: could not be read
  bool stuck = false;             ///< it had to get below the low mark, and could not
};

class Janitor {
 public:
  /// Everything must outlive the coroutines. The policy must have passed checkPolicy().
  Janitor(JanitorPorts ports, CleanupPolicy policy, const Clock& clock, Log& log);

  /// A cycle each interval, and whenever the disk is above its high mark, looked at every ten seconds, or
  /// after wake(). Until `stop`.
  Async<void> run(std::stop_token stop);
  /// One cycle. A failure is logged once for each cause, and then again only after it was gone for a cycle.
  /// `pressed`: see planCleanup.
  Async<CleanupSummary> cycle(std::stop_token stop = {}, bool pressed = false);
  /// From the next cycle on. The policy must have passed checkPolicy().
  void reconfigure(CleanupPolicy policy) { policy_ = std::move(policy); }
  /// The disk was full for somebody: clean up now, pressed. Any number of times.
  void wake() {
    pressed_ = true;
    woken_.set();
  }

 private:
  Async<std::optional<DiskState>> disk();
  Async<std::optional<ImageInventory>> stock();
  Async<bool> stillFull(CleanupWhy why);
  void judge(const DiskState& before, bool pressed, CleanupSummary& summary);
  Async<void> removeImages(const CleanupPlan& plan, std::stop_token stop, CleanupSummary& summary);
  Async<void> removeContainers(const CleanupPlan& plan, std::stop_token stop, CleanupSummary& summary);
  Async<void> untilDue(std::stop_token stop, bool stuck);
  std::vector<std::string> wanted() const;
  void complain(std::string_view what, const Error& error);

  JanitorPorts ports_;
  CleanupPolicy policy_;
  const Clock& clock_;
  Log& log_;
  Event woken_;
  bool pressed_ = false;
  double goal_ = 0;       ///< of this cycle
  std::stop_token stop_;  ///< of the run: a runtime that does not answer doesn't hold it up
  FirstSeen firstSeen_;
  std::set<std::string> complaints_;  ///< made in an earlier cycle, or this one
  std::set<std::string> current_;     ///< those of this cycle
};

}  // namespace berth::agent
