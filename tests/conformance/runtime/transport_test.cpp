// How the runtime behaves when the engine does not.
#include "tests/conformance/runtime/bench.hpp"
#include "tests/conformance/runtime/relay.hpp"

namespace berth::conformance {
namespace {

using namespace std::chrono_literals;
using Found = std::optional<agent::RuntimeContainer>;

TEST_CASE("Without an engine every call says that it can't be reached", "[docker]") {
  BERTH_BENCH(bench);
  agent::DockerOptions options;
  options.socket = "unix:///nonexistent/docker.sock";
  const auto runtime = bench.makeRuntime(options);
  const auto found = bench.call<Found>([&](auto done) { runtime->inspect("x", done); });
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Code::Unavailable);
  CHECK(found.error().retryable);
  CHECK(found.error().message.find("/nonexistent/docker.sock") != std::string::npos);
  agent::PullSpec image;
  image.image = bench.site().image;
  const auto pulled = bench.call<agent::PullOutcome>([&](auto done) { runtime->pull(image, done); });
  CHECK(pulled.error().code == Code::Unavailable);
}

TEST_CASE("An engine that does not answer runs into the deadline", "[docker]") {
  BERTH_BENCH(bench);
  Relay relay(bench.io(), bench.site().socket);
  agent::DockerOptions options;
  options.socket = relay.endpoint();
  options.deadlines.start = 200ms;
  const auto runtime = bench.makeRuntime(options);
  const auto info = bench.call<agent::RuntimeInfo>([&](auto done) { runtime->info(done); });
  REQUIRE(info);
  relay.mute();
  const auto started = bench.call<agent::RuntimeContainer>([&](auto done) { runtime->start("x", done); });
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::DeadlineExceeded);
  CHECK(started.error().message == "Could not transition to started; timed out after waiting 200ms");
}

TEST_CASE("A start costs two requests once the version is known", "[docker]") {
  BERTH_BENCH(bench);
  bench.run(bench.shell("exit 0"));
  const auto id = bench.create(bench.shell("exit 0"));
  REQUIRE(id);
  Relay relay(bench.io(), bench.site().socket);
  agent::DockerOptions options;
  options.socket = relay.endpoint();
  const auto runtime = bench.makeRuntime(options);
  const auto info = bench.call<agent::RuntimeInfo>([&](auto done) { runtime->info(done); });
  REQUIRE(info);
  const int before = relay.asked(" HTTP/1.1\r\n");
  const auto started = bench.call<agent::RuntimeContainer>([&](auto done) { runtime->start(*id, done); });
  REQUIRE(started);
  CHECK(relay.asked(" HTTP/1.1\r\n") - before == 2);
}

TEST_CASE("A start that was broken off takes effect within a second or never", "[docker]") {
  BERTH_BENCH(bench);
  bench.run(bench.shell("exit 0"));
  for (auto after : {0ms, 5ms, 20ms, 60ms, 120ms}) {
    const auto id = bench.create(bench.shell("exit 0"));
    REQUIRE(id);
    {
      Relay relay(bench.io(), bench.site().socket);
      agent::DockerOptions options;
      options.socket = relay.endpoint();
      const auto runtime = bench.makeRuntime(options);
      const auto info = bench.call<agent::RuntimeInfo>([&](auto done) { runtime->info(done); });
      REQUIRE(info);
      runtime->start(*id, [](const Result<agent::RuntimeContainer>&) {});
      REQUIRE(bench.runUntil([&] { return relay.asked("/start") > 0; }));
      bench.runFor(after);
      relay.cut();
    }
    // The agent starts again what is still "created" by then: if it were still to be started, it would run
    // twice.
    bench.runFor(1s);
    const auto settled = bench.inspect(*id);
    REQUIRE(settled);
    bench.runFor(1s);
    CHECK((*bench.inspect(*id))->startedAt == (*settled)->startedAt);
  }
}

TEST_CASE("Calls under way are dropped with the runtime", "[docker]") {
  BERTH_BENCH(bench);
  auto held = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = held;
  agent::DockerOptions options;
  options.socket = "unix://" + bench.site().socket;
  auto runtime = bench.makeRuntime(options);
  bool called = false;
  runtime->inspect("x", [&called, held = std::move(held)](const Result<Found>&) { called = true; });
  runtime.reset();
  CHECK(bench.runUntil([&] { return watch.expired(); }));
  CHECK_FALSE(called);
}

}  // namespace
}  // namespace berth::conformance
