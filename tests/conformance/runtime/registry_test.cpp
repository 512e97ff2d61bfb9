// Pulls from a registry that misbehaves as the repository's name says (tests/integration/support).
#include <cstdlib>

#include "common/text/number.hpp"
#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

using namespace std::chrono_literals;
using agent::PullBehavior;
using agent::PullOutcome;
using agent::PullPhase;
using agent::PullSpec;
using agent::PullStatus;

/// A bench whose images come from the fake registry.
class Shop {
 public:
  Shop(Bench& bench, std::string registry) : bench_(bench), registry_(std::move(registry)) {}

  /// A reference whose repository no other test uses; `behaviour` as the fake registry has them.
  std::string image(const std::string& behaviour, const std::string& tag = "1") {
    SystemRandom random;
    return registry_ + "/" + behaviour + "/" + randomHex(random, 12) + ":" + tag;
  }
  /// How many GETs had `part` in their path.
  int asked(const std::string& part) {
    http::Call call;
    call.request.method = "GET";
    call.request.url = "http://" + registry_ + "/asked?part=" + http::percentEncode(part);
    return parseNumber<int>(bench_.exchange(std::move(call)).body).value();
  }
  int downloads(const std::string& image) { return asked("/layer-of/" + repository(image)); }
  static std::string repository(const std::string& image) {
    const size_t slash = image.find('/');
    return image.substr(slash + 1, image.rfind(':') - slash - 1);
  }
  void drop(const std::string& image) { bench_.engine("DELETE", "/images/" + image); }

 private:
  Bench& bench_;
  std::string registry_;
};

PullSpec wish(std::string image, std::string by = {}) {
  PullSpec spec;
  spec.image = std::move(image);
  spec.behavior = PullBehavior::Always;
  spec.wantedBy = std::move(by);
  return spec;
}

/// Pulls at the same time, and what came of each.
class Pulls {
 public:
  explicit Pulls(agent::Runtime& runtime) : runtime_(runtime) {}

  size_t add(PullSpec spec) {
    outcomes.emplace_back();
    runtime_.pull(std::move(spec), [this, at = outcomes.size() - 1](Result<PullOutcome> outcome) {
      REQUIRE_FALSE(outcomes[at]);
      outcomes[at].emplace(std::move(outcome));
    });
    return outcomes.size() - 1;
  }
  bool allDone() const {
    return std::ranges::all_of(outcomes, [](const auto& each) { return each.has_value(); });
  }

  std::vector<std::optional<Result<PullOutcome>>> outcomes;

 private:
  agent::Runtime& runtime_;
};

}  // namespace

#define BERTH_SHOP(bench, shop)                                          \
  BERTH_BENCH(bench);                                                    \
  const char* bench##Registry = std::getenv("BERTH_TEST_FAKE_REGISTRY"); \
  if (bench##Registry == nullptr) {                                      \
    WARN("skipped: needs BERTH_TEST_FAKE_REGISTRY");                     \
    return;                                                              \
  }                                                                      \
  Shop shop(bench, bench##Registry)

TEST_CASE("Ten tasks that want one image under several tags cost one download", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  const std::string image = shop.image("slow-2000000", "0");
  const std::string repository = image.substr(0, image.rfind(':'));
  Pulls pulls(bench.runtime());
  for (int i = 0; i < 10; ++i) pulls.add(wish(repository + ":" + std::to_string(i % 4)));
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  for (const auto& outcome : pulls.outcomes) {
    REQUIRE(*outcome);
    CHECK((*outcome)->downloaded);
    CHECK((*outcome)->imageId == (*pulls.outcomes[0])->imageId);
    CHECK((*outcome)->bytes == 2000000);
  }
  CHECK(shop.downloads(image) == 1);
  for (int i = 0; i < 4; ++i) shop.drop(repository + ":" + std::to_string(i));
}

TEST_CASE("One digest in two repositories, with a login for each, is downloaded once", "[docker][twins]") {
  BERTH_SHOP(bench, shop);
  const std::string registry = std::getenv("BERTH_TEST_FAKE_REGISTRY");
  const std::string twins = registry + "/slow-1000000/twins/";
  Pulls pulls(bench.runtime());
  for (const std::string name : {"one", "other"}) {
    PullSpec spec = wish(twins + name + ":1");
    spec.auth = agent::RegistryAuth{name, "its word"};
    pulls.add(spec);
  }
  REQUIRE(bench.runUntil([&] {
    return std::ranges::count(bench.runtime().pullStatus(), "another pull of the same digest",
                              &PullStatus::waitingFor) == 1;
  }));
  // A right to the one is none to the other.
  PullSpec stranger = wish(twins + "one:1");
  stranger.auth = agent::RegistryAuth{"other", "its word"};
  const auto refused = bench.pull(stranger);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::PermissionDenied);
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  for (const auto& outcome : pulls.outcomes) REQUIRE(*outcome);
  CHECK((*pulls.outcomes[0])->imageId == (*pulls.outcomes[1])->imageId);
  CHECK(shop.asked("/layer-of/slow-1000000/twins/") == 1);
  for (const std::string name : {"one", "other"}) shop.drop(twins + name + ":1");
}

TEST_CASE("An image whose layers wait behind those of others is no idle one", "[docker][one-at-once]") {
  BERTH_SHOP(bench, shop);
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  options.pulls.inactivity = 2s;
  const auto runtime = bench.makeRuntime(options);
  Pulls pulls(*runtime);
  std::vector<std::string> images;
  const auto add = [&](const std::string& behaviour) {
    images.push_back(shop.image(behaviour));
    pulls.add(wish(images.back()));
    return images.back();
  };
  const std::string first = add("slow-3000000");
  REQUIRE(bench.runUntil([&] { return shop.downloads(first) == 1; }));
  add("slow-2000000");
  const auto waiting = [&](int64_t count) {
    return std::ranges::count(runtime->pullStatus(), "layers of other pulls", &PullStatus::waitingFor) ==
           count;
  };
  REQUIRE(bench.runUntil([&] { return waiting(1); }));
  add("fine-1000");
  REQUIRE(bench.runUntil([&] { return waiting(2); }));
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  for (const auto& outcome : pulls.outcomes) CHECK(*outcome);
  for (const std::string& image : images) shop.drop(image);
}

TEST_CASE("Different images wait for their turn, and say for what", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  options.pulls.atOnce = 1;
  const auto runtime = bench.makeRuntime(options);
  Pulls pulls(*runtime);
  std::vector<std::string> images;
  for (int i = 0; i < 3; ++i) images.push_back(shop.image("slow-500000"));
  for (const std::string& image : images) pulls.add(wish(image));
  REQUIRE(bench.runUntil(
      [&] { return std::ranges::count(runtime->pullStatus(), PullPhase::Queued, &PullStatus::phase) == 2; }));
  std::set<std::string> waits;
  for (const PullStatus& status : runtime->pullStatus()) {
    waits.insert(status.waitingFor);
    CHECK(std::ranges::count(images, status.image) == 1);
    CHECK(status.deadline);
  }
  CHECK(waits == std::set<std::string>{"", "1 pull before it", "2 pulls before it"});
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  for (const auto& outcome : pulls.outcomes) CHECK(*outcome);
  CHECK(runtime->pullStatus().empty());
  for (const std::string& image : images) shop.drop(image);
}

TEST_CASE("A download shows its bytes as they come", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  const std::string image = shop.image("slow-3000000");
  Pulls pulls(bench.runtime());
  pulls.add(wish(image)), pulls.add(wish(image));
  std::set<int64_t> seen;
  REQUIRE(bench.runUntil([&] {
    for (const PullStatus& status : bench.runtime().pullStatus()) {
      CHECK(status.wanted == 2);
      if (status.phase != PullPhase::Downloading || status.bytesTotal == 0) continue;
      seen.insert(status.bytesDone);
      CHECK(status.bytesTotal > 3000000);
      CHECK(status.bytesDone <= status.bytesTotal);
      CHECK(status.lastProgress);
    }
    return pulls.allDone();
  }));
  CHECK(seen.size() > 3);
  shop.drop(image);
}

TEST_CASE("Who gives up is answered, and the others get the image", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  const std::string image = shop.image("slow-1000000");
  Pulls pulls(bench.runtime());
  const size_t one = pulls.add(wish(image, "one"));
  const size_t two = pulls.add(wish(image, "two"));
  REQUIRE(bench.runUntil([&] { return shop.downloads(image) == 1; }));
  bench.runtime().cancelPull("one");
  CHECK_FALSE(pulls.outcomes[one]);
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  CHECK(pulls.outcomes[one]->error().code == Code::Cancelled);
  CHECK(*pulls.outcomes[two]);
  CHECK(shop.downloads(image) == 1);
  shop.drop(image);
}

TEST_CASE("A download that nobody wants any more ends, and can be begun again", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  const std::string image = shop.image("stall-1000000");
  Pulls pulls(bench.runtime());
  pulls.add(wish(image, "one")), pulls.add(wish(image, "two"));
  REQUIRE(bench.runUntil([&] { return shop.downloads(image) == 1; }));
  bench.runtime().cancelPull("one"), bench.runtime().cancelPull("two"), bench.runtime().cancelPull("three");
  CHECK(bench.runtime().pullStatus().empty());
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  for (const auto& outcome : pulls.outcomes) CHECK(outcome->error().code == Code::Cancelled);
  // The engine let go of it: a new pull asks for the layer anew.
  pulls.add(wish(image, "four"));
  REQUIRE(bench.runUntil([&] { return shop.downloads(image) == 2; }));
  bench.runtime().cancelPull("four");
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
}

TEST_CASE("A registry that stops sending runs into the deadline of inactivity", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  options.pulls.inactivity = 2s;
  options.pulls.begin = 3s;
  const auto runtime = bench.makeRuntime(options);
  Pulls pulls(*runtime);
  pulls.add(wish(shop.image("stall-1000000")));
  const std::string slow = shop.image("slow-1000000");
  pulls.add(wish(slow));
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  const Error& stalled = pulls.outcomes[0]->error();
  CHECK(stalled.message == "Could not transition to pulled; timed out after waiting 2s without progress");
  CHECK(stalled.retryable);
  CHECK(*pulls.outcomes[1]);
  shop.drop(slow);
}

TEST_CASE("A registry that does not answer runs into the deadline of the question", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  options.deadlines.digest = 1s;
  const auto runtime = bench.makeRuntime(options);
  Pulls pulls(*runtime);
  pulls.add(wish(shop.image("mute")));
  REQUIRE(bench.runUntil([&] { return !runtime->pullStatus().empty(); }));
  CHECK(runtime->pullStatus()[0].phase == PullPhase::Checking);
  REQUIRE(bench.runUntil([&] { return pulls.allDone(); }));
  CHECK(pulls.outcomes[0]->error().code == Code::DeadlineExceeded);
  CHECK(pulls.outcomes[0]->error().message ==
        "Could not transition to MANIFEST_PULLED; timed out after waiting 1s");
}

TEST_CASE("What a registry refuses is final or worth another try", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  struct Case {
    std::string behaviour;
    Code code;
    bool retryable;
  };
  const auto each = GENERATE(values<Case>({{"busy", Code::ResourceExhausted, true},
                                           {"broken", Code::Unavailable, true},
                                           {"denied", Code::PermissionDenied, false},
                                           {"absent", Code::NotFound, false},
                                           {"wrong-layer", Code::DataLoss, false},
                                           {"wrong-manifest", Code::DataLoss, false}}));
  const std::string image = shop.image(each.behaviour);
  const auto outcome = bench.pull(wish(image));
  REQUIRE_FALSE(outcome);
  INFO(each.behaviour << ": " << outcome.error().message);
  CHECK(outcome.error().code == each.code);
  CHECK(outcome.error().retryable == each.retryable);
  CHECK(outcome.error().message.find("The task can't pull the image. ") == 0);
  CHECK(outcome.error().message.find(Shop::repository(image)) != std::string::npos);
}

TEST_CASE("A registry that was busy serves the next try", "[docker][registry]") {
  BERTH_SHOP(bench, shop);
  const std::string image = shop.image("busy-twice");
  int tries = 1;
  auto outcome = bench.pull(wish(image));
  for (; !outcome && tries < 5; ++tries) {
    CHECK(outcome.error().retryable);
    outcome = bench.pull(wish(image));
  }
  REQUIRE(outcome);
  CHECK(tries > 1);
  shop.drop(image);
}

}  // namespace berth::conformance
