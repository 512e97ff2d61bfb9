// Keeping images: what is there, what may be removed, and what `once` remembers.
#include "agent/images/janitor.hpp"
#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

using agent::ContainerUse;
using agent::PullBehavior;
using agent::PullOutcome;
using agent::PullSpec;
using agent::StoredImage;

PullSpec wanting(std::string image, PullBehavior behavior = PullBehavior::Always) {
  PullSpec spec;
  spec.image = std::move(image);
  spec.behavior = behavior;
  return spec;
}

/// An image of its own in the registry, which differs from all others by a label.
std::string published(Bench& bench) {
  REQUIRE(bench.pull(wanting(bench.site().image, PullBehavior::PreferCached)));
  const auto container = bench.create(bench.shell("exit 0"));
  REQUIRE(container);
  const std::string image = bench.freshImage();
  const std::string name = image.substr(0, image.rfind(':'));
  bench.engine("POST",
               "/commit?repo=" + name + "&tag=1&container=" + *container + "&changes=LABEL%20of%3D" + name,
               "{}");
  bench.engine("POST", "/images/" + name + "/push?tag=1");
  bench.engine("DELETE", "/images/" + image);
  return image;
}

std::optional<StoredImage> stored(Bench& bench, const std::string& id) {
  const auto all = bench.call<std::vector<StoredImage>>([&](auto done) { bench.runtime().listImages(done); });
  REQUIRE(all);
  const auto found = std::ranges::find(*all, id, &StoredImage::id);
  if (found == all->end()) return std::nullopt;
  return *found;
}

Result<std::monostate> removeImage(Bench& bench, const StoredImage& image) {
  return bench.call<std::monostate>([&](auto done) { bench.runtime().removeImage(image, done); });
}

TEST_CASE("A pulled image is listed with its names and goes with all of them", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = published(bench);
  const auto pulled = bench.pull(wanting(image));
  REQUIRE(pulled);
  bench.engine("POST", "/images/" + image + "/tag?repo=elsewhere&tag=2");
  const auto found = stored(bench, pulled->imageId);
  REQUIRE(found);
  const std::string name = image.substr(0, image.rfind(':'));
  CHECK(std::set<std::string>(found->references.begin(), found->references.end()) ==
        std::set<std::string>{image, name + "@" + pulled->digest, "elsewhere:2"});
  CHECK(found->bytes == pulled->bytes);
  CHECK(removeImage(bench, *found));
  CHECK_FALSE(stored(bench, pulled->imageId));
  CHECK(removeImage(bench, *found));
}

TEST_CASE("An image that a container uses stays", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = published(bench);
  const auto pulled = bench.pull(wanting(image));
  REQUIRE(pulled);
  agent::ContainerSpec spec = bench.shell("exit 0");
  spec.image = image;
  const auto container = bench.create(spec);
  REQUIRE(container);
  const auto uses =
      bench.call<std::vector<ContainerUse>>([&](auto done) { bench.runtime().listUses(true, done); });
  REQUIRE(uses);
  const auto use = std::ranges::find(*uses, *container, &ContainerUse::id);
  REQUIRE(use != uses->end());
  CHECK(use->imageId == pulled->imageId);
  CHECK(use->stopped);
  const auto refused = removeImage(bench, *stored(bench, pulled->imageId));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::FailedPrecondition);
  CHECK(stored(bench, pulled->imageId));
}

TEST_CASE("Sizes count what a stopped container wrote and logged", "[docker]") {
  BERTH_BENCH(bench);
  const auto container =
      bench.run(bench.shell("dd if=/dev/zero of=/tmp/x bs=1000 count=500; echo 0123456789"));
  bench.untilExited(container.id);
  const auto uses =
      bench.call<std::vector<ContainerUse>>([&](auto done) { bench.runtime().listUses(true, done); });
  REQUIRE(uses);
  const auto use = std::ranges::find(*uses, container.id, &ContainerUse::id);
  REQUIRE(use != uses->end());
  CHECK(use->bytes > 500000);
  CHECK(use->bytes < 1000000);
}

TEST_CASE("A pull waits for the end of its image's removal, and a removal is refused during a pull",
          "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = published(bench);
  const auto pulled = bench.pull(wanting(image));
  REQUIRE(pulled);
  const StoredImage before = *stored(bench, pulled->imageId);
  std::optional<Result<std::monostate>> removed;
  std::optional<Result<PullOutcome>> again;
  bench.runtime().removeImage(before, [&](Result<std::monostate> result) { removed = std::move(result); });
  bench.runtime().pull(wanting(image), [&](Result<PullOutcome> outcome) {
    CHECK(removed);
    again = std::move(outcome);
  });
  const auto refused = removeImage(bench, before);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::FailedPrecondition);
  REQUIRE(bench.runUntil([&] { return removed && again; }));
  CHECK(*removed);
  REQUIRE(*again);
  CHECK((*again)->downloaded);
  CHECK(stored(bench, pulled->imageId));
}

TEST_CASE("An image that others delete again and again while it is pulled is there at the end", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = published(bench);
  for (int i = 0; i < 10; ++i) {
    std::optional<Result<PullOutcome>> outcome;
    bench.runtime().pull(wanting(image), [&](Result<PullOutcome> result) { outcome = std::move(result); });
    // `docker rmi` by hand, at another moment each time.
    bench.runFor(std::chrono::milliseconds(10 * i));
    http::Call deletion;
    deletion.unixSocket = bench.site().socket;
    deletion.request.method = "DELETE";
    deletion.request.url = "http://docker/images/" + image + "?force=1";
    bench.exchange(std::move(deletion));
    REQUIRE(bench.runUntil([&] { return outcome.has_value(); }));
    INFO("round " << i);
    if (!*outcome) {
      CHECK(outcome->error().retryable);
      INFO(outcome->error().message);
    }
    CHECK((outcome->ok() || outcome->error().retryable));
  }
  CHECK(bench.pull(wanting(image)));
}

TEST_CASE("Once means once for all runs of the agent, until the image is cleaned up", "[docker]") {
  BERTH_BENCH(bench);
  const std::string image = published(bench);
  NullLog log;
  SystemClock clock;
  std::vector<Record> rows;
  const auto keep = [&rows](const Changes& changes) {
    for (const Change& change : changes) {
      std::erase_if(rows, [&](const Record& row) { return row.key == change.key; });
      if (change.value) rows.push_back(Record{change.kind, change.key, *change.value});
    }
  };
  const auto pullOnce = [&](agent::ImageMemory& memory) {
    agent::DockerOptions options;
    options.socket = "unix://" + bench.site().socket;
    const auto runtime = bench.makeRuntime(options, &memory);
    return bench.call<PullOutcome>(
        [&](auto done) { runtime->pull(wanting(image, PullBehavior::Once), done); });
  };
  agent::ImageMemory first({}, keep, log);
  const auto pulled = pullOnce(first);
  REQUIRE(pulled);
  CHECK(pulled->downloaded);
  // The registry forgets the tag; who asked it now would fail.
  bench.forgetInRegistry(image, pulled->digest);
  agent::ImageMemory second(rows, keep, log);
  const auto again = pullOnce(second);
  REQUIRE(again);
  CHECK_FALSE(again->downloaded);
  second.forgetImage(pulled->imageId);
  agent::ImageMemory third(rows, keep, log);
  CHECK(pullOnce(third).error().code == Code::NotFound);
}

}  // namespace
}  // namespace berth::conformance
