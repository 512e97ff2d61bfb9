#include "agent/images/cleanup.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

const Now kNow{MonoTime(1h), WallTime(1000h)};
const DiskState kRoomy{"/data", 1000, 100, 1000, 100};
const DiskState kFull{"/data", 1000, 900, 1000, 100};
const DiskState kOutOfInodes{"/data", 1000, 100, 1000, 900};

/// One of ours, unused for `age` and pulled as long ago.
ImageFacts image(const std::string& id, std::chrono::milliseconds age) {
  ImageFacts facts;
  facts.image = StoredImage{id, {"registry:5000/" + id + ":1"}, 10, {}};
  facts.ours = true;
  facts.cameAt = kNow.wall - age;
  facts.usedAt = kNow.wall - age;
  return facts;
}

StoppedFacts stopped(const std::string& id, std::chrono::milliseconds age, int64_t bytes = 0) {
  StoppedFacts facts;
  facts.id = id;
  facts.ours = true;
  facts.removable = true;
  facts.stoppedAt = kNow.wall - age;
  facts.bytes = bytes;
  return facts;
}

Ids images(const CleanupPlan& plan) {
  Ids out;
  for (const auto& each : plan.images) out.push_back(each.image.id);
  return out;
}

Ids containers(const CleanupPlan& plan) {
  Ids out;
  for (const auto& each : plan.containers) out.push_back(each.id);
  return out;
}

CleanupPlan plan(std::vector<ImageFacts> of, const DiskState& disk, const CleanupPolicy& policy = {}) {
  return planCleanup(ImageInventory{std::move(of), {}}, disk, policy, kNow);
}

CleanupPlan plan(std::vector<StoppedFacts> of, const DiskState& disk, const CleanupPolicy& policy = {}) {
  return planCleanup(ImageInventory{{}, std::move(of)}, disk, policy, kNow);
}

TEST_CASE("With room on the disk the oldest unused images go, so many in one cycle") {
  std::vector<ImageFacts> all;
  for (int i = 0; i < 8; ++i) all.push_back(image("i" + std::to_string(i), 2h + i * 1min));
  all.push_back(image("young", 59min));
  const CleanupPlan planned = plan(all, kRoomy);
  CHECK(images(planned) == Ids{"i7", "i6", "i5", "i4", "i3"});
  for (const auto& each : planned.images) CHECK(each.why == CleanupWhy::Age);
}

TEST_CASE("The least recently used goes first, whenever it was pulled") {
  auto busy = image("busy", 100h);
  busy.usedAt = kNow.wall - 1min;
  auto never = image("never", 50h);
  never.usedAt.reset();
  CHECK(images(plan({busy, image("idle", 3h), never}, kRoomy)) == Ids{"never", "idle", "busy"});
}

TEST_CASE("Above the high mark of bytes or inodes all unused images may go, the young ones too") {
  const auto& disk = GENERATE_REF(kFull, kOutOfInodes);
  std::vector<ImageFacts> all;
  for (int i = 0; i < 8; ++i) all.push_back(image("i" + std::to_string(i), 2h + i * 1min));
  all.push_back(image("young", 3min));
  all.push_back(image("fresh", 1min));
  const CleanupPlan planned = plan(all, disk);
  CHECK(images(planned) == Ids{"i7", "i6", "i5", "i4", "i3", "i2", "i1", "i0", "young"});
  for (size_t i = 0; i < planned.images.size(); ++i) {
    CHECK(planned.images[i].why == (i < 5 ? CleanupWhy::Age : CleanupWhy::Disk));
  }
}

TEST_CASE("Images in use, wanted or excluded stay, however full the disk is") {
  auto used = image("used", 100h);
  used.inUse = true;
  auto wanted = image("wanted", 100h);
  wanted.wanted = true;
  auto pause = image("pause", 100h);
  pause.image.references = {"amazon/amazon-ecs-pause:0.1.0"};
  auto whole = image("whole", 100h);
  whole.image.references = {"registry:5000/keep:7"};
  auto twoNames = image("two", 100h);
  twoNames.image.references = {"busybox:latest", "other:1"};
  auto unknown = image("unknown", 100h);
  unknown.cameAt.reset();
  CleanupPolicy policy;
  policy.exclude = {"registry:5000/keep", "docker.io/library/other:1"};
  CHECK(images(plan({used, wanted, pause, whole, twoNames, unknown}, kFull, policy)).empty());
  CHECK(images(plan({pause, whole, twoNames}, kFull)) == Ids{"two", "whole"});
}

TEST_CASE("Images that are not this agent's go only when that is switched on") {
  auto theirs = image("theirs", 2h);
  theirs.ours = false;
  CHECK(images(plan({theirs}, kFull)).empty());
  CleanupPolicy policy;
  policy.untracked = true;
  CHECK(images(plan({theirs}, kRoomy, policy)) == Ids{"theirs"});
  policy.untrackedAge = 3h;
  CHECK(images(plan({theirs}, kRoomy, policy)).empty());
  CHECK(images(plan({theirs}, kFull, policy)) == Ids{"theirs"});
}

TEST_CASE("With image cleaning switched off no image goes") {
  CleanupPolicy policy;
  policy.images = false;
  CHECK(images(plan({image("old", 100h)}, kFull, policy)).empty());
}

TEST_CASE("Stopped containers go to the engine early, oldest first, until they fit their bound") {
  const std::vector<StoppedFacts> all{stopped("new", 1min, 40), stopped("old", 3h, 50),
                                      stopped("mid", 1h, 30)};
  CHECK(containers(plan(all, kRoomy)).empty());
  CleanupPolicy policy;
  policy.stoppedBytes = 80;
  CHECK(containers(plan(all, kRoomy, policy)) == Ids{"old"});
  policy.stoppedBytes = 69;
  CHECK(containers(plan(all, kRoomy, policy)) == Ids{"old", "mid"});
  policy.stoppedBytes = 120;
  CHECK(containers(plan(all, kRoomy, policy)).empty());
}

TEST_CASE("A container that something still waits for counts, but stays") {
  auto held = stopped("held", 3h, 100);
  held.removable = false;
  CleanupPolicy policy;
  policy.stoppedBytes = 50;
  const CleanupPlan planned = plan({held, stopped("free", 1h, 10)}, kFull, policy);
  CHECK(containers(planned) == Ids{"free"});
  CHECK(planned.containers.front().why == CleanupWhy::Bound);
}

TEST_CASE("Above the high mark stopped containers go early, but for those just stopped") {
  const CleanupPlan planned = plan({stopped("fresh", 1min), stopped("old", 1h)}, kFull);
  CHECK(containers(planned) == Ids{"old"});
  CHECK(planned.containers.front().why == CleanupWhy::Disk);
}

TEST_CASE("Stopped containers of others go when that is switched on, so many in one cycle") {
  std::vector<StoppedFacts> all;
  for (int i = 0; i < 7; ++i) {
    all.push_back(stopped("c" + std::to_string(i), 2h + i * 1min));
    all.back().ours = all.back().removable = false;
  }
  CHECK(containers(plan(all, kFull)).empty());
  CleanupPolicy policy;
  policy.untracked = true;
  CHECK(containers(plan(all, kRoomy, policy)) == Ids{"c6", "c5", "c4", "c3", "c2"});
  CHECK(containers(plan(all, kFull, policy)).size() == 7);
}

TEST_CASE("How full a disk is, is what bytes or inodes say, whichever is more") {
  CHECK(fullness(kRoomy) == Approx(0.1));
  CHECK(fullness(kFull) == Approx(0.9));
  CHECK(fullness(kOutOfInodes) == Approx(0.9));
  CHECK(fullness(DiskState{"/btrfs", 1000, 500, 0, 0}) == Approx(0.5));
  CHECK(fullness(DiskState{}) == 0);
  const CleanupPolicy policy;
  CHECK_FALSE(aboveHighMark(DiskState{"/", 1000, 800, 0, 0}, policy));
  CHECK(aboveLowMark(DiskState{"/", 1000, 800, 0, 0}, policy));
  CHECK_FALSE(aboveLowMark(DiskState{"/", 1000, 750, 0, 0}, policy));
}

TEST_CASE("When a pull found the disk too full, room is made whatever the disk looks like afterwards") {
  const ImageInventory inventory{{image("young", 3min)}, {}};
  CHECK(images(planCleanup(inventory, kRoomy, {}, kNow, true)) == Ids{"young"});
  CHECK(cleanupGoal(kFull, {}, false) == Approx(0.75));
  CHECK(cleanupGoal(kFull, {}, true) == Approx(0.65));
  CHECK(cleanupGoal(DiskState{"/", 1000, 1000, 0, 0}, {}, true) == Approx(0.75));
  CHECK(cleanupGoal(DiskState{"/", 1000, 700, 0, 0}, {}, true) == Approx(0.45));
}

TEST_CASE("A policy that can't work is refused and says what can") {
  CleanupPolicy policy;
  CHECK(checkPolicy(policy));
  policy.lowMark = 0.9;
  CHECK(checkPolicy(policy).error().code == Code::InvalidArgument);
  policy = {};
  policy.highMark = 85;
  CHECK_FALSE(checkPolicy(policy));
  policy = {};
  policy.interval = Duration(0);
  CHECK(checkPolicy(policy).error().message.find("use 30m") != std::string::npos);
  policy = {};
  policy.grace = -1s;
  CHECK_FALSE(checkPolicy(policy));
  policy = {};
  policy.stoppedBytes = -1;
  CHECK_FALSE(checkPolicy(policy));
}

}  // namespace
}  // namespace berth::agent
