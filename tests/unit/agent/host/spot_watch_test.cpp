#include "agent/host/spot_watch.hpp"

#include "tests/unit/agent/host/loopback.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

constexpr const char* kTerminate = R"({"action":"terminate","time":"2026-06-29T08:33:20Z"})";

struct SpotBench {
  FakeMetadata fake;
  std::function<void(size_t)> onRequest = [](size_t) {};
  Loopback service{[this](const http::ServerRequest& request) {
    onRequest(service.requests.size());
    return fake(request);
  }};
  InstanceMetadata metadata{service.client, endpoint()};
  std::stop_source stop;
  std::vector<Status> answers;  ///< of the calls that drain, the last one for all further
  size_t calls = 0;

  InstanceMetadata::Options endpoint() {
    InstanceMetadata::Options out;
    out.endpoint = service.url();
    return out;
  }
  void watch() {
    const auto drain = [this](std::stop_token) -> Async<Status> {
      const size_t at = calls++;
      co_return answers.empty() ? Status() : answers.at(std::min(at, answers.size() - 1));
    };
    SpotWatch watch(metadata, drain, service.random, service.log, {1ms, 1ms});
    service.run([&]() -> Async<void> { co_await watch.run(stop.get_token()); });
  }
};

}  // namespace

TEST_CASE("an interruption is one of three actions, with its time") {
  const auto action = parseSpotAction(kTerminate);
  REQUIRE(action);
  CHECK(action->action == "terminate");
  CHECK(action->time == "2026-06-29T08:33:20Z");
  CHECK(parseSpotAction(R"({"action":"stop"})"));
  CHECK(parseSpotAction(R"({"action":"hibernate","time":7})")->time.empty());
  for (const char* other : {"", "{}", "[]", "terminate", R"({"action":"none"})", R"({"action":7})"})
    CHECK_FALSE(parseSpotAction(other));
}

TEST_CASE("an instance is drained once the service announces that it is taken back") {
  SpotBench bench;
  bench.onRequest = [&](size_t number) {
    if (number == 5) bench.fake.action = kTerminate;
  };
  bench.watch();
  CHECK(bench.calls == 1);
  CHECK_THAT(bench.service.log.text(), Catch::Contains("EC2 takes this spot instance back: draining it") &&
                                           Catch::Contains("2026-06-29T08:33:20Z"));
}

TEST_CASE("the call is repeated until it succeeds, also where repeating does not look promising") {
  SpotBench bench;
  bench.fake.action = kTerminate;
  bench.answers = {makeError(Code::Unavailable, "away"), makeError(Code::FailedPrecondition, "denied"),
                   Status()};
  bench.watch();
  CHECK(bench.calls == 3);
  CHECK_THAT(bench.service.log.text(), Catch::Contains("away") && Catch::Contains("denied"));
}

TEST_CASE("a service that can't be asked is told once, and asked again until it answers") {
  SpotBench bench;
  bench.fake.status = 503;
  bench.onRequest = [&](size_t number) {
    if (number == 4) bench.fake.status = 200;
    if (number == 8) bench.fake.action = kTerminate;
  };
  bench.watch();
  CHECK(bench.calls == 1);
  const std::string text = bench.service.log.text();
  const std::string told = "an interruption of this spot instance would not be seen";
  CHECK_THAT(text, Catch::Contains(told) && Catch::Contains("answers again"));
  CHECK(text.find(told) == text.rfind(told));
}

TEST_CASE("it ends when it is told to, drained or not") {
  SpotBench bench;
  bench.onRequest = [&](size_t number) {
    if (number == 3) bench.stop.request_stop();
  };
  bench.watch();
  CHECK(bench.calls == 0);
  SpotBench refused;
  refused.fake.action = kTerminate;
  refused.answers = {makeError(Code::Unavailable, "away")};
  refused.onRequest = [&](size_t) { refused.stop.request_stop(); };
  refused.watch();
  CHECK(refused.calls <= 1);
}
