#include "tests/conformance/runtime/bench.hpp"
#include "tests/conformance/runtime/relay.hpp"

namespace berth::conformance {
namespace {

using agent::RuntimeEvent;
using Kind = agent::RuntimeEvent::Kind;

/// What a listener has heard.
struct Heard {
  std::vector<RuntimeEvent> events;

  std::function<void(RuntimeEvent)> listener() {
    return [this](RuntimeEvent event) { events.push_back(std::move(event)); };
  }
  size_t count(Kind kind) const {
    return static_cast<size_t>(std::ranges::count(events, kind, &RuntimeEvent::kind));
  }
  bool has(const std::string& id, const std::string& action) const {
    return std::ranges::any_of(
        events, [&](const RuntimeEvent& each) { return each.containerId == id && each.detail == action; });
  }
};

TEST_CASE("The start and the end of a container are heard, those of others are not", "[docker][port]") {
  BERTH_BENCH(bench);
  Heard heard;
  bench.runtime().subscribe(Bench::kLabel, heard.listener());
  CHECK(heard.events.empty());
  REQUIRE(bench.runUntil([&] { return heard.count(Kind::Connected) == 1; }));

  auto foreign = bench.shell("exit 0");
  foreign.labels = {{"someone", "else"}};
  const std::string stranger = bench.run(foreign).id;
  const std::string id = bench.run(bench.shell("exit 0")).id;
  CHECK(bench.runUntil([&] { return heard.has(id, "start") && heard.has(id, "die"); }));
  const std::string killed = bench.run(bench.shell("exec sleep 600")).id;
  REQUIRE(bench.remove(killed, true));
  CHECK(bench.runUntil([&] { return heard.has(killed, "die") && heard.has(killed, "destroy"); }));

  CHECK(std::ranges::count(heard.events, stranger, &RuntimeEvent::containerId) == 0);
  for (const RuntimeEvent& event : heard.events) CHECK(event.detail != "create");
  CHECK(heard.count(Kind::Disconnected) == 0);
}

TEST_CASE("Events go on after the stream broke, and none gets lost in between", "[docker]") {
  BERTH_BENCH(bench);
  Relay relay(bench.io(), bench.site().socket);
  agent::DockerOptions options;
  options.socket = relay.endpoint();
  auto runtime = bench.makeRuntime(options);
  Heard heard;
  runtime->subscribe(Bench::kLabel, heard.listener());
  for (size_t round = 1; round <= 3; ++round) {
    REQUIRE(bench.runUntil([&] { return heard.count(Kind::Connected) == round; }));
    CHECK(heard.count(Kind::Disconnected) == round - 1);
    const std::string id = bench.run(bench.shell("exit 0")).id;
    REQUIRE(bench.runUntil([&] { return heard.has(id, "die"); }));
    relay.cut();
    REQUIRE(bench.runUntil([&] { return heard.count(Kind::Disconnected) == round; }));
    CHECK_FALSE(heard.events.back().detail.empty());
  }
  runtime.reset();
}

TEST_CASE("A listener hears nothing once the runtime is gone", "[docker]") {
  BERTH_BENCH(bench);
  Heard heard;
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  auto runtime = bench.makeRuntime(options);
  runtime->subscribe(Bench::kLabel, heard.listener());
  REQUIRE(bench.runUntil([&] { return heard.count(Kind::Connected) == 1; }));
  runtime.reset();
  const size_t before = heard.events.size();
  bench.untilExited(bench.run(bench.shell("exit 0")).id);
  CHECK(heard.events.size() == before);
}

}  // namespace
}  // namespace berth::conformance
