#include "agent/images/janitor.hpp"

#include <algorithm>
#include <utility>

#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

constexpr Duration kLook = std::chrono::seconds(10);
/// A disk that cleaning up can't help is not worth a stock-taking every few seconds.
constexpr Duration kStuckLook = std::chrono::minutes(1);

std::string_view wordFor(CleanupWhy why) {
  switch (why) {
    case CleanupWhy::Age:
      return "old and unused";
    case CleanupWhy::Disk:
      return "the disk is above its mark";
    case CleanupWhy::Bound:
      return "stopped containers take more than their bound";
  }
  return "";
}

std::string nameOf(const StoredImage& image) {
  return image.references.empty() ? image.id : image.references.front();
}

}  // namespace

Janitor::Janitor(JanitorPorts ports, CleanupPolicy policy, const Clock& clock, Log& log)
    : ports_(std::move(ports)), policy_(std::move(policy)), clock_(clock), log_(log) {}

void Janitor::complain(std::string_view what, const Error& error) {
  std::string cause = std::string(what) + ": " + error.message;
  current_.insert(cause);
  if (complaints_.insert(std::move(cause)).second) {
    log_.warn("cleaning up: " + std::string(what), {{"error", error.message}});
  }
}

std::vector<std::string> Janitor::wanted() const {
  std::vector<std::string> names = ports_.wantedImages();
  for (const PullStatus& pull : ports_.runtime.pullStatus()) names.push_back(pull.image);
  return names;
}

Async<std::optional<DiskState>> Janitor::disk() {
  const Result<DiskState> state =
      co_await loopAwait<DiskState>([&](auto done) { ports_.runtime.diskState(std::move(done)); }, stop_);
  if (state) co_return *state;
  complain("can't say how full the disk is", state.error());
  co_return std::nullopt;
}

Async<std::optional<ImageInventory>> Janitor::stock() {
  const WallTime listedAt = clock_.now().wall;
  StockSources sources;
  Result<std::vector<StoredImage>> images = co_await loopAwait<std::vector<StoredImage>>(
      [&](auto done) { ports_.runtime.listImages(std::move(done)); }, stop_);
  if (!images) {
    complain("can't list images", images.error());
    co_return std::nullopt;
  }
  // Containers after images: one that was made meanwhile shows that its image is in use.
  const bool sizes = policy_.stoppedBytes > 0;
  Result<std::vector<ContainerUse>> uses = co_await loopAwait<std::vector<ContainerUse>>(
      [&](auto done) { ports_.runtime.listUses(sizes, std::move(done)); }, stop_);
  if (!uses) {
    complain("can't list containers", uses.error());
    co_return std::nullopt;
  }
  sources.images = std::move(*images);
  sources.uses = std::move(*uses);
  sources.kept = ports_.myContainers();
  sources.wanted = wanted();
  const WallTime now = clock_.now().wall;
  std::set<std::string> present;
  for (const StoredImage& image : sources.images) present.insert(image.id);
  ports_.memory.keepOnly(present, listedAt);
  for (const ContainerUse& use : sources.uses) ports_.memory.imageUsed(use.imageId, now);
  co_return takeStock(sources, ports_.memory, firstSeen_, now);
}

Async<bool> Janitor::stillFull(CleanupWhy why) {
  if (why != CleanupWhy::Disk) co_return true;
  const std::optional<DiskState> now = co_await disk();
  if (!now) co_return false;
  co_return fullness(*now) > goal_;
}

Async<void> Janitor::removeImages(const CleanupPlan& plan, std::stop_token stop, CleanupSummary& summary) {
  for (const ImageRemoval& removal : plan.images) {
    const bool due = co_await stillFull(removal.why);
    if (stop.stop_requested()) co_return;
    // Nothing may suspend between this look and the removal: a task that comes later finds its pull waiting
    // for the removal's end.
    if (!due || isWanted(removal.image, wanted())) continue;
    const auto removed = co_await loopAwait<std::monostate>(
        [&](auto done) { ports_.runtime.removeImage(removal.image, std::move(done)); }, stop_);
    if (!removed) {
      ++summary.failed;
      complain("can't remove image " + nameOf(removal.image), removed.error());
      continue;
    }
    ++summary.images;
    ports_.memory.forgetImage(removal.image.id);
    log_.info("removed an image", {{"image", nameOf(removal.image)},
                                   {"id", removal.image.id},
                                   {"bytes", removal.image.bytes},
                                   {"why", wordFor(removal.why)}});
  }
}

Async<void> Janitor::removeContainers(const CleanupPlan& plan, std::stop_token stop,
                                      CleanupSummary& summary) {
  for (const ContainerRemoval& removal : plan.containers) {
    const bool due = co_await stillFull(removal.why);
    if (stop.stop_requested()) co_return;
    if (!due) continue;
    if (removal.ours) {
      if (!ports_.removeEarly) continue;
      ports_.removeEarly(removal.id);
    } else {
      const auto removed = co_await loopAwait<std::monostate>(
          [&](auto done) { ports_.runtime.remove(removal.id, false, std::move(done)); }, stop_);
      if (!removed) {
        ++summary.failed;
        complain("can't remove container " + removal.id, removed.error());
        continue;
      }
    }
    ++summary.containers;
    log_.info("removed a stopped container",
              {{"container", removal.id}, {"ours", removal.ours}, {"why", wordFor(removal.why)}});
  }
}

void Janitor::judge(const DiskState& before, bool pressed, CleanupSummary& summary) {
  summary.stuck =
      (pressed || aboveHighMark(before, policy_)) && summary.disk && aboveLowMark(*summary.disk, policy_);
  if (!summary.stuck) return;
  complain(
      "the disk stays above its low mark",
      makeError(Code::ResourceExhausted, "nothing more may be removed below " + summary.disk->path +
                                             "; what fills it is in use, not this agent's, or no image"));
}

Async<CleanupSummary> Janitor::cycle(std::stop_token stop, bool pressed) {
  stop_ = stop;
  CleanupSummary summary;
  current_.clear();
  const std::optional<DiskState> seen = co_await disk();
  const std::optional<ImageInventory> inventory = co_await stock();
  if (inventory && !stop.stop_requested()) {
    const DiskState before = seen.value_or(DiskState{});
    goal_ = cleanupGoal(before, policy_, pressed);
    const CleanupPlan plan = planCleanup(*inventory, before, policy_, clock_.now(), pressed);
    co_await removeImages(plan, stop, summary);
    co_await removeContainers(plan, stop, summary);
    summary.disk = co_await disk();
    judge(before, pressed, summary);
  }
  complaints_ = current_;
  co_return summary;
}

Async<void> Janitor::untilDue(std::stop_token stop, bool stuck) {
  const MonoTime due = clock_.now().mono + policy_.interval;
  const Duration look = stuck ? kStuckLook : kLook;
  while (!stop.stop_requested()) {
    const Duration left = due - clock_.now().mono;
    if (left <= Duration::zero()) co_return;
    if (co_await woken_.wait(std::min(left, look))) co_return;
    const std::optional<DiskState> state = co_await disk();
    if (state && aboveHighMark(*state, policy_)) co_return;
  }
}

Async<void> Janitor::run(std::stop_token stop) {
  stop_ = stop;
  const std::stop_callback awake(stop, [this] { woken_.set(); });
  bool stuck = false;
  while (!stop.stop_requested()) {
    co_await untilDue(stop, stuck);
    if (stop.stop_requested()) co_return;
    woken_.reset();
    const CleanupSummary summary = co_await cycle(stop, std::exchange(pressed_, false));
    stuck = summary.stuck;
  }
}

}  // namespace berth::agent
