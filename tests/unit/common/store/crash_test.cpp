// What a program that ends at any moment leaves behind.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "common/store/sqlite_store.hpp"
#include "tests/unit/common/store/support.hpp"

using namespace berth;
using Keys = std::vector<std::string>;

namespace {

/// Runs `work` in a process of its own. It must end that process.
class Child {
 public:
  explicit Child(const std::function<void(int report)>& work) {
    int ends[2] = {-1, -1};
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      close(ends[0]);
      work(ends[1]);
      _exit(1);
    }
    close(ends[1]);
    report_ = ends[0];
  }
  ~Child() {
    kill();
    close(report_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next number that the child writes to `report`; -1 when it has ended.
  int next() const {
    int number = -1;
    return read(report_, &number, sizeof number) == sizeof number ? number : -1;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
  int report_ = -1;
};

void tell(int report, int number) {
  if (write(report, &number, sizeof number) != sizeof number) _exit(2);
}

std::string keyOf(int number) {
  const std::string digits = std::to_string(number);
  return std::string(6 - digits.size(), '0') + digits;
}

}  // namespace

TEST_CASE("what was acknowledged survives an exit without a word") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  Child child([&](int report) {
    auto store = SqliteStore::open(optionsFor(path));
    if (!store || !commit(**store, {put("a", "1"), put("b", "2")})) _exit(1);
    tell(report, 1);
    _exit(0);
  });
  REQUIRE(child.next() == 1);
  REQUIRE(child.next() == -1);
  child.kill();
  CHECK(std::filesystem::file_size(path + "-wal") > 0);
  CHECK(keysOf(*openStore(path)) == Keys{"a", "b"});
}

TEST_CASE("a kill amid commits loses nothing acknowledged and leaves no half of a batch") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  int acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    const int first = acknowledged;
    Child child([&](int report) {
      auto store = SqliteStore::open(optionsFor(path));
      if (!store) _exit(1);
      for (int i = first; i < 100'000; ++i) {
        const Changes pair = {{"left", keyOf(i), "{}"}, {"right", keyOf(i), "{}"}};
        (*store)->commit(pair, [&, i](Status status) {
          if (!status) _exit(1);
          tell(report, i + 1);
        });
      }
      (void)commit(**store, {});
    });
    for (int i = 0; i < 40; ++i) acknowledged = child.next();
    child.kill();
    for (int last = child.next(); last > 0; last = child.next()) acknowledged = last;
    REQUIRE(acknowledged > first);

    const auto records = openStore(path)->load();
    REQUIRE(records);
    const size_t pairs = records->size() / 2;
    CHECK(records->size() % 2 == 0);
    CHECK(pairs >= static_cast<size_t>(acknowledged));
    for (size_t i = 0; i < pairs; ++i) {
      const std::string key = keyOf(static_cast<int>(i));
      if ((*records)[i] != Record{"left", key, "{}"}) FAIL("left " << key);
      if ((*records)[pairs + i] != Record{"right", key, "{}"}) FAIL("right " << key);
    }
    acknowledged = static_cast<int>(pairs);
  }
}

TEST_CASE("the lock of a killed program does not outlive it") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  Child child([&](int report) {
    auto store = SqliteStore::open(optionsFor(path));
    tell(report, store.ok() ? 1 : 0);
    pause();
  });
  REQUIRE(child.next() == 1);
  const auto second = SqliteStore::open(optionsFor(path));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::FailedPrecondition);
  child.kill();
  CHECK(keysOf(*openStore(path)).empty());
}
