#include "controller/server/discovery.hpp"

#include <boost/asio/io_context.hpp>

#include "tests/support/loop/run_loop.hpp"
#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;
using namespace std::chrono_literals;

struct FollowedState {
  explicit FollowedState(Duration keepLost) : discovery(io, keepLost, clock) {
    change(Mutation(host("h1", "10.0.0.1")));
    state.setConnected("h1", true);
    discovery.know(state);
  }
  void change(Mutation mutation) {
    Output output;
    output.mutations.push_back(std::move(mutation));
    state.apply(output.mutations);
    discovery.add(output);
  }
  size_t endpoints() const { return discovery.index().endpoints(); }

  boost::asio::io_context io;
  CaptureLog log;
  SystemClock clock;
  State state;
  Discovery discovery;
};

TEST_CASE("what became durable is in the index at once") {
  FollowedState kept(1h);
  kept.change(Mutation(named(running("t1", "h1"), "web")));
  CHECK(kept.endpoints() == 1);
  kept.change(Mutation(Kind::Task, "t1", nullptr));
  CHECK(kept.endpoints() == 0);
}

TEST_CASE("a lost host's tasks go when their time is over, without anyone asking") {
  FollowedState kept(30ms);
  kept.change(Mutation(named(running("t1", "h1"), "web")));
  Output output;
  output.lost.push_back("h1");
  kept.state.setConnected("h1", false);
  kept.discovery.add(output);
  CHECK(kept.endpoints() == 1);
  test::runLoop(kept.io, kept.log, [&]() -> Async<void> {
    while (kept.endpoints() > 0) co_await sleepFor(5ms);
  });
}

TEST_CASE("a core that was made anew is taken in as a whole") {
  FollowedState kept(1h);
  kept.change(Mutation(named(running("t1", "h1"), "web")));
  State other;
  other.apply({Mutation(host("h1", "10.0.0.1")), Mutation(named(running("t2", "h1"), "api"))});
  kept.discovery.know(other);
  CHECK(kept.discovery.index().find("default", "web") == nullptr);
  CHECK(kept.discovery.index().find("default", "api")->endpoints.size() == 1);
}

}  // namespace
}  // namespace berth::controller
