// Cleaning up by marks, on an engine whose data is on a small file system of its own.
#include <cstdlib>

#include "agent/images/janitor.hpp"
#include "common/log/capture.hpp"
#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

using namespace std::chrono_literals;
using agent::CleanupPolicy;
using agent::CleanupSummary;
using agent::DiskState;
using agent::PullOutcome;

/// A runtime with a memory and a janitor, and images that fill the disk one after the other.
class House {
 public:
  House(Bench& bench, std::string registry)
      : bench_(bench), registry_(std::move(registry)), runtime_(bench.makeRuntime(options(), &memory)) {}

  agent::Runtime& runtime() { return *runtime_; }
  DiskState disk() {
    const auto state = bench_.call<DiskState>([&](auto done) { runtime_->diskState(done); });
    REQUIRE(state);
    return *state;
  }
  Result<PullOutcome> pull(const std::string& image) {
    agent::PullSpec spec;
    spec.image = image;
    return bench_.call<PullOutcome>([&](auto done) { runtime_->pull(spec, done); });
  }
  /// Pulls `behaviour` images until the disk is fuller than `share`; answers their names.
  std::vector<std::string> fill(const std::string& behaviour, double share) {
    std::vector<std::string> images;
    while (agent::fullness(disk()) <= share) {
      REQUIRE(images.size() < 100);
      SystemRandom random;
      images.push_back(registry_ + "/" + behaviour + "/" + randomHex(random, 12) + ":1");
      const auto pulled = pull(images.back());
      INFO((pulled ? "" : pulled.error().message));
      REQUIRE(pulled);
    }
    return images;
  }
  std::string fresh(const std::string& behaviour) {
    SystemRandom random;
    return registry_ + "/" + behaviour + "/" + randomHex(random, 12) + ":1";
  }
  CleanupSummary clean(std::vector<std::string> wanted = {}) {
    CleanupPolicy policy;
    policy.grace = Duration(0);
    agent::Janitor janitor(agent::JanitorPorts{*runtime_,
                                               memory,
                                               [&] { return wanted; },
                                               [] { return std::vector<agent::KeptContainer>(); },
                                               {}},
                           policy, clock_, log);
    std::optional<CleanupSummary> summary;
    spawn(bench_.io().get_executor(), log, "cycle",
          [&]() -> Async<void> { summary = co_await janitor.cycle(); });
    REQUIRE(bench_.runUntil([&] { return summary.has_value(); }));
    return *summary;
  }
  std::set<std::string> present() {
    const auto images =
        bench_.call<std::vector<agent::StoredImage>>([&](auto done) { runtime_->listImages(done); });
    REQUIRE(images);
    std::set<std::string> names;
    for (const auto& image : *images) names.insert(image.references.begin(), image.references.end());
    return names;
  }

  agent::ImageMemory memory;
  CaptureLog log;
  int diskFull = 0;

 private:
  agent::DockerOptions options() {
    agent::DockerOptions out;
    out.socket = "unix://" + bench_.site().socket;
    out.onDiskFull = [this] { ++diskFull; };
    return out;
  }

  Bench& bench_;
  std::string registry_;
  SystemClock clock_;
  std::unique_ptr<agent::DockerRuntime> runtime_;
};

}  // namespace

#define BERTH_HOUSE(bench, house)                                                      \
  BERTH_BENCH(bench);                                                                  \
  const char* bench##Registry = std::getenv("BERTH_TEST_FAKE_REGISTRY");               \
  if (bench##Registry == nullptr || std::getenv("BERTH_TEST_SMALL_DISK") == nullptr) { \
    WARN("skipped: needs BERTH_TEST_FAKE_REGISTRY and BERTH_TEST_SMALL_DISK");         \
    return;                                                                            \
  }                                                                                    \
  House house(bench, bench##Registry)

TEST_CASE("Bytes above the high mark make the oldest images go until they are below the low one",
          "[docker][marks]") {
  BERTH_HOUSE(bench, house);
  const auto images = house.fill("fine-8000000", 0.85);
  REQUIRE(images.size() > 3);
  const CleanupSummary summary = house.clean();
  CHECK(summary.images > 0);
  CHECK(summary.images < images.size());
  CHECK(agent::fullness(house.disk()) <= 0.75);
  CHECK_FALSE(summary.stuck);
  const auto present = house.present();
  CHECK_FALSE(present.contains(images.front()));
  CHECK(present.contains(images.back()));
  CHECK(house.clean().images == 0);
}

TEST_CASE("Inodes above the high mark do the same, with many bytes free", "[docker][marks]") {
  BERTH_HOUSE(bench, house);
  const auto images = house.fill("many-1500", 0.85);
  const DiskState before = house.disk();
  REQUIRE(before.usedBytes < before.totalBytes * 0.75);
  const CleanupSummary summary = house.clean();
  CHECK(summary.images > 0);
  CHECK(summary.images < images.size());
  CHECK(agent::fullness(house.disk()) <= 0.75);
  CHECK(house.present().contains(images.back()));
}

TEST_CASE("What tasks want stays on a full disk, and the janitor says that it is stuck", "[docker][marks]") {
  BERTH_HOUSE(bench, house);
  const auto images = house.fill("fine-8000000", 0.85);
  const CleanupSummary summary = house.clean(images);
  CHECK(summary.images == 0);
  CHECK(summary.stuck);
  for (const std::string& image : images) CHECK(house.present().contains(image));
  CHECK(house.log.has("cleaning up: the disk stays above its low mark"));
}

TEST_CASE("A pull that fills the disk fails, asks for a clean-up, and works after it", "[docker][marks]") {
  BERTH_HOUSE(bench, house);
  house.fill("fine-8000000", 0.85);
  // Needs twice its size: packed, and then unpacked.
  const std::string large = house.fresh("fine-" + std::to_string(house.disk().totalBytes / 10));
  const auto refused = house.pull(large);
  REQUIRE_FALSE(refused);
  INFO(refused.error().message);
  CHECK(refused.error().code == Code::ResourceExhausted);
  CHECK(refused.error().retryable);
  CHECK(refused.error().message.find("disk of the host is full") != std::string::npos);
  CHECK(house.diskFull == 1);
  house.clean();
  CHECK(house.pull(large));
}

}  // namespace berth::conformance
