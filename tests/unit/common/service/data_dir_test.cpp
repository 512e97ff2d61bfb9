#include "common/service/data_dir.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace berth;
namespace fs = std::filesystem;

namespace {

unsigned modeOf(const std::string& path) {
  struct stat found{};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("a data folder is made private, the folders above it as usual") {
  const TempDir folder;
  const mode_t before = umask(0022);
  REQUIRE(prepareDataDir(folder.path("a/b/data")));
  CHECK(modeOf(folder.path("a")) == 0755);
  CHECK(modeOf(folder.path("a/b")) == 0755);
  CHECK(modeOf(folder.path("a/b/data")) == 0700);
  umask(before);
}

TEST_CASE("a data folder that exists keeps its mode and its files, and the probe leaves none") {
  const TempDir folder;
  REQUIRE(chmod(folder.path().c_str(), 0750) == 0);
  std::ofstream(folder.path("state.db")) << "x";
  REQUIRE(prepareDataDir(folder.path()));
  REQUIRE(prepareDataDir(folder.path() + "//"));
  CHECK(modeOf(folder.path()) == 0750);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a data folder must be an absolute path below the root") {
  const std::string path = GENERATE("", "data", "./data", "/", "//");
  const auto status = prepareDataDir(path);
  CAPTURE(path);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == Code::InvalidArgument);
  CHECK_THAT(status.error().message, Catch::StartsWith("\"" + path + "\": "));
}

TEST_CASE("something else in the place of a data folder is left alone") {
  const TempDir folder;
  std::ofstream(folder.path("file")) << "x";
  for (const std::string& path :
       {folder.path("file"), folder.path("file/data"), folder.path("file/data/more")}) {
    const auto status = prepareDataDir(path);
    CAPTURE(path);
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Code::FailedPrecondition);
    CHECK_THAT(status.error().message, Catch::StartsWith(path + ": ") && Catch::Contains("Not a directory") &&
                                           Catch::EndsWith("set data_dir to another folder"));
  }
  CHECK(fs::file_size(folder.path("file")) == 1);
}

TEST_CASE("a folder that can't be written is found by writing") {
  // Mode bits would not stop root; procfs stops everyone.
  for (const char* path : {"/proc/self", "/proc/berth"}) {
    const auto status = prepareDataDir(path);
    CAPTURE(path);
    REQUIRE_FALSE(status);
    CHECK_THAT(status.error().message,
               Catch::StartsWith(std::string(path) + ": the data folder must be writable"));
  }
}
