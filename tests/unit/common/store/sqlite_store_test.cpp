#include "common/store/sqlite_store.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <deque>
#include <fstream>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/unit/common/store/support.hpp"

using namespace berth;
using Keys = std::vector<std::string>;

namespace {

unsigned modeOf(const std::string& path) {
  struct stat found{};
  REQUIRE(stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

/// An executor that holds the writer in its first call, so that what is committed meanwhile waits together.
class HeldWriter {
 public:
  Post executor() {
    return [this](const std::function<void()>& work) {
      if (!std::exchange(held_, true)) {
        reached_.count_down();
        released_.wait();
      }
      work();
    };
  }
  void waitUntilHeld() { reached_.wait(); }
  void release() { released_.count_down(); }

 private:
  bool held_ = false;  // the writer's thread only
  std::latch reached_{1};
  std::latch released_{1};
};

/// No file of this process grows beyond `bytes` while this lives: writes behind that fail.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("what is committed is loaded, ordered by kind and key") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  CHECK(store->load()->empty());
  REQUIRE(commit(*store,
                 {{"task", "b", "{}"}, {"task", "a", "[1]"}, {"cluster", "z", "null"}, {"task", "B", "0"}}));
  CHECK(*store->load() ==
        std::vector<Record>{
            {"cluster", "z", "null"}, {"task", "B", "0"}, {"task", "a", "[1]"}, {"task", "b", "{}"}});
}

TEST_CASE("a later change of a row replaces it, also in the same batch") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  REQUIRE(commit(*store, {put("a", "1"), put("b", "1"), put("a", "2")}));
  REQUIRE(commit(*store, {put("b", "3"), {"task", "c", "4"}, {"task", "c", std::nullopt}}));
  CHECK(*store->load() == std::vector<Record>{{"task", "a", "2"}, {"task", "b", "3"}});
}

TEST_CASE("erasing removes a row of that kind and key only, and what is not there is no error") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  REQUIRE(commit(*store, {{"task", "a", "1"}, {"cluster", "a", "2"}}));
  REQUIRE(commit(*store, {{"task", "a", std::nullopt}, {"task", "none", std::nullopt}}));
  CHECK(*store->load() == std::vector<Record>{{"cluster", "a", "2"}});
}

TEST_CASE("any text is stored as it is") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  const std::string odd("nul\0'\";--\xff \xc3\xa9", 14);
  const std::string large(3'000'000, 'x');
  REQUIRE(commit(*store, {{"", "", ""}, {odd, odd, odd}, {"z", "large", large}}));
  CHECK(*store->load() == std::vector<Record>{{"", "", ""}, {odd, odd, odd}, {"z", "large", large}});
}

TEST_CASE("rows are there after closing and opening again") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  REQUIRE(commit(*openStore(path), {put("a", "1")}));
  CHECK(keysOf(*openStore(path)) == Keys{"a"});
}

TEST_CASE("files are private, whatever the umask, and so is a folder that is made") {
  const TempDir folder;
  const mode_t before = umask(0);
  const std::string path = folder.path("made/state.db");
  {
    const auto store = openStore(path);
    REQUIRE(commit(*store, {put("a", "1")}));
    CHECK(modeOf(folder.path("made")) == 0700);
    CHECK(modeOf(path) == 0600);
    CHECK(modeOf(path + "-wal") == 0600);
  }
  REQUIRE(chmod(path.c_str(), 0644) == 0);
  CHECK(keysOf(*openStore(path)) == Keys{"a"});
  CHECK(modeOf(path) == 0600);
  umask(before);
}

TEST_CASE("an empty batch succeeds in its turn") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  CHECK(commit(*store, {}));
  CHECK(keysOf(*store).empty());
}

TEST_CASE("batches that wait share a transaction and are answered in order") {
  const TempDir folder;
  HeldWriter held;
  SqliteOptions options = optionsFor(folder.path("state.db"));
  options.executor = held.executor();
  auto store = SqliteStore::open(options);
  REQUIRE(store);
  (*store)->commit({put("first", "0")}, [](Status) {});
  held.waitUntilHeld();

  std::vector<int> order;  // the writer's thread until `last`
  std::promise<void> last;
  constexpr int kBatches = 200;
  for (int i = 0; i < kBatches; ++i) {
    (*store)->commit({put("same", std::to_string(i))}, [&, i](Status status) {
      if (status) order.push_back(i);
      if (i == kBatches - 1) last.set_value();
    });
  }
  held.release();
  last.get_future().get();
  REQUIRE(order.size() == kBatches);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK((*store)->transactions() == 2);
  CHECK(*(*store)->load() == std::vector<Record>{{"task", "first", "0"}, {"task", "same", "199"}});
}

TEST_CASE("answers come through the executor, after the rows are there") {
  const TempDir folder;
  std::mutex mutex;
  std::deque<std::function<void()>> posted;
  SqliteOptions options = optionsFor(folder.path("state.db"));
  options.executor = [&](std::function<void()> work) {
    const std::lock_guard lock(mutex);
    posted.push_back(std::move(work));
  };
  std::vector<int> answers;
  {
    auto store = SqliteStore::open(options);
    REQUIRE(store);
    (*store)->commit({put("a", "1")}, [&](Status) { answers.push_back(1); });
    (*store)->commit({put("b", "2")}, [&](Status) { answers.push_back(2); });
  }
  CHECK(answers.empty());
  CHECK(keysOf(*openStore(folder.path("state.db"))) == Keys{"a", "b"});
  for (const auto& work : posted) work();
  CHECK(answers == std::vector<int>{1, 2});
}

TEST_CASE("an answer may commit again") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  std::promise<void> second;
  store->commit({put("a", "1")},
                [&](Status) { store->commit({put("b", "1")}, [&](Status) { second.set_value(); }); });
  second.get_future().get();
  CHECK(keysOf(*store) == Keys{"a", "b"});
}

TEST_CASE("several threads may commit") {
  const TempDir folder;
  const auto store = openStore(folder.path("state.db"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        store->commit({put(std::to_string(t) + "-" + std::to_string(i), "1")}, [](Status) {});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(commit(*store, {}));
  CHECK(keysOf(*store).size() == 100);
}

TEST_CASE("a batch that can't be written fails alone, whole, and later ones succeed") {
  const TempDir folder;
  HeldWriter held;
  SqliteOptions options = optionsFor(folder.path("state.db"));
  options.executor = held.executor();
  auto store = SqliteStore::open(options);
  REQUIRE(store);
  (*store)->commit({put("first", "0")}, [](Status) {});
  held.waitUntilHeld();

  std::vector<Status> answers;  // the writer's thread until `last`
  std::promise<void> last;
  {
    const FileLimit limit(400'000);
    const auto keep = [&](Status status) { answers.push_back(std::move(status)); };
    (*store)->commit({put("before", "1")}, keep);
    (*store)->commit({put("small", "1"), put("huge", std::string(1'000'000, 'x'))}, keep);
    (*store)->commit({put("after", "1")}, [&](Status status) {
      keep(std::move(status));
      last.set_value();
    });
    held.release();
    last.get_future().get();
  }
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].ok());
  REQUIRE_FALSE(answers[1].ok());
  CHECK(answers[1].error().code == Code::Unavailable);
  CHECK_THAT(answers[1].error().message, Catch::StartsWith(folder.path("state.db") + ": can't "));
  CHECK(answers[2].ok());
  CHECK(keysOf(**store) == Keys{"after", "before", "first"});

  CHECK(commit(**store, {put("huge", std::string(1'000'000, 'x'))}));
  store->reset();
  CHECK(keysOf(*openStore(folder.path("state.db"))) == Keys{"after", "before", "first", "huge"});
}

TEST_CASE("a file that can't be made or opened is an error that names it") {
  const TempDir folder;
  std::ofstream(folder.path("file")) << "x";
  for (const std::string& path :
       {folder.path("file/state.db"), folder.path("no/such/state.db"), folder.path(""),
        std::string("/proc/berth/state.db"), std::string("/proc/state.db")}) {
    const auto store = SqliteStore::open(optionsFor(path));
    CAPTURE(path);
    REQUIRE_FALSE(store);
    CAPTURE(store.error().message);
    CHECK(store.error().code == Code::Unavailable);
    CHECK(store.error().retryable);
  }
}

TEST_CASE("a file is open once at a time") {
  const TempDir folder;
  const std::string path = folder.path("state.db");
  auto store = openStore(path);
  const auto second = SqliteStore::open(optionsFor(path));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::FailedPrecondition);
  CHECK(second.error().message == path + ": in use by another program; stop that one first");
  REQUIRE(commit(*store, {put("a", "1")}));
  store.reset();
  CHECK(keysOf(*openStore(path)) == Keys{"a"});
}

namespace {

std::vector<Record> readFrom(SqliteStore& store, const Range& range) {
  std::promise<Result<std::vector<Record>>> answer;
  store.read(range, [&](Result<std::vector<Record>> rows) { answer.set_value(std::move(rows)); });
  auto rows = answer.get_future().get();
  if (!rows) FAIL(rows.error().message);
  return *rows;
}

int64_t countOf(SqliteStore& store, const std::string& kind) {
  std::promise<Result<int64_t>> answer;
  store.count(kind, [&](Result<int64_t> count) { answer.set_value(std::move(count)); });
  auto count = answer.get_future().get();
  if (!count) FAIL(count.error().message);
  return *count;
}

}  // namespace

TEST_CASE("rows of kinds that may be many are left out of a load") {
  TempDir dir;
  auto store = openStore(dir.path("s.db"));
  REQUIRE(commit(*store, {put("a", "1"), {"old", "b", "2"}, {"older", "c", "3"}, {"x", "d", "4"}}).ok());
  const auto loaded = store->loadWithout({"old", "older"});
  REQUIRE(loaded.ok());
  CHECK(*loaded == std::vector<Record>{{"task", "a", "1"}, {"x", "d", "4"}});
  CHECK(store->loadWithout({})->size() == 4);
}

TEST_CASE("rows of a kind are read from a key on, and counted") {
  TempDir dir;
  auto store = openStore(dir.path("s.db"));
  REQUIRE(commit(*store, {put("a", "1"), put("b", "2"), put("c", "3"), {"x", "bb", "4"}}).ok());
  CHECK(readFrom(*store, {"task", "b", 1}) == std::vector<Record>{{"task", "b", "2"}});
  CHECK(readFrom(*store, {"task", "aa", 10}) == std::vector<Record>{{"task", "b", "2"}, {"task", "c", "3"}});
  CHECK(readFrom(*store, {"task", "", 2}).size() == 2);
  CHECK(readFrom(*store, {"none", "", 2}).empty());
  const std::string long_kind(100, 'k');
  const std::string long_key(100, 'y');
  REQUIRE(commit(*store, {{long_kind, long_key, "5"}}).ok());
  CHECK(readFrom(*store, {long_kind, long_key, 1}) == std::vector<Record>{{long_kind, long_key, "5"}});
  CHECK(countOf(*store, long_kind) == 1);
  CHECK(countOf(*store, "task") == 3);
  CHECK(countOf(*store, "none") == 0);
}

TEST_CASE("a read sees what was committed before it, also while that waits") {
  TempDir dir;
  HeldWriter writer;
  SqliteOptions options = optionsFor(dir.path("s.db"));
  options.executor = writer.executor();
  auto store = SqliteStore::open(options);
  REQUIRE(store.ok());
  (*store)->commit({put("first", "1")}, [](Status) {});
  writer.waitUntilHeld();
  (*store)->commit({put("second", "2")}, [](Status) {});
  std::promise<size_t> seen;
  (*store)->read({"task", "", 10}, [&](Result<std::vector<Record>> rows) { seen.set_value(rows->size()); });
  writer.release();
  CHECK(seen.get_future().get() == 2);
}
