#include "controller/server/event_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/support/loop/run_loop.hpp"

namespace berth::controller {
namespace {

using namespace std::chrono_literals;

class StreamClock final : public Clock {
 public:
  Now now() const override { return moment; }
  Now moment{MonoTime(1h), WallTime(std::chrono::milliseconds(1000))};
};

/// A feed whose changes are of tasks that are named by their ids.
struct Fed {
  explicit Fed(size_t capacity = 100) : feed(capacity, clock) {}

  void change(const std::string& id, const std::string& cluster = "default") {
    Task task;
    task.id = id;
    TaskSpec spec;
    spec.cluster = cluster;
    task.spec = Shared<TaskSpec>(std::move(spec));
    Output out;
    out.mutations.emplace_back(Entity(std::move(task)));
    feed.add(out, state);
  }
  EventStream stream(int64_t after, EventFilter filter = {}, Duration heartbeat = 10s) {
    return EventStream(
        feed, std::move(filter), after,
        [](const Change& change) {
          return Json{{"id", std::get<std::shared_ptr<const Task>>(change.what)->id}};
        },
        heartbeat);
  }

  StreamClock clock;
  State state;
  EventFeed feed;
  boost::asio::io_context io;
  CaptureLog log;
};

std::string event(int64_t id, const std::string& task) {
  return "id: " + std::to_string(id) + "\nevent: message\ndata: {\"id\":\"" + task + "\"}\n\n";
}

constexpr int64_t kFirst = 1'000'000;  ///< microseconds of the clock

TEST_CASE("a stream goes on behind the position that its client knows") {
  Fed fed;
  for (const char* id : {"a", "b", "c"}) fed.change(id);
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    EventStream stream = fed.stream(kFirst);
    CHECK(co_await stream.next() == ": events follow\nid: 1000000\n\n");
    CHECK(co_await stream.next() == event(kFirst + 1, "b") + event(kFirst + 2, "c"));
  });
}

TEST_CASE("a stream waits for what comes, and gives it at once") {
  Fed fed;
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    EventStream stream = fed.stream(fed.feed.log().end() - 1);
    co_await stream.next();
    spawn(fed.io.get_executor(), fed.log, "change", [&]() -> Async<void> {
      fed.change("late");
      co_return;
    });
    CHECK(co_await stream.next() == event(kFirst, "late"));
  });
}

TEST_CASE("a stream that has fallen behind, or comes from another controller, is told of the gap") {
  Fed fed(2);
  for (const char* id : {"a", "b", "c", "d"}) fed.change(id);
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    for (const int64_t after : {int64_t{0}, kFirst, kFirst + 500}) {
      EventStream stream = fed.stream(after);
      CHECK(co_await stream.next() == "id: 1000001\nevent: gap\ndata: {\"after\":\"" + std::to_string(after) +
                                          "\",\"oldest\":\"1000002\"}\n\n");
      CHECK(co_await stream.next() == event(kFirst + 2, "c") + event(kFirst + 3, "d"));
    }
  });
}

TEST_CASE("a filter leaves out what it does not take, and the heartbeat says how far that was") {
  Fed fed;
  fed.change("a", "prod");
  fed.change("b");
  fed.change("c");
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    EventStream stream = fed.stream(kFirst - 1, EventFilter{"prod", {}, {}}, 1ms);
    co_await stream.next();
    CHECK(co_await stream.next() == event(kFirst, "a"));
    spawn(fed.io.get_executor(), fed.log, "time", [&]() -> Async<void> {
      fed.clock.moment.mono += 1s;
      co_return;
    });
    CHECK(co_await stream.next() == ": heartbeat\nid: 1000002\n\n");
  });
}

TEST_CASE("many changes are given in pieces") {
  Fed fed(20000);
  for (int i = 0; i < 20000; ++i) fed.change(std::string(32, 'x'));
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    EventStream stream = fed.stream(kFirst - 1);
    co_await stream.next();
    size_t pieces = 0;
    std::string piece;
    while (piece.find("id: " + std::to_string(kFirst + 19999)) == std::string::npos) {
      piece = co_await stream.next();
      CHECK(piece.size() < 300'000);
      ++pieces;
    }
    CHECK(pieces > 4);
  });
}

TEST_CASE("a stopped stream ends, also while it waits") {
  Fed fed;
  test::runLoop(fed.io, fed.log, [&]() -> Async<void> {
    EventStream stream = fed.stream(fed.feed.log().end() - 1);
    co_await stream.next();
    spawn(fed.io.get_executor(), fed.log, "stop", [&]() -> Async<void> {
      stream.stop();
      co_return;
    });
    CHECK((co_await stream.next()).empty());
    CHECK((co_await stream.next()).empty());
  });
}

TEST_CASE("a feed knows since when an instance is lost") {
  Fed fed;
  Output out;
  out.lost.emplace_back("i1");
  fed.feed.add(out, fed.state);
  CHECK(fed.feed.lostSince("i1") == fed.clock.moment.wall);
  CHECK(fed.feed.lostSince("i2") == std::nullopt);
}

}  // namespace
}  // namespace berth::controller
