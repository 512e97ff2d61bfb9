#include "agent/layers/unpack.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "common/aws/crypto.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/layers/archive.hpp"

using namespace berth;
using namespace berth::agent::layers;

namespace {

std::shared_ptr<Parcel> wholeParcel(const TempDir& folder, const std::string& bytes) {
  auto parcel = *Parcel::make(folder.path(), static_cast<int64_t>(bytes.size()));
  REQUIRE(parcel->append(bytes));
  return parcel;
}

struct stat lookAt(const std::string& path) {
  struct stat found = {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

}  // namespace

TEST_CASE("A layer is unpacked while it is on its way, and its digest is that of the archive") {
  const TempDir folder;
  std::filesystem::create_directory(folder.path("layer"));
  const std::string archive =
      entryOf({"big", '0', std::string(700'000, 'z')}) + entryOf({"deep/file"}) + archiveEnd();
  const auto parcel = *Parcel::make(folder.path(), static_cast<int64_t>(archive.size()));
  std::optional<Result<Unpacked>> result;
  std::thread worker([&] { result = unpack(*parcel, folder.path("layer")); });
  for (size_t at = 0; at < archive.size(); at += 50'001) REQUIRE(parcel->append(archive.substr(at, 50'001)));
  worker.join();
  REQUIRE(result->ok());
  CHECK((*result)->diffId == "sha256:" + aws::sha256Hex(archive));
  CHECK((*result)->implied == std::vector<std::string>{"deep"});
  CHECK(folder.read("layer/big").size() == 700'000);
}

TEST_CASE("A layer that is broken off or no archive ends with the reason") {
  const TempDir folder;
  std::filesystem::create_directory(folder.path("layer"));
  const auto parcel = *Parcel::make(folder.path(), 100);
  parcel->breakOff(makeError(Code::Unavailable, "the line is dead"));
  CHECK(unpack(*parcel, folder.path("layer")).error().message == "the line is dead");
  CHECK(unpack(*wholeParcel(folder, std::string(2000, 'x')), folder.path("layer")).error().code ==
        Code::DataLoss);
  CHECK(unpack(*wholeParcel(folder, entryOf({"x"}).substr(0, 300)), folder.path("layer")).error().code ==
        Code::DataLoss);
}

TEST_CASE("A layer takes its place with the folders of those below it as they were") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  const TempDir folder;
  for (const char* each : {"lowest/tmp/deep", "lowest/hidden", "lower/tmp", "upper", "made"})
    std::filesystem::create_directories(folder.path(each));
  folder.write("lower/hidden", "a file now");
  ::chmod(folder.path("lowest/tmp").c_str(), 0700);
  ::chmod(folder.path("lower/tmp").c_str(), 01777);
  ::chown(folder.path("lower/tmp").c_str(), 11, 12);
  ::lsetxattr(folder.path("lower/tmp").c_str(), "user.note", "kept", 4, 0);
  ::lsetxattr(folder.path("lower/tmp").c_str(), "trusted.overlay.opaque", "y", 1, 0);
  ::chmod(folder.path("lowest/tmp/deep").c_str(), 0750);
  ::chmod(folder.path("lowest/hidden").c_str(), 0700);
  ::chmod(folder.path("upper").c_str(), 0711);
  ::chown(folder.path("upper").c_str(), 21, 22);

  const auto layer =
      unpack(*wholeParcel(folder, entryOf({"tmp/deep/new"}) + entryOf({"hidden/x"}) + archiveEnd()),
             folder.path("made"));
  REQUIRE(layer);
  REQUIRE(place(*layer, folder.path("made"), folder.path("upper"),
                {folder.path("lower"), folder.path("lowest")}));
  CHECK_FALSE(std::filesystem::exists(folder.path("made")));
  const struct stat tmp = lookAt(folder.path("upper/tmp"));
  CHECK(((tmp.st_mode & 07777) == 01777 && tmp.st_uid == 11 && tmp.st_gid == 12));
  CHECK(tmp.st_mtim.tv_nsec == lookAt(folder.path("lower/tmp")).st_mtim.tv_nsec);
  char value[8] = {};
  CHECK(::lgetxattr(folder.path("upper/tmp").c_str(), "user.note", value, sizeof value) == 4);
  CHECK(::lgetxattr(folder.path("upper/tmp").c_str(), "trusted.overlay.opaque", value, sizeof value) < 0);
  CHECK((lookAt(folder.path("upper/tmp/deep")).st_mode & 07777) == 0750);
  // The layer above has a file there: its folder is hidden.
  CHECK((lookAt(folder.path("upper/hidden")).st_mode & 07777) == 0755);
  const struct stat upper = lookAt(folder.path("upper"));
  CHECK(((upper.st_mode & 07777) == 0711 && upper.st_uid == 21 && upper.st_gid == 22));
}

TEST_CASE("A layer does not take the place of a folder that has something in it") {
  const TempDir folder;
  std::filesystem::create_directories(folder.path("made"));
  folder.write("upper/there", "x");
  CHECK_FALSE(place(Unpacked{}, folder.path("made"), folder.path("upper"), {}));
  CHECK(folder.read("upper/there") == "x");
}
