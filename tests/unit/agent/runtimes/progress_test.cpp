#include <catch2/catch.hpp>

#include "agent/runtimes/docker/downloads.hpp"

namespace berth::agent {
namespace {

using Step = LayerEvent::Step;

docker::PullProgress line(std::string status, std::string id, int64_t current = 0, int64_t total = 0) {
  return docker::PullProgress{std::move(status), std::move(id), current, total, ""};
}

TEST_CASE("The engine's lines tell how each layer gets on") {
  const auto downloading = toLayerEvent(line("Downloading", "4f4fb700ef54", 10, 20));
  REQUIRE(downloading);
  CHECK(downloading->layer == "4f4fb700ef54");
  CHECK(downloading->step == Step::Downloading);
  CHECK(downloading->current == 10);
  CHECK(downloading->total == 20);
  CHECK(toLayerEvent(line("Pulling fs layer", "a"))->step == Step::Listed);
  CHECK(toLayerEvent(line("Waiting", "a"))->step == Step::Waiting);
  CHECK(toLayerEvent(line("Verifying Checksum", "a"))->step == Step::Downloaded);
  CHECK(toLayerEvent(line("Download complete", "a"))->step == Step::Downloaded);
  CHECK(toLayerEvent(line("Extracting", "a", 1, 2))->step == Step::Extracting);
  CHECK(toLayerEvent(line("Pull complete", "a"))->step == Step::Done);
  CHECK(toLayerEvent(line("Already exists", "a"))->step == Step::Done);
}

TEST_CASE("Trying again and what is about the whole image is no progress of a layer") {
  CHECK_FALSE(toLayerEvent(line("Retrying in 5 seconds", "a")));
  CHECK_FALSE(toLayerEvent(line("Pulling from library/busybox", "latest")));
  CHECK_FALSE(toLayerEvent(line("Digest: sha256:00", "")));
  CHECK_FALSE(toLayerEvent(line("Downloading", "")));
}

}  // namespace
}  // namespace berth::agent
