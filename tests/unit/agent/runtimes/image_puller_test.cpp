// Pulls of a runtime whose engine is a script: what is asked of it, and when.
#include <utility>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "agent/runtimes/docker/docker_runtime.hpp"
#include "common/async/event.hpp"
#include "common/http/server.hpp"
#include "common/log/capture.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

using namespace std::chrono_literals;

const std::string kDigest = "sha256:" + std::string(64, '1');

class SetClock final : public Clock {
 public:
  Now now() const override { return reading; }
  Now reading{MonoTime(1h), WallTime(1000h)};
};

/// A Docker Engine that has `local`, and a registry behind it that has everything, all of one digest.
/// Downloads wait until the test lets them end.
class ScriptedEngine final : public http::Handler {
 public:
  Async<http::Response> handle(http::ServerRequest request) override {
    const std::string path = request.path.starts_with("/v1.") ? request.path.substr(6) : request.path;
    asked.push_back(request.method + " " + path + (request.query.empty() ? "" : "?" + request.query));
    if (path == "/version") co_return answer(200, R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})");
    if (path.starts_with("/distribution/")) {
      if (!refusal.empty()) co_return answer(500, R"({"message":")" + refusal + R"("})");
      co_return answer(200, R"({"Descriptor":{"digest":")" + kDigest + R"("}})");
    }
    if (path == "/images/create") {
      Event& end = downloads.emplace_back();
      co_await end.wait();
      co_return answer(200, "{}\n");
    }
    if (path.ends_with("/tag")) {
      local.insert(named(request.query));
      co_return answer(201, "");
    }
    const std::string image = path.substr(8, path.size() - 8 - 5);
    if (!local.contains(image)) co_return answer(404, R"({"message":"no such image"})");
    co_return answer(200, R"({"Id":"sha256:id","RepoDigests":[],"Size":7})");
  }

  int count(const std::string& part) const {
    return static_cast<int>(std::ranges::count_if(
        asked, [&](const std::string& each) { return each.find(part) != std::string::npos; }));
  }

  std::set<std::string> local;
  std::string refusal;  ///< by the registry
  std::vector<std::string> asked;
  std::list<Event> downloads;

 private:
  static http::Response answer(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
  }
  /// REPO:TAG of "repo=REPO&tag=TAG".
  static std::string named(const std::string& query) {
    const http::Query pairs = http::parseQuery(query).value();
    return pairs.at(0).second + ":" + pairs.at(1).second;
  }
};

class Fixture {
 public:
  Fixture() {
    http::ServerOptions options;
    options.listen = "unix:" + socket();
    server = std::make_unique<http::Server>(io, options, engine, log);
    REQUIRE(server->start());
    DockerOptions docker;
    docker.socket = "unix://" + socket();
    docker.pulls.begin = 24h;
    runtime = std::move(*DockerRuntime::make(
        io.get_executor(), DockerRuntime::Means{*client, clock, random, log, &memory}, docker));
  }
  ~Fixture() {
    runtime.reset();
    client.reset();
    for (Event& each : engine.downloads) each.set();
    bool ended = false;
    spawn(io.get_executor(), log, "end",
          [this, &ended]() -> Async<void> { co_await server->stop(), ended = true; });
    runUntil([&] { return ended; });
    io.restart();
    io.poll();
  }

  std::string socket() const { return folder.path("docker.sock"); }

  bool runUntil(const std::function<bool()>& done) {
    const MonoTime end = machine.now().mono + 30s;
    while (!done()) {
      io.restart();
      if (machine.now().mono >= end || io.run_one_for(end - machine.now().mono) == 0) return done();
    }
    return true;
  }

  /// Its outcome comes into `outcomes`, by who wants it.
  void begin(PullSpec spec) {
    const std::string by = spec.wantedBy;
    outcomes.erase(by);
    runtime->pull(std::move(spec),
                  [this, by](Result<PullOutcome> outcome) { outcomes.emplace(by, std::move(outcome)); });
  }
  const Result<PullOutcome>& outcome(const std::string& by) {
    REQUIRE(runUntil([&] { return outcomes.contains(by); }));
    return outcomes.at(by);
  }
  Result<PullOutcome> pull(PullSpec spec) {
    const std::string by = spec.wantedBy;
    begin(std::move(spec));
    return outcome(by);
  }
  bool downloading(size_t count) {
    return runUntil([&] { return engine.downloads.size() == count; });
  }

  boost::asio::io_context io;
  TempDir folder;
  CaptureLog log;
  SetClock clock;
  SystemClock machine;
  SeededRandom random{1};
  ScriptedEngine engine;
  ImageMemory memory;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Client> client = std::make_unique<http::Client>(io, http::ClientOptions{});
  std::unique_ptr<DockerRuntime> runtime;
  std::map<std::string, Result<PullOutcome>> outcomes;
};

PullSpec spec(std::string image, PullBehavior behavior, std::string by = "someone") {
  PullSpec out;
  out.image = std::move(image);
  out.behavior = behavior;
  out.wantedBy = std::move(by);
  return out;
}

PullSpec withoutCredentials(PullBehavior behavior) {
  PullSpec out = spec("registry.example/web:1", behavior);
  out.authFailure = makeError(Code::Unavailable, "CannotPullECRContainerError: no token");
  return out;
}

TEST_CASE("Without credentials a local image serves where it would without a registry") {
  Fixture f;
  f.engine.local = {"registry.example/web:1"};
  const auto behavior = GENERATE(PullBehavior::Default, PullBehavior::PreferCached, PullBehavior::Once);
  if (behavior == PullBehavior::Once)
    f.memory.pulled({"registry.example/web:1", kDigest, "sha256:id", {}, {}, 7});
  const auto outcome = f.pull(withoutCredentials(behavior));
  REQUIRE(outcome);
  CHECK_FALSE(outcome->downloaded);
  CHECK(outcome->imageId == "sha256:id");
  CHECK(f.engine.count("/distribution/") == 0);
}

TEST_CASE("Without credentials a pull that needs the registry fails by the name of that failure") {
  Fixture f;
  const bool local = GENERATE(true, false);
  if (local) f.engine.local = {"registry.example/web:1"};
  for (const auto behavior :
       {PullBehavior::Always, PullBehavior::Once, PullBehavior::Default, PullBehavior::PreferCached}) {
    if (local && behavior != PullBehavior::Always && behavior != PullBehavior::Once) continue;
    const auto outcome = f.pull(withoutCredentials(behavior));
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message == "CannotPullECRContainerError: no token");
    CHECK(outcome.error().retryable);
  }
  CHECK(f.engine.count("/distribution/") == 0);
  CHECK(f.engine.downloads.empty());
}

TEST_CASE("A pull without credentials for want of them shares nothing with one that needs none") {
  Fixture f;
  f.begin(spec("registry.example/web:1", PullBehavior::Always, "free"));
  f.engine.local = {"registry.example/web:1"};
  CHECK_FALSE(f.pull(withoutCredentials(PullBehavior::Always)));
  REQUIRE(f.downloading(1));
  f.engine.downloads.front().set();
  CHECK(f.outcome("free"));
}

TEST_CASE("The time of all attempts is one, and when it is over no further one helps") {
  Fixture f;
  const PullSpec again = spec("registry.example/web:1", PullBehavior::Always);
  f.engine.refusal = "toomanyrequests: later";
  const auto first = f.pull(again);
  REQUIRE_FALSE(first);
  CHECK(first.error().retryable);
  f.engine.refusal.clear();
  f.clock.reading.mono += 2h;
  const auto second = f.pull(again);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::DeadlineExceeded);
  CHECK_FALSE(second.error().retryable);
  CHECK(f.engine.downloads.empty());
  // What ended for good is over: whoever asks then begins anew.
  f.begin(again);
  CHECK(f.downloading(1));
}

TEST_CASE("Who joins late has the whole time, and who asked first is answered when theirs is over") {
  Fixture f;
  f.begin(spec("registry.example/web:1", PullBehavior::Always, "early"));
  REQUIRE(f.downloading(1));
  f.clock.reading.mono += 2h;
  f.begin(spec("registry.example/web:1", PullBehavior::Always, "late"));
  const auto& early = f.outcome("early");
  REQUIRE_FALSE(early);
  CHECK(early.error().message == "Could not transition to pulled; timed out after waiting 2h");
  CHECK_FALSE(early.error().retryable);
  f.engine.local = {"registry.example/web:1"};
  f.engine.downloads.front().set();
  CHECK(f.outcome("late"));
  CHECK(f.engine.count("/distribution/") == 1);
}

TEST_CASE("Who runs out of time is served by a local image, where that will do") {
  Fixture f;
  f.engine.local = {"registry.example/web:1"};
  f.begin(spec("registry.example/web:1", PullBehavior::Default, "early"));
  REQUIRE(f.downloading(1));
  f.clock.reading.mono += 2h;
  f.begin(spec("registry.example/web:1", PullBehavior::Default, "late"));
  const auto& early = f.outcome("early");
  REQUIRE(early);
  CHECK_FALSE(early->downloaded);
}

TEST_CASE("One digest from two repositories comes once, and each asks with its own credentials") {
  Fixture f;
  PullSpec mine = spec("registry.example/mine:1", PullBehavior::Always, "mine");
  mine.auth = RegistryAuth{"me", "word"};
  PullSpec theirs = spec("registry.example/theirs:1", PullBehavior::Always, "theirs");
  theirs.auth = RegistryAuth{"they", "word"};
  f.begin(mine);
  REQUIRE(f.downloading(1));
  f.begin(theirs);
  const auto waits = [&] {
    const auto all = f.runtime->pullStatus();
    return all.size() == 2 && all[1].waitingFor == "another pull of the same digest";
  };
  REQUIRE(f.runUntil(waits));
  CHECK(f.engine.count("/distribution/") == 2);
  CHECK(f.engine.downloads.size() == 1);
  f.engine.downloads.front().set();
  CHECK(f.outcome("mine"));
  REQUIRE(f.downloading(2));
  CHECK(f.engine.count("/images/create?fromImage=registry.example%2Ftheirs&tag=sha256") == 1);
  f.engine.downloads.back().set();
  CHECK(f.outcome("theirs"));
}

}  // namespace
}  // namespace berth::agent
