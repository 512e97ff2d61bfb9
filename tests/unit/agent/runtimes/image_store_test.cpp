#include "agent/runtimes/docker/image_store.hpp"

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

TEST_CASE("The log files of a container count, rotated ones too, and nothing else in its folder") {
  TempDir root;
  root.write("containers/c1/c1-json.log", std::string(100, 'x'));
  root.write("containers/c1/c1-json.log.1.gz", std::string(20, 'x'));
  root.write("containers/c1/config.v2.json", std::string(1000, 'x'));
  CHECK(logBytes(root.path(), "c1") == 120);
  CHECK(logBytes(root.path(), "absent") == 0);
}

TEST_CASE("A disk is as full as its file system says, and a folder that is not there is named") {
  TempDir folder;
  const auto disk = diskAt(folder.path());
  REQUIRE(disk);
  CHECK(disk->path == folder.path());
  CHECK(disk->totalBytes > disk->usedBytes);
  CHECK(disk->usedBytes >= 0);
  const auto absent = diskAt(folder.path("absent"));
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::NotFound);
  CHECK(absent.error().message.find(folder.path("absent")) != std::string::npos);
}

}  // namespace
}  // namespace berth::agent
