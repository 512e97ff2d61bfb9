// Files that this program can't or must not use.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "common/store/sqlite_store.hpp"
#include "tests/unit/common/store/support.hpp"

using namespace berth;
namespace fs = std::filesystem;

namespace {

/// A store with enough rows to fill many pages, closed.
std::string filledStore(const TempDir& folder) {
  const std::string path = folder.path("state.db");
  Changes changes;
  for (int i = 0; i < 500; ++i) changes.push_back(put(std::to_string(i), std::string(1000, 'x')));
  REQUIRE(commit(*openStore(path), changes));
  return path;
}

void overwrite(const std::string& path, std::streamoff at, size_t size) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(size, '\x5a');
  REQUIRE(file.good());
}

void runSql(const std::string& path, const char* sql) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  REQUIRE(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
}

Error openFailure(const std::string& path) {
  const auto store = SqliteStore::open(optionsFor(path));
  REQUIRE_FALSE(store);
  CAPTURE(store.error().message);
  CHECK_THAT(store.error().message, Catch::StartsWith(path + ": "));
  return store.error();
}

const WallTime kNow = fromEpochMillis(1'719'650'000'123);

}  // namespace

TEST_CASE("a file that is no database is reported as damage") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  std::ofstream(path) << std::string(20'000, 'x');
  const Error error = openFailure(path);
  CHECK(error.code == Code::DataLoss);
  CHECK_FALSE(error.retryable);
}

TEST_CASE("damage in the middle of a file is found when it is opened") {
  const TempDir folder;
  const std::string path = filledStore(folder);
  overwrite(path, 4096 * 20, 4096 * 3);
  CHECK(openFailure(path).code == Code::DataLoss);
}

TEST_CASE("a damaged beginning and a file cut short are found") {
  const TempDir folder;
  const std::string path = filledStore(folder);
  SECTION("the header") { overwrite(path, 0, 100); }
  SECTION("the first page") { overwrite(path, 100, 900); }
  SECTION("half of it is missing") { fs::resize_file(path, fs::file_size(path) / 2); }
  SECTION("a part of a page is left") { fs::resize_file(path, 1000); }
  CHECK(openFailure(path).code == Code::DataLoss);
}

TEST_CASE("a damaged write-ahead log costs no older rows") {
  const TempDir folder;
  const std::string path = filledStore(folder);
  std::ofstream(path + "-wal", std::ios::binary) << std::string(50'000, '\x37');
  CHECK(keysOf(*openStore(path)).size() == 500);
}

TEST_CASE("an empty file is a new store") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  std::ofstream(path).close();
  const auto store = openStore(path);
  CHECK(commit(*store, {put("a", "1")}));
}

TEST_CASE("a file of a newer Berth is refused and left as it is") {
  const TempDir folder;
  const std::string path = filledStore(folder);
  runSql(path, "PRAGMA user_version=7");
  const Error error = openFailure(path);
  CHECK(error.code == Code::FailedPrecondition);
  CHECK(error.message ==
        path + ": written by a newer Berth (schema 7, this one knows 1); run that version or a later one");
  runSql(path, "PRAGMA user_version=1");
  CHECK(keysOf(*openStore(path)).size() == 500);
}

TEST_CASE("another program's database is refused and left as it is") {
  const TempDir folder;
  const std::string path = folder.path("other.db");
  runSql(path, "CREATE TABLE entities(a)");
  std::ifstream file(path, std::ios::binary);
  const std::string before(std::istreambuf_iterator<char>(file), {});
  const Error error = openFailure(path);
  CHECK(error.code == Code::FailedPrecondition);
  CHECK_THAT(error.message, Catch::Contains("another program's database"));
  std::ifstream again(path, std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(again), {}) == before);
}

TEST_CASE("a row's revision counts its writes") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  {
    const auto store = openStore(path);
    REQUIRE(commit(*store, {put("a", "1"), put("b", "1")}));
    REQUIRE(commit(*store, {put("a", "2")}));
  }
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  std::string revisions;
  sqlite3_exec(
      connection, "SELECT revision FROM entities ORDER BY key",
      [](void* out, int, char** values, char**) { return *static_cast<std::string*>(out) += values[0], 0; },
      &revisions, nullptr);
  sqlite3_close(connection);
  CHECK(revisions == "21");
}

TEST_CASE("a damaged file is moved aside, and a new store takes its place") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  std::ofstream(path) << std::string(20'000, 'x');
  REQUIRE(openFailure(path).code == Code::DataLoss);
  const auto moved = moveAside(path, kNow);
  REQUIRE(moved);
  CHECK(*moved == path + ".damaged-20240629T083320Z");
  CHECK(fs::file_size(*moved) == 20'000);
  CHECK_FALSE(fs::exists(path));
  CHECK(commit(*openStore(path), {put("a", "1")}));
}

TEST_CASE("a file is moved aside with its write-ahead log") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  for (const char* suffix : {"", "-wal", "-shm"}) std::ofstream(path + suffix) << "x" << suffix;
  const auto moved = moveAside(path, kNow);
  REQUIRE(moved);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    CHECK(fs::exists(*moved + suffix));
    CHECK_FALSE(fs::exists(path + suffix));
  }
}

TEST_CASE("moving aside twice in a second keeps both files") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  std::ofstream(path) << "one";
  REQUIRE(moveAside(path, kNow));
  std::ofstream(path) << "second";
  const auto moved = moveAside(path, kNow);
  REQUIRE(moved);
  CHECK(*moved == path + ".damaged-20240629T083320Z-2");
  CHECK(fs::file_size(path + ".damaged-20240629T083320Z") == 3);
  CHECK(fs::file_size(*moved) == 6);
}

TEST_CASE("moving aside what is not there says so") {
  const TempDir folder;
  const auto moved = moveAside(folder.path("state.db"), kNow);
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code == Code::NotFound);
}
