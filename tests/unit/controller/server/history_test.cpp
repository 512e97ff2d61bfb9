#include "controller/server/history.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/async/callback.hpp"
#include "controller/state/codec.hpp"
#include "tests/support/loop/run_loop.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::controller {
namespace {

using namespace std::chrono_literals;

class HistoryClock final : public Clock {
 public:
  Now now() const override { return {MonoTime(1h), WallTime(std::chrono::hours(1000))}; }
};

struct Kept {
  Kept() {
    SqliteOptions options;
    options.path = dir.path("state.db");
    options.executor = [this](std::function<void()> fn) { boost::asio::post(io, std::move(fn)); };
    store = std::move(*SqliteStore::open(options));
    history_options.taskKind = kStoppedTask;
    history_options.orderKind = kStoppedOrder;
    history_options.keep = 10h;
    history_options.pause = 1ms;
    history_options.batch = 2;
  }

  /// Keeps a task that stopped so long ago.
  Async<void> keep(std::string id, Duration ago) {
    const WallTime at = clock.now().wall - std::chrono::duration_cast<std::chrono::milliseconds>(ago);
    Output out;
    out.mutations.emplace_back(
        Entity(StoppedTask{id, at, R"({"task":{"taskArn":")" + id + R"("},"causes":[]})"}));
    const Status stored = co_await loopAwait<void>(
        [&](auto done) { store->commit(toChanges(out.mutations), std::move(done)); });
    CHECK(stored.ok());
    if (history) history->add(out);
  }
  void start() {
    history.emplace(io, *store, history_options, clock, log);
    history->start();
  }
  Async<std::string> remembered(std::vector<std::string> ids) {
    std::string out;
    for (const std::string& id : ids) {
      const auto found = co_await history->find(id);
      CHECK(found.ok());
      if (found.ok() && *found) out += (**found)["task"]["taskArn"].get<std::string>() + " ";
    }
    co_return out;
  }

  TempDir dir;
  boost::asio::io_context io;
  CaptureLog log;
  HistoryClock clock;
  std::unique_ptr<SqliteStore> store;
  HistoryOptions history_options;
  std::optional<History> history;
};

TEST_CASE("a stopped task is found by its id as long as it is kept") {
  Kept kept;
  test::runLoop(kept.io, kept.log, [&]() -> Async<void> {
    co_await kept.keep("a", 9h);
    co_await kept.keep("b", 1h);
    kept.start();
    co_await sleepFor(50ms);
    CHECK(co_await kept.remembered({"a", "b", "aa", ""}) == "a b ");
    CHECK(kept.history->size() == 2);
    co_await kept.keep("c", 0h);
    CHECK(kept.history->size() == 3);
  });
}

TEST_CASE("what is too old goes in batches, in the order in which it stopped, with all of its rows") {
  Kept kept;
  test::runLoop(kept.io, kept.log, [&]() -> Async<void> {
    // The younger ids stopped earlier.
    for (const char* id : {"e", "d", "c", "b"}) co_await kept.keep(id, 11h);
    co_await kept.keep("z", 12h);
    co_await kept.keep("a", 9h);
    kept.start();
    co_await sleepFor(100ms);
    CHECK(co_await kept.remembered({"a", "b", "c", "d", "e", "z"}) == "a ");
    CHECK(kept.history->size() == 1);
  });
  CHECK(kept.store->load()->size() == 2);
}

TEST_CASE("beyond the most that are kept the oldest go") {
  Kept kept;
  kept.history_options.maxTasks = 2;
  test::runLoop(kept.io, kept.log, [&]() -> Async<void> {
    for (int i = 0; i < 5; ++i) co_await kept.keep(std::string(1, static_cast<char>('a' + i)), 5h - i * 1h);
    kept.start();
    co_await sleepFor(100ms);
    CHECK(co_await kept.remembered({"a", "b", "c", "d", "e"}) == "d e ");
  });
}

TEST_CASE("the rows of the history are none of the state's") {
  Kept kept;
  test::runLoop(kept.io, kept.log, [&]() -> Async<void> { co_await kept.keep("a", 1h); });
  CHECK(kept.store->loadWithout({kStoppedTask, kStoppedOrder})->empty());
  const Decoded decoded = fromRecords(*kept.store->load());
  CHECK(decoded.entities.empty());
  CHECK(decoded.damaged.empty());
}

}  // namespace
}  // namespace berth::controller
