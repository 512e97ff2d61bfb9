#include "agent/images/stock.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

const WallTime kNoon = WallTime(1000h);

TEST_CASE("Stock-taking tells what is ours, in use and wanted") {
  ImageMemory memory;
  memory.pulled(ImageRecord{"docker.io/library/web:1", "", "sha256:a", kNoon - 3h, kNoon - 2h, 5});
  memory.pulled(ImageRecord{"r/web:2", "", "sha256:a", kNoon - 2h, kNoon - 1h, 5});
  StockSources sources;
  sources.images = {StoredImage{"sha256:a", {"web:1", "r/web:2"}, 5, {}},
                    StoredImage{"sha256:b", {"busybox:latest"}, 5, {}}};
  sources.uses = {ContainerUse{"c1", "sha256:b", "x", {}, false, {}, 0}};
  sources.wanted = {"docker.io/library/web:1"};
  FirstSeen seen;
  const ImageInventory stock = takeStock(sources, memory, seen, kNoon);
  REQUIRE(stock.images.size() == 2);
  CHECK(stock.images[0].ours);
  CHECK(stock.images[0].wanted);
  CHECK_FALSE(stock.images[0].inUse);
  CHECK(stock.images[0].cameAt == kNoon - 2h);
  CHECK(stock.images[0].usedAt == kNoon - 1h);
  CHECK_FALSE(stock.images[1].ours);
  CHECK_FALSE(stock.images[1].wanted);
  CHECK(stock.images[1].inUse);
  CHECK(stock.containers.empty());
}

TEST_CASE("What others brought is as old as the agent has seen it") {
  const ImageMemory memory;
  StockSources sources;
  sources.images = {StoredImage{"sha256:b", {"busybox:latest"}, 5, WallTime(1h)}};
  sources.uses = {ContainerUse{"c1", "sha256:x", "x", {}, true, WallTime(1h), 0}};
  FirstSeen seen;
  takeStock(sources, memory, seen, kNoon);
  ImageInventory stock = takeStock(sources, memory, seen, kNoon + 1h);
  CHECK(stock.images[0].cameAt == kNoon);
  CHECK(stock.containers.at(0).stoppedAt == kNoon);
  takeStock({}, memory, seen, kNoon + 2h);
  stock = takeStock(sources, memory, seen, kNoon + 3h);
  CHECK(stock.images[0].cameAt == kNoon + 3h);
}

TEST_CASE("A stopped container is the engine's, with the engine's word on it, or somebody else's") {
  const ImageMemory memory;
  StockSources sources;
  sources.uses = {
      ContainerUse{"done", "", "", {}, true, {}, 7}, ContainerUse{"unreported", "", "", {}, true, {}, 0},
      ContainerUse{"runs", "", "", {}, false, {}, 0}, ContainerUse{"theirs", "", "", {}, true, {}, 0}};
  sources.kept = {KeptContainer{"done", kNoon - 1h, true}, KeptContainer{"unreported", kNoon - 1h, false},
                  KeptContainer{"runs", std::nullopt, false}};
  FirstSeen seen;
  const ImageInventory stock = takeStock(sources, memory, seen, kNoon);
  REQUIRE(stock.containers.size() == 3);
  CHECK(stock.containers[0].ours);
  CHECK(stock.containers[0].removable);
  CHECK(stock.containers[0].stoppedAt == kNoon - 1h);
  CHECK(stock.containers[0].bytes == 7);
  CHECK(stock.containers[1].ours);
  CHECK_FALSE(stock.containers[1].removable);
  CHECK_FALSE(stock.containers[2].ours);
}

}  // namespace
}  // namespace berth::agent
