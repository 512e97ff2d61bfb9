#include "agent/runner/runner.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "common/log/capture.hpp"
#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {
namespace {

using namespace sample;

/// Commits and calls stay open until the test answers them.
class HeldStore final : public Store {
 public:
  Result<std::vector<Record>> load() override { return std::vector<Record>(); }
  void commit(Changes changes, std::function<void(Status)> done) override {
    commits.push_back(std::move(changes));
    waiting = std::move(done);
  }
  void answer(Status status) { std::exchange(waiting, nullptr)(std::move(status)); }

  std::vector<Changes> commits;
  std::function<void(Status)> waiting;
};

class HeldRuntime final : public Runtime {
 public:
  void info(Callback<RuntimeInfo>) override {}
  void pull(PullSpec, Callback<PullOutcome> done) override {
    asked.push_back("pull"), pulled = std::move(done);
  }
  void create(ContainerSpec, Callback<std::string> done) override {
    asked.push_back("create"), created = std::move(done);
  }
  void start(std::string, Callback<RuntimeContainer> done) override {
    asked.push_back("start"), started = std::move(done);
  }
  void stop(std::string, Duration, Callback<RuntimeContainer>) override { asked.push_back("stop"); }
  void remove(std::string, bool, Callback<std::monostate>) override { asked.push_back("remove"); }
  void inspect(std::string, Callback<std::optional<RuntimeContainer>>) override {
    asked.push_back("inspect");
  }
  void list(std::map<std::string, std::string>, Callback<std::vector<RuntimeContainer>> done) override {
    asked.push_back("list"), listed = std::move(done);
  }
  void ensureVolume(VolumeSpec, Callback<std::monostate>) override { asked.push_back("volume"); }
  void removeVolume(std::string, Callback<std::monostate>) override { asked.push_back("no volume"); }
  void subscribe(std::string, std::function<void(RuntimeEvent)> listener) override {
    events = std::move(listener);
  }

  std::vector<std::string> asked;
  Callback<PullOutcome> pulled;
  Callback<std::string> created;
  Callback<RuntimeContainer> started;
  Callback<std::vector<RuntimeContainer>> listed;
  std::function<void(RuntimeEvent)> events;
};

class HeldProcesses final : public Processes {
 public:
  void watch(const ProcessTarget& target) override { watched.push_back(target.containerId); }
  void reap(ProcessTarget target, bool, Callback<bool> done) override {
    targets.push_back(std::move(target)), reaped = std::move(done);
  }
  std::vector<std::string> watched;
  std::vector<ProcessTarget> targets;
  Callback<bool> reaped;
};

class HeldResources final : public TaskResources {
 public:
  void setUp(TaskSetUp, Callback<SetUpOutcome> done) override { made = std::move(done); }
  void tearDown(TaskSetUp, Callback<std::monostate> done) override { gone = std::move(done); }
  Callback<SetUpOutcome> made;
  Callback<std::monostate> gone;
};

class Fixture {
 public:
  boost::asio::io_context io;
  SeededRandom random{1};
  SystemClock clock;
  CaptureLog log;
  Engine engine{Identity{"default", kInstance, "us-east-1"}, {}, random};
  HeldStore store;
  HeldRuntime runtime;
  HeldProcesses processes;
  HeldResources resources;
  std::vector<Report> reports;
  std::vector<acs::FromAgent> sent;
  std::unique_ptr<Runner> runner;

  Fixture() {
    RunnerPorts ports{store,
                      runtime,
                      processes,
                      resources,
                      [](const Output& output) {
                        Changes out;
                        for (const Task& task : output.save) out.push_back(Change{"task", task.arn, "{}"});
                        return out;
                      },
                      [this](Report report, std::function<void(Status, bool)> done) {
                        reports.push_back(std::move(report));
                        reported = std::move(done);
                      },
                      [this](const acs::FromAgent& message) { sent.push_back(message); }};
    runner = std::make_unique<Runner>(io, engine, std::move(ports), clock, log);
    runner->take(engine.restore({}, 0, clock.now()));
    runner->start();
    std::exchange(runtime.listed, nullptr)(std::vector<RuntimeContainer>());
    runtime.asked.clear();
  }

  void payload(const std::string& arn = kTaskArn) {
    runner->take(engine.onMessage(message(oneContainer(arn)), clock.now()));
  }
  std::function<void(Status, bool)> reported;
};

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("nothing is done nor acknowledged before it is durable") {
  Fixture test;
  test.payload();
  CHECK(test.store.commits.size() == 1);
  CHECK(test.runtime.asked.empty());
  CHECK(test.sent.empty());
  test.store.answer(Status());
  CHECK(test.runtime.asked == Steps{"pull"});
  CHECK(test.sent.size() == 1);
}

TEST_CASE("a start is asked for only once the intent is durable") {
  Fixture test;
  test.payload();
  test.store.answer(Status());
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  test.runtime.created(std::string("c1"));
  CHECK(test.runtime.asked == Steps{"pull", "create"});
  REQUIRE(test.store.waiting);
  test.store.answer(Status());
  CHECK(test.runtime.asked == Steps{"pull", "create", "start"});
}

TEST_CASE("outputs wait for their turn: one commit at a time, effects in order") {
  Fixture test;
  test.payload("arn:1");
  test.payload("arn:2");
  CHECK(test.store.commits.size() == 1);
  test.store.answer(Status());
  CHECK(test.runtime.asked == Steps{"pull"});
  REQUIRE(test.store.commits.size() == 2);
  CHECK(test.store.commits[1].at(0).key == "arn:2");
  test.store.answer(Status());
  CHECK(test.runtime.asked == Steps{"pull", "pull"});
}

TEST_CASE("a commit that fails is tried again, and nothing is done until it succeeds") {
  Fixture test;
  test.payload();
  test.store.answer(Status(makeError(Code::ResourceExhausted, "disk full")));
  CHECK(test.runner->blocked());
  CHECK(test.log.has("the store can't be written: nothing new is done until it can"));
  CHECK(test.runtime.asked.empty());
  while (test.store.commits.size() < 2) REQUIRE(test.io.run_one() == 1);
  CHECK(test.store.commits[1].at(0).key == kTaskArn);
  test.store.answer(Status());
  CHECK_FALSE(test.runner->blocked());
  CHECK(test.runtime.asked == Steps{"pull"});
}

TEST_CASE("the runtime's events and the answers to reports reach the engine") {
  Fixture test;
  test.payload();
  test.store.answer(Status());
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  test.runtime.created(std::string("c1"));
  test.store.answer(Status());
  test.runtime.started(running("c1"));
  REQUIRE(test.reports.size() == 1);
  CHECK(test.reports[0].status == TaskStatus::Running);
  test.reported(Status(), false);
  CHECK(test.engine.tasks().at(kTaskArn).sent == TaskStatus::Running);
  REQUIRE(test.store.waiting);
  test.store.answer(Status());
  test.runtime.events(event("c1", "die"));
  CHECK(test.runtime.asked.back() == "inspect");
}

TEST_CASE("answers that come after the runner's end are dropped") {
  Fixture test;
  test.payload();
  test.store.answer(Status());
  test.runner.reset();
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  CHECK(test.runtime.asked == Steps{"pull"});
}

}  // namespace berth::agent
