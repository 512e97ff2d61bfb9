#include "common/service/watchdog.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/common/service/service_manager.hpp"

using namespace berth;
using namespace std::chrono_literals;

namespace {

/// The loop with the feeder on it; `ended` once that has returned.
struct Fed {
  Fed() {
    spawn(io.get_executor(), log, "watchdog", [this]() -> Async<void> {
      co_await feedWatchdog(stop.get_token());
      ended = true;
    });
  }
  NullLog log;
  std::stop_source stop;
  bool ended = false;
  boost::asio::io_context io;
};

}  // namespace

TEST_CASE("the loop feeds the watchdog again and again, until it is to stop") {
  Manager manager;
  const Variable time("WATCHDOG_USEC", "2000");
  Fed fed;
  for (int meals = 0; meals < 5;) {
    REQUIRE(fed.io.run_one_for(10s) == 1);
    const std::string said = manager.next();
    if (said.empty()) continue;
    CHECK(said == "WATCHDOG=1");
    ++meals;
  }
  CHECK_FALSE(fed.ended);
  fed.stop.request_stop();
  fed.io.run_for(10s);
  CHECK(fed.ended);
}

TEST_CASE("half of the watchdog's time passes between two meals") {
  Manager manager;
  const Variable time("WATCHDOG_USEC", "3600000000");
  Fed fed;
  fed.io.poll();
  CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next().empty());
  CHECK_FALSE(fed.ended);
  fed.stop.request_stop();
  fed.io.run_for(10s);
  CHECK(fed.ended);
}

TEST_CASE("nothing is fed where no watchdog watches") {
  Manager manager;
  Fed fed;
  fed.io.run_for(10s);
  CHECK(fed.ended);
  CHECK(manager.next().empty());
}
