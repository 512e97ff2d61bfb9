#include "agent/session/tcs_session.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/ids/random.hpp"
#include "tests/unit/agent/model/sample.hpp"
#include "tests/unit/agent/session/fake_controller.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMetrics = "PublishMetricsRequest";
constexpr const char* kHealth = "PublishHealthRequest";
constexpr const char* kInstance = "PublishInstanceStatusRequest";

const Identity kSelf{"prod", "arn:instance", "us-east-1"};

class Counters final : public UsageSource {
 public:
  UsageBatch readAll(const std::vector<UsageTarget>& targets) override {
    ++batches;
    const auto usage = std::make_shared<Usage>();
    usage->cpuNanos = static_cast<uint64_t>(batches) * 1000;
    return {{}, std::vector(targets.size(), Result<SharedUsage>(usage))};
  }
  int batches = 0;
};

/// A session with a controller on loopback and an engine that has one task, with one container under a check.
struct Bench {
  explicit Bench(TcsOptions options = {}, Duration silence = 1min)
      : session(deps(), link(silence), quick(std::move(options)), engine, usage) {
    acs::Task payload = sample::payload();
    payload.containers.pop_back();
    Task task = makeTask(payload);
    Container& container = task.containers[0];
    container.spec.healthCheckType = "docker";
    container.known = ContainerStatus::Running;
    container.health = HealthState::Healthy;
    container.runtimeId = "id";
    container.pid = 1;
    static_cast<void>(engine.restore({task}, 0, clock.now()));
  }

  void start() {
    runs = true;
    spawn(io.get_executor(), log, "metrics", [this] { return session.sample(stop.get_token()); });
    spawn(io.get_executor(), log, "session", [this]() -> Async<void> {
      static_cast<void>(co_await session.run(stop.get_token()));
      runs = false;
    });
  }
  ~Bench() {
    stop.request_stop();
    until([&] { return !runs; });
    spawn(io.get_executor(), log, "server", [this]() -> Async<void> {
      co_await controller.stop();
      stopped = true;
    });
    until([&] { return stopped; });
  }

  /// Runs the loop until `condition` holds; false after 20 s.
  bool until(const std::function<bool()>& condition) {
    const MonoTime limit = clock.now().mono + 20s;
    while (!condition() && clock.now().mono < limit) {
      io.restart();
      io.run_one_for(10ms);
    }
    return condition();
  }

  LinkDeps deps() { return LinkDeps{io, controlPlane, clock, random, log}; }
  static LinkOptions link(Duration silence) {
    LinkOptions out;
    out.identity = kSelf;
    out.dockerVersion = "20.10.24";
    out.silence = silence;
    return out;
  }
  static TcsOptions quick(TcsOptions options) {
    options.sample = 5ms;
    options.publish = 40ms;
    return options;
  }
  aws::ClientConfig clientConfig() const {
    aws::ClientConfig out;
    out.endpoint = *http::parseUrl(controller.url());
    out.scope = aws::Scope{"us-east-1", "ecs"};
    return out;
  }

  boost::asio::io_context io;
  NullLog log;
  SystemClock clock;
  SeededRandom random{1};
  test::FakeController controller{io};
  http::Client http{io, {}};
  aws::StaticCredentials credentials{aws::Credentials{"AKIAEXAMPLE", "secret", {}, std::nullopt}};
  aws::JsonClient client{http, clientConfig(), credentials, clock};
  ControlPlane controlPlane{client, credentials, "us-east-1", clock};
  Engine engine{kSelf, {}, random};
  Counters usage;
  std::stop_source stop;
  bool runs = false;
  bool stopped = false;
  TcsSession session;
};

TEST_CASE("Metrics and health are published as long as the session is open") {
  Bench bench;
  bench.start();
  REQUIRE(bench.until(
      [&] { return bench.controller.count(kMetrics) >= 2 && bench.controller.count(kHealth) >= 2; }));
  CHECK(bench.controller.queries.front() ==
        "agentHash=berth&agentVersion=1.105.1&cluster=prod&containerInstance=arn%3Ainstance&"
        "dockerVersion=20.10.24");
  CHECK_THAT(bench.controller.headers.front(), Catch::StartsWith("Authorization: AWS4-HMAC-SHA256 "));
  const auto metrics = bench.controller.last(kMetrics);
  CHECK(metrics["metadata"]["idle"] == false);
  const auto& container = metrics["taskMetrics"][0]["containerMetrics"][0];
  CHECK(container["containerName"] == "main");
  CHECK(container["cpuStatsSet"]["sampleCount"] >= 1);
  CHECK(bench.controller.last(kHealth)["tasks"][0]["containers"][0]["healthStatus"] == "HEALTHY");
}

TEST_CASE("Use is read and told whether or not the controller can be reached") {
  std::vector<uint64_t> told;
  TcsOptions options;
  options.listener.read = [&](const std::string& id, const SharedUsage& reading, const HostUsage&) {
    CHECK(id == "id");
    told.push_back(reading->cpuNanos);
  };
  Bench bench(std::move(options));
  bench.controller.refuses = true;
  bench.start();
  REQUIRE(bench.until([&] { return told.size() >= 3; }));
  CHECK(told[0] == 1000);
  CHECK(told[1] == 2000);
  CHECK(bench.controller.queries.empty());
}

TEST_CASE("Without metrics nothing is read, and health is published all the same") {
  TcsOptions options;
  options.metrics = false;
  Bench bench(std::move(options));
  bench.start();
  REQUIRE(bench.until(
      [&] { return bench.controller.count(kHealth) >= 2 && bench.controller.count(kInstance) >= 1; }));
  CHECK(bench.controller.count(kMetrics) == 0);
  CHECK(bench.usage.batches == 0);
}

TEST_CASE("The host's health is told from the second round on, and then after each check") {
  Status runtime;
  int asked = 0;
  TcsOptions options;
  options.checkRuntime = [&](std::function<void(Status)> done) {
    ++asked;
    done(runtime);
  };
  Bench bench(std::move(options));
  bench.start();
  const auto status = [&] { return bench.controller.last(kInstance)["statuses"][0]["status"]; };
  const auto rounds = [&] { return bench.controller.count(kHealth); };
  REQUIRE(bench.until([&] { return rounds() >= 4; }));
  CHECK(bench.controller.envelopes.front()["type"] != kInstance);
  CHECK(bench.controller.count(kInstance) == 1);
  CHECK(status() == "INITIALIZING");
  CHECK(bench.controller.last(kInstance)["metadata"]["containerInstance"] == "arn:instance");

  bench.session.checkInstance();
  REQUIRE(bench.until([&] { return bench.controller.count(kInstance) == 2; }));
  CHECK(status() == "OK");
  runtime = makeError(Code::Unavailable, "no socket");
  bench.session.checkInstance();
  REQUIRE(bench.until([&] { return bench.controller.count(kInstance) == 3; }));
  CHECK(status() == "IMPAIRED");
  CHECK(asked == 2);
}

TEST_CASE("A request to stop the session, an ack and an unreadable message leave it open") {
  Bench bench;
  bench.start();
  REQUIRE(bench.until([&] { return bench.controller.socket != nullptr; }));
  for (const char* text :
       {R"({"type":"StopTelemetrySessionMessage","message":{}})", "{", "{\"type\":\"New\"}",
        R"({"type":"AckPublishInstanceStatus","message":{"message":"ok"}})"}) {
    bench.controller.socket->send(text);
  }
  const size_t before = bench.controller.count(kHealth);
  REQUIRE(bench.until([&] { return bench.controller.count(kHealth) >= before + 3; }));
  CHECK(bench.controller.queries.size() == 1);
}

TEST_CASE("A runtime that does not answer in time is impaired") {
  TcsOptions options;
  options.runtimeAnswer = 10ms;
  std::function<void(Status)> late;
  options.checkRuntime = [&](std::function<void(Status)> done) { late = std::move(done); };
  Bench bench(std::move(options));
  bench.start();
  bench.session.checkInstance();
  const auto status = [&] { return bench.controller.last(kInstance)["statuses"][0]; };
  REQUIRE(bench.until(
      [&] { return bench.controller.count(kInstance) > 0 && status()["status"] != "INITIALIZING"; }));
  CHECK(status()["status"] == "IMPAIRED");
  CHECK(status()["statusReason"] == "the container runtime did not answer within 10ms");
  late({});
  const size_t rounds = bench.controller.count(kHealth);
  REQUIRE(bench.until([&] { return bench.controller.count(kHealth) >= rounds + 2; }));
  CHECK(status()["status"] == "IMPAIRED");
}

TEST_CASE("A session without a sign of life is opened anew, one with acks stays") {
  const auto sessionsAfter = [](bool acknowledges, size_t rounds) {
    Bench bench({}, 250ms);
    bench.controller.acknowledges = acknowledges;
    bench.start();
    REQUIRE(bench.until(
        [&] { return bench.controller.count(kHealth) >= rounds || bench.controller.queries.size() > 1; }));
    return bench.controller.queries.size();
  };
  CHECK(sessionsAfter(false, 1000) == 2);
  CHECK(sessionsAfter(true, 20) == 1);
}

TEST_CASE("A session that was closed is opened again") {
  Bench bench;
  bench.start();
  REQUIRE(bench.until([&] { return bench.controller.socket != nullptr; }));
  bench.controller.socket->close(1000, "ConnectionExpired: Reconnect to continue");
  REQUIRE(bench.until([&] { return bench.controller.queries.size() == 2; }));
}

}  // namespace
}  // namespace berth::agent
