#include "agent/images/cleanup.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "agent/images/image_names.hpp"

namespace berth::agent {
namespace {

/// Repositories of which no image is ever removed, whoever brought it: an agent's own parts.
constexpr std::array<std::string_view, 3> kOwnParts = {
    "docker.io/amazon/amazon-ecs-agent", "docker.io/amazon/amazon-ecs-pause", "docker.io/berth/pause"};

double share(int64_t used, int64_t total) {
  return total <= 0 ? 0 : static_cast<double>(used) / static_cast<double>(total);
}

bool excluded(const StoredImage& image, const CleanupPolicy& policy) {
  return std::ranges::any_of(image.references, [&](const std::string& reference) {
    const std::string name = canonicalImage(reference);
    if (std::ranges::count(kOwnParts, repositoryOf(name)) > 0) return true;
    return std::ranges::any_of(
        policy.exclude, [&](const std::string& kept) { return kept == name || kept == repositoryOf(name); });
  });
}

bool untouchable(const ImageFacts& facts, const CleanupPolicy& policy) {
  if (facts.inUse || facts.wanted || !facts.cameAt) return true;
  if (!facts.ours && !policy.untracked) return true;
  return excluded(facts.image, policy);
}

/// The least recently used first; one that was never used counts from when it came.
bool goesBefore(const ImageFacts* a, const ImageFacts* b) {
  const auto key = [](const ImageFacts* facts) {
    return std::tuple(std::max(facts->usedAt.value_or(*facts->cameAt), *facts->cameAt), *facts->cameAt,
                      facts->image.id);
  };
  return key(a) < key(b);
}

std::vector<ImageRemoval> planImages(const ImageInventory& inventory, bool full, const CleanupPolicy& policy,
                                     WallTime now) {
  std::vector<const ImageFacts*> free;
  for (const ImageFacts& facts : inventory.images) {
    if (!untouchable(facts, policy)) free.push_back(&facts);
  }
  std::ranges::sort(free, goesBefore);
  std::vector<ImageRemoval> out;
  size_t aged = 0;
  for (const ImageFacts* facts : free) {
    const Duration age = now - *facts->cameAt;
    const bool old = age >= (facts->ours ? policy.minimumAge : policy.untrackedAge);
    if (old && aged < policy.imagesPerCycle) {
      ++aged;
      out.push_back(ImageRemoval{facts->image, CleanupWhy::Age});
    } else if (full && age >= policy.grace) {
      out.push_back(ImageRemoval{facts->image, CleanupWhy::Disk});
    }
  }
  return out;
}

std::vector<ContainerRemoval> planContainers(const ImageInventory& inventory, bool full,
                                             const CleanupPolicy& policy, WallTime now) {
  std::vector<const StoppedFacts*> stopped;
  int64_t bytes = 0;
  for (const StoppedFacts& facts : inventory.containers) {
    if (facts.ours) bytes += facts.bytes;
    if (facts.ours ? facts.removable : policy.untracked) stopped.push_back(&facts);
  }
  std::ranges::sort(stopped, {},
                    [](const StoppedFacts* facts) { return std::tuple(facts->stoppedAt, facts->id); });
  std::vector<ContainerRemoval> out;
  size_t others = 0;
  for (const StoppedFacts* facts : stopped) {
    const Duration age = now - facts->stoppedAt;
    const bool over = policy.stoppedBytes > 0 && bytes > policy.stoppedBytes;
    const bool old = !facts->ours && age >= policy.untrackedAge;
    std::optional<CleanupWhy> why;
    if (old && others < policy.untrackedContainersPerCycle) {
      why = CleanupWhy::Age;
    } else if (facts->ours && over) {
      why = CleanupWhy::Bound;
    } else if (full && age >= policy.grace) {
      why = CleanupWhy::Disk;
    }
    if (!why) continue;
    if (!facts->ours) ++others;
    if (facts->ours) bytes -= facts->bytes;
    out.push_back(ContainerRemoval{facts->id, facts->ours, *why});
  }
  return out;
}

}  // namespace

double fullness(const DiskState& disk) {
  return std::max(share(disk.usedBytes, disk.totalBytes), share(disk.usedInodes, disk.totalInodes));
}

bool aboveHighMark(const DiskState& disk, const CleanupPolicy& policy) {
  return fullness(disk) > policy.highMark;
}

bool aboveLowMark(const DiskState& disk, const CleanupPolicy& policy) {
  return fullness(disk) > policy.lowMark;
}

CleanupPlan planCleanup(const ImageInventory& inventory, const DiskState& disk, const CleanupPolicy& policy,
                        Now now, bool pressed) {
  const bool full = pressed || aboveHighMark(disk, policy);
  CleanupPlan plan;
  if (policy.images) plan.images = planImages(inventory, full, policy, now.wall);
  plan.containers = planContainers(inventory, full, policy, now.wall);
  return plan;
}

double cleanupGoal(const DiskState& disk, const CleanupPolicy& policy, bool pressed) {
  if (!pressed) return policy.lowMark;
  return std::min(policy.lowMark, fullness(disk) - (1 - policy.lowMark));
}

Status checkPolicy(const CleanupPolicy& policy) {
  if (!(policy.lowMark > 0 && policy.lowMark < policy.highMark && policy.highMark <= 1)) {
    return makeError(Code::InvalidArgument,
                     "the marks of cleaning up are shares of the disk, the low one above 0 and below the "
                     "high one, which is at most 1; use 0.75 and 0.85");
  }
  if (policy.interval <= Duration::zero()) {
    return makeError(Code::InvalidArgument,
                     "the interval of cleaning up is not above 0; use 30m, or switch cleaning up off");
  }
  for (const Duration age : {policy.minimumAge, policy.grace, policy.untrackedAge}) {
    if (age < Duration::zero()) {
      return makeError(Code::InvalidArgument, "an age of cleaning up is below 0; use 0s for no age at all");
    }
  }
  if (policy.stoppedBytes < 0) {
    return makeError(Code::InvalidArgument, "the bound of stopped containers is below 0; use 0 for no bound");
  }
  return {};
}

}  // namespace berth::agent
