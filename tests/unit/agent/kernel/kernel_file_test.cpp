#include "agent/kernel/kernel_file.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

TEST_CASE("An open file is read from its start each time") {
  TempDir folder;
  const std::string path = folder.write("numbers", "1\n");
  const auto file = KernelFile::open(path);
  REQUIRE(file);
  CHECK(file->path() == path);
  CHECK(*file->read() == "1\n");
  folder.write("numbers", "22\n");
  CHECK(*file->read() == "22\n");
}

TEST_CASE("A text of any length is read whole, in pieces or at once") {
  TempDir folder;
  std::string buffer;
  for (const size_t length : {size_t{0}, size_t{4096}, size_t{16384}, size_t{100'000}}) {
    const std::string text(length, 'x');
    const auto file = KernelFile::open(folder.write("text", text));
    REQUIRE(file);
    CHECK(*file->read() == text);
    CHECK(*file->readPiece(buffer) == text);
  }
  CHECK(buffer.size() > 100'000);
  // A shorter text after a longer one.
  const auto file = KernelFile::open(folder.write("text", "short"));
  CHECK(*file->readPiece(buffer) == "short");
}

TEST_CASE("A folder's files are of that folder even when its path means another one") {
  TempDir folder;
  folder.write("10/cgroup", "first");
  const auto process = KernelFile::open(folder.path("10"));
  REQUIRE(process);
  std::filesystem::rename(folder.path("10"), folder.path("old"));
  folder.write("10/cgroup", "second");
  CHECK(*process->openBelow("cgroup")->read() == "first");
  CHECK(process->openBelow("net/dev").error().code == Code::NotFound);
}

TEST_CASE("What is not there is not found, by its path") {
  const auto file = KernelFile::open("/proc/0/stat");
  REQUIRE_FALSE(file);
  CHECK(file.error().code == Code::NotFound);
  CHECK_THAT(file.error().message, Catch::StartsWith("/proc/0/stat: "));
  TempDir folder;
  std::string buffer;
  const auto itself = KernelFile::open(folder.path());
  REQUIRE(itself);
  CHECK(itself->read().error().code == Code::Internal);
  CHECK(itself->readPiece(buffer).error().code == Code::Internal);
}

}  // namespace
}  // namespace berth::agent
