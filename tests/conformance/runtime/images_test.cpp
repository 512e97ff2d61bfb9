#include "tests/conformance/runtime/bench.hpp"
#include "tests/conformance/runtime/relay.hpp"

namespace berth::conformance {
namespace {

using agent::PullBehavior;
using agent::PullOutcome;
using agent::PullSpec;

PullSpec want(std::string image, PullBehavior behavior = PullBehavior::Default) {
  PullSpec spec;
  spec.image = std::move(image);
  spec.behavior = behavior;
  return spec;
}

std::string tagOf(const std::string& image) {
  return "?repo=" + image.substr(0, image.rfind(':')) + "&tag=" + image.substr(image.rfind(':') + 1);
}

/// Gives the test image another name on the engine only.
void tagLocally(Bench& bench, const std::string& image) {
  bench.giveEngineTheImage();
  bench.engine("POST", "/images/" + bench.site().image + "/tag" + tagOf(image));
}

void push(Bench& bench, const std::string& image) {
  const std::string name = image.substr(0, image.rfind(':'));
  bench.engine("POST", "/images/" + name + "/push?tag=" + image.substr(image.rfind(':') + 1));
}

/// An image in the registry that the engine does not have.
std::string pushedImage(Bench& bench) {
  const std::string image = bench.freshImage();
  tagLocally(bench, image);
  push(bench, image);
  bench.engine("DELETE", "/images/" + image);
  return image;
}

TEST_CASE("An image is downloaded once and then found to be the right one", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto behavior = GENERATE(PullBehavior::Default, PullBehavior::Always, PullBehavior::Once);
  const std::string image = pushedImage(bench);
  const auto first = bench.pull(want(image, behavior));
  REQUIRE(first);
  CHECK(first->downloaded);
  CHECK(first->digest.starts_with("sha256:"));
  const auto second = bench.pull(want(image, behavior));
  REQUIRE(second);
  CHECK_FALSE(second->downloaded);
  CHECK(second->digest == first->digest);
}

TEST_CASE("An image can be named by its digest", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = pushedImage(bench);
  const auto tagged = bench.pull(want(image));
  REQUIRE(tagged);
  bench.engine("DELETE", "/images/" + image);
  const std::string pinned = image.substr(0, image.rfind(':')) + "@" + tagged->digest;
  const auto first = bench.pull(want(pinned));
  REQUIRE(first);
  CHECK(first->downloaded);
  CHECK(first->digest == tagged->digest);
  CHECK_FALSE(bench.pull(want(pinned, PullBehavior::Always))->downloaded);
  bench.engine("DELETE", "/images/" + pinned);
}

TEST_CASE("A tag that moved in the registry is downloaded again", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = pushedImage(bench);
  const auto before = bench.pull(want(image));
  REQUIRE(before);
  const auto container = bench.create(bench.shell("exit 0"));
  REQUIRE(container);
  bench.engine("POST", "/commit" + tagOf(image) + "&container=" + *container + "&changes=ENV%20MOVED%3D1",
               "{}");
  push(bench, image);
  bench.engine("POST", "/images/" + bench.site().image + "/tag" + tagOf(image));

  const auto cached = bench.pull(want(image, PullBehavior::PreferCached));
  REQUIRE(cached);
  CHECK_FALSE(cached->downloaded);
  const auto after = bench.pull(want(image));
  REQUIRE(after);
  CHECK(after->downloaded);
  CHECK(after->digest != before->digest);
  bench.engine("DELETE", "/images/" + image.substr(0, image.rfind(':')) + "@" + before->digest);
}

TEST_CASE("A local image serves when the registry has none, unless the registry was insisted on",
          "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = bench.freshImage();
  tagLocally(bench, image);
  CHECK_FALSE(bench.pull(want(image))->downloaded);
  CHECK_FALSE(bench.pull(want(image, PullBehavior::PreferCached))->downloaded);
  CHECK(bench.pull(want(image, PullBehavior::Always)).error().code == Code::NotFound);
  CHECK(bench.pull(want(image, PullBehavior::Once)).error().code == Code::NotFound);
}

TEST_CASE("A local image serves when its registry can't be reached", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = "127.0.0.1:1/conformance:1";
  tagLocally(bench, image);
  CHECK_FALSE(bench.pull(want(image))->downloaded);
  CHECK(bench.pull(want(image, PullBehavior::Always)).error().code == Code::Unavailable);
  bench.engine("DELETE", "/images/" + image);
}

TEST_CASE("Images that can't be had fail with the reason", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto behavior = GENERATE(PullBehavior::Default, PullBehavior::Always, PullBehavior::PreferCached);
  const auto missing = bench.pull(want(bench.site().registry + "/absent:1", behavior));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::NotFound);
  CHECK(missing.error().message.find("absent") != std::string::npos);
  CHECK(bench.pull(want("127.0.0.1:1/absent:1", behavior)).error().code == Code::Unavailable);
  CHECK(bench.pull(want("Not An Image", behavior)).error().code == Code::InvalidArgument);
}

TEST_CASE("Pulls of one image at the same time share one download", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = pushedImage(bench);
  Relay relay(bench.io(), bench.site().socket);
  agent::DockerOptions options;
  options.socket = relay.endpoint();
  const auto runtime = bench.makeRuntime(options);
  std::vector<Result<PullOutcome>> outcomes;
  for (int i = 0; i < 5; ++i) {
    runtime->pull(want(image), [&](Result<PullOutcome> outcome) { outcomes.push_back(std::move(outcome)); });
  }
  REQUIRE(bench.runUntil([&] { return outcomes.size() == 5; }));
  for (const auto& outcome : outcomes) {
    REQUIRE(outcome);
    CHECK(outcome->downloaded);
    CHECK(outcome->digest == outcomes.front()->digest);
  }
  CHECK(relay.asked("/images/create?") == 1);
}

TEST_CASE("Credentials go to the engine in their header only", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = pushedImage(bench);
  Relay relay(bench.io(), bench.site().socket);
  agent::DockerOptions options;
  options.socket = relay.endpoint();
  const auto runtime = bench.makeRuntime(options);
  PullSpec spec = want(image);
  spec.auth = agent::RegistryAuth{"reader", "open sesame"};
  for (int i = 0; i < 2; ++i) {
    const auto outcome = bench.call<PullOutcome>([&](auto done) { runtime->pull(spec, done); });
    CHECK(outcome);
  }
  CHECK(relay.asked("X-Registry-Auth: ") == 3);  // the question for the digest, the download, the question
  CHECK(relay.asked("sesame") == 0);
}

}  // namespace
}  // namespace berth::conformance
