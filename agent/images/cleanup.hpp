// What to remove to keep the disk from filling up. A function of values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/ports/runtime.hpp"
#include "common/time/clock.hpp"

namespace berth::agent {

struct CleanupPolicy {
  bool images = true;  ///< false: never remove an image (as with the behaviour prefer-cached)
  Duration interval = std::chrono::minutes(30);
  /// Below the high mark: images pulled at least so long ago, so many in one go.
  Duration minimumAge = std::chrono::hours(1);
  size_t imagesPerCycle = 5;
  /// Above the high mark, in bytes or in inodes, images go until both are below the low mark, however many
  /// and however young, but for this.
  double highMark = 0.85;  ///< share of the file system, 0 to 1
  double lowMark = 0.75;
  Duration grace = std::chrono::minutes(2);
  /// Also images and stopped containers that are not this agent's.
  bool untracked = false;
  Duration untrackedAge = std::chrono::hours(1);
  size_t untrackedContainersPerCycle = 5;
  /// Images that stay: canonical names, or repositories for all that is in them. Amazon's agent and pause
  /// images stay in any case.
  std::vector<std::string> exclude;
  /// What stopped containers of ours may take with their logs, all together; 0: any amount. The engine
  /// removes them when their time is up; this, and the high mark, make it do so earlier.
  int64_t stoppedBytes = 0;
};

/// An image of the runtime and what is known of it.
struct ImageFacts {
  StoredImage image;
  bool ours = false;               ///< this agent pulled it
  std::optional<WallTime> cameAt;  ///< pulled, or for others: first seen; nullopt: just now
  std::optional<WallTime> usedAt;  ///< last; nullopt: never, as far as known
  bool inUse = false;              ///< by a container, whoever's and in whatever state
  bool wanted = false;             ///< by a pull, or by a task on its way
};

/// A stopped container.
struct StoppedFacts {
  std::string id;
  bool ours = false;       ///< the engine's: it keeps the container for its log
  bool removable = false;  ///< ours: nothing waits for it any more
  WallTime stoppedAt{};    ///< for those of others: created or first seen stopped
  int64_t bytes = 0;       ///< writable layer and logs
};

struct ImageInventory {
  std::vector<ImageFacts> images;
  std::vector<StoppedFacts> containers;
};

enum class CleanupWhy {
  Age,    ///< old and unused: always done
  Disk,   ///< only as long as the disk is fuller than the goal
  Bound,  ///< stopped containers take more than they may
};

struct ImageRemoval {
  StoredImage image;
  CleanupWhy why = CleanupWhy::Age;
};

struct ContainerRemoval {
  std::string id;
  bool ours = false;
  CleanupWhy why = CleanupWhy::Age;
};

/// Both in the order in which to go; images first. With Disk, look at the disk again before each: layers
/// are shared, so what an image frees is known only afterwards.
struct CleanupPlan {
  std::vector<ImageRemoval> images;
  std::vector<ContainerRemoval> containers;
};

/// `pressed`: as above the high mark, whatever the disk looks like now: a pull has just found it too full.
CleanupPlan planCleanup(const ImageInventory& inventory, const DiskState& disk, const CleanupPolicy& policy,
                        Now now, bool pressed = false);
/// The fullness down to which removals of the reason Disk go on. Normally that is the low mark; when pressed,
/// each time at least as much again is freed as is free at the low mark.
double cleanupGoal(const DiskState& disk, const CleanupPolicy& policy, bool pressed);

/// Used share, of bytes or inodes, whichever is more; 0 when sizes are unknown.
double fullness(const DiskState& disk);
bool aboveHighMark(const DiskState& disk, const CleanupPolicy& policy);
bool aboveLowMark(const DiskState& disk, const CleanupPolicy& policy);

/// InvalidArgument, naming the setting and the way out: marks that are not 0 < low < high <= 1, an interval
/// of 0, negative times and sizes.
Status checkPolicy(const CleanupPolicy& policy);

}  // namespace berth::agent
