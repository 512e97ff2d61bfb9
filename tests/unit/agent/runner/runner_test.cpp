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
  void pull(PullSpec spec, Callback<PullOutcome> done) override {
    asked.push_back("pull"), pulled = std::move(done), pull_ = std::move(spec);
  }
  void create(ContainerSpec spec, Callback<std::string> done) override {
    asked.push_back("create"), created = std::move(done), spec_ = std::move(spec);
  }
  void cancelPull(const std::string& wantedBy) override { asked.push_back("cancel " + wantedBy); }
  void tail(std::string id, size_t, Callback<std::vector<std::string>> done) override {
    asked.push_back("tail " + id);
    done(std::vector<std::string>{"the last line"});
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
  void ensureNetwork(std::string, Callback<TaskNetwork>) override { asked.push_back("network"); }
  void removeNetwork(std::string, Callback<std::monostate>) override { asked.push_back("no network"); }
  void subscribe(std::string, std::function<void(RuntimeEvent)> listener) override {
    events = std::move(listener);
  }
  std::vector<PullStatus> pullStatus() const override { return {}; }
  void listImages(Callback<std::vector<StoredImage>>) override { FAIL("list images"); }
  void listUses(bool, Callback<std::vector<ContainerUse>>) override { FAIL("list uses"); }
  void removeImage(StoredImage, Callback<std::monostate>) override { FAIL("remove image"); }
  void diskState(Callback<DiskState>) override { FAIL("disk"); }

  std::vector<std::string> asked;
  PullSpec pull_;
  ContainerSpec spec_;
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

/// Answers at once, or holds what is asked.
class HeldAuths final : public RegistryAuthSource {
 public:
  void fetch(RegistryAuthRequest request, Callback<std::optional<RegistryAuth>> done) override {
    requests.push_back(std::move(request));
    if (!holds) return done(answer);
    held = std::move(done);
  }
  bool holds = false;
  Result<std::optional<RegistryAuth>> answer = std::optional<RegistryAuth>();
  std::vector<RegistryAuthRequest> requests;
  Callback<std::optional<RegistryAuth>> held;
};

class GivenSecrets final : public SecretSource {
 public:
  void fetch(std::vector<SecretRequest> requests, std::optional<Role>,
             Callback<std::vector<std::string>> done) override {
    if (!fault.empty()) return done(makeError(Code::NotFound, fault));
    std::vector<std::string> out;
    for (const SecretRequest& request : requests) out.push_back("value of " + request.valueFrom);
    done(std::move(out));
  }
  std::string fault;
};

class GivenFiles final : public EnvironmentFileSource {
 public:
  void fetch(std::string value, std::optional<Role>, Callback<std::string> done) override {
    done(files.at(value));
  }
  std::map<std::string, std::string> files;
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
  HeldAuths auths;
  GivenSecrets secrets;
  GivenFiles files;
  Provisioner provisioner{secrets, files};
  std::vector<std::string> touched;
  std::vector<Report> reports;
  std::vector<acs::FromAgent> sent;
  StartTraces traces;
  std::unique_ptr<Runner> runner;

  Fixture() {
    RunnerPorts ports{store,
                      runtime,
                      processes,
                      resources,
                      auths,
                      provisioner,
                      [](const Output& output) {
                        Changes out;
                        for (const Task& task : output.save) {
                          out.push_back(Change{"task", task.arn, task.stopWanted ? "to stop" : "to run"});
                        }
                        return out;
                      },
                      [this](Report report, std::function<void(Status, bool)> done) {
                        reports.push_back(std::move(report));
                        reported = std::move(done);
                      },
                      [this](const acs::FromAgent& message) { sent.push_back(message); },
                      [this](const Output& output) {
                        touched.insert(touched.end(), output.touched.begin(), output.touched.end());
                      }};
    ports.traces = &traces;
    runner = std::make_unique<Runner>(io, engine, std::move(ports), clock, log);
    runner->take(engine.restore({}, 0, clock.now()));
    runner->start();
    std::exchange(runtime.listed, nullptr)(std::vector<RuntimeContainer>());
    runtime.asked.clear();
  }

  void payload(const std::string& arn = kTaskArn) { payload(oneContainer(arn)); }
  void payload(const acs::Task& task) { runner->take(engine.onMessage(message(task), clock.now())); }
  /// A task up to its container that runs, "c1".
  void startOne() {
    payload();
    store.answer(Status());
    runtime.pulled(PullOutcome{"sha256:1", true});
    runtime.created(std::string("c1"));
    store.answer(Status());
    runtime.started(running("c1"));
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

TEST_CASE(
    "while the store can't be written stops and heartbeats go on, and nothing is begun or acknowledged") {
  Fixture test;
  test.startOne();
  test.sent.clear();
  test.runtime.asked.clear();
  test.payload("arn:2");
  test.store.answer(Status(makeError(Code::ResourceExhausted, "disk full")));
  CHECK(test.engine.waiting(test.clock.now()).at(0).what ==
        "the agent's state, which can't be written: disk full");
  test.payload(stopOf(oneContainer()));
  CHECK(test.runtime.asked == Steps{"stop"});
  CHECK(test.sent.empty());
  test.runner->take(test.engine.onMessage(acs::HeartbeatMessage{"h1", true}, test.clock.now()));
  REQUIRE(test.sent.size() == 1);
  CHECK(std::get<acs::HeartbeatAckRequest>(test.sent[0]).messageId == "h1");
  while (test.store.commits.size() < 4) REQUIRE(test.io.run_one() == 1);
  CHECK(test.store.commits[3].size() == 2);
  test.store.answer(Status());
  CHECK_FALSE(test.runner->blocked());
  CHECK(test.runtime.asked == Steps{"stop", "pull"});
  CHECK(test.sent.size() == 3);
}

TEST_CASE("the runtime's events and the answers to reports reach the engine") {
  Fixture test;
  test.startOne();
  REQUIRE(test.reports.size() == 1);
  CHECK(test.reports[0].status == TaskStatus::Running);
  test.reported(Status(), false);
  CHECK(test.engine.tasks().at(kTaskArn).sent == TaskStatus::Running);
  test.runtime.events(event("c1", "die"));
  // The answer has waited for company: what the event asks for is done once both are kept.
  REQUIRE(test.store.waiting);
  test.store.answer(Status());
  CHECK(test.runtime.asked.back() == "inspect");
}

TEST_CASE("the steps of a start are noted in their order, the runtime's among them") {
  Fixture test;
  test.traces.begin(kTaskArn, test.clock.now().mono);
  test.payload();
  test.store.answer(Status());
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  test.traces.mark(test.runtime.spec_.name, StartStep::Snapshot, test.clock.now().mono);
  test.runtime.created(std::string("c1"));
  const auto steps = [&] {
    std::vector<StartStep> out;
    for (const StartMark& mark : *test.traces.find(kTaskArn)) out.push_back(mark.step);
    return out;
  };
  using enum StartStep;
  std::vector<StartStep> passed = {Received, Admitted, Persisted, ImageKnown, Snapshot, Created};
  // Not before that is kept.
  CHECK(steps() == passed);
  test.store.answer(Status());
  test.runtime.started(running("c1"));
  passed.insert(passed.end(), {Intended, Started, Queued, Sent});
  CHECK(steps() == passed);
  test.reported(Status(), false);
  passed.push_back(Acknowledged);
  CHECK(steps() == passed);
}

TEST_CASE("what nothing waits for is kept a little later, once, with all that has come meanwhile") {
  Fixture test;
  test.startOne();
  REQUIRE(test.store.commits.size() == 2);
  test.reported(Status(), false);
  CHECK_FALSE(test.store.waiting);
  SECTION("by itself") {
    while (test.store.commits.size() < 3) REQUIRE(test.io.run_one() == 1);
    CHECK(test.store.commits[2].size() == 1);
    CHECK(test.runner->blocked() == false);
  }
  SECTION("with a payload") {
    test.payload("arn:2");
    REQUIRE(test.store.commits.size() == 3);
    CHECK(test.store.commits[2].size() == 2);
    test.store.answer(Status());
    CHECK(test.runtime.asked.back() == "pull");
  }
  SECTION("a task that is in it twice is written as it was last") {
    test.payload(stopOf(oneContainer()));
    REQUIRE(test.store.commits.size() == 3);
    REQUIRE(test.store.commits[2].size() == 1);
    CHECK(test.store.commits[2][0].value == "to stop");
  }
  SECTION("at the end") {
    test.runner.reset();
    CHECK(test.store.commits.size() == 3);
  }
}

TEST_CASE("answers that come after the runner's end are dropped") {
  Fixture test;
  test.payload();
  test.store.answer(Status());
  test.runner.reset();
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  CHECK(test.runtime.asked == Steps{"pull"});
}

namespace {

acs::Task withSecrets() {
  acs::Task task = oneContainer();
  acs::Container& main = task.containers[0];
  main.environment = {{"A", "own"}, {"PASSWORD", "own"}};
  main.secrets = {{"PASSWORD", "db/password", "", "", "", "CONTAINER"},
                  {"splunk-token", "logs/token", "", "", "", "LOG_DRIVER"}};
  main.environmentFiles = {{"arn:aws:s3:::b/1", "s3"}, {"arn:aws:s3:::b/2", "s3"}};
  return task;
}

EngineOptions withSources() {
  EngineOptions options;
  options.support.secrets = true;
  return options;
}

}  // namespace

TEST_CASE("a pull waits for the credentials of its registry and is made with them") {
  Fixture test;
  test.auths.holds = true;
  test.payload();
  test.store.answer(Status());
  CHECK(test.runtime.asked.empty());
  REQUIRE(test.auths.requests.size() == 1);
  CHECK(test.auths.requests[0].image == "registry.example/web:1");
  test.auths.held(std::optional(RegistryAuth{"user", "word"}));
  CHECK(test.runtime.asked == Steps{"pull"});
  REQUIRE(test.runtime.pull_.auth);
  CHECK(test.runtime.pull_.auth->username == "user");
}

TEST_CASE("credentials that can't be had are left to the runtime, which may not need them") {
  Fixture test;
  test.auths.answer = makeError(Code::PermissionDenied, "CannotPullECRContainerError: no");
  test.payload();
  test.store.answer(Status());
  CHECK(test.runtime.asked == Steps{"pull"});
  CHECK_FALSE(test.runtime.pull_.auth);
  REQUIRE(test.runtime.pull_.authFailure);
  test.runtime.pulled(*test.runtime.pull_.authFailure);
  CHECK(test.engine.tasks().at(kTaskArn).containers[0].reason == "CannotPullECRContainerError: no");
}

TEST_CASE("a task that is stopped while its credentials are fetched is not pulled for any more") {
  Fixture test;
  test.auths.holds = true;
  test.payload();
  test.store.answer(Status());
  test.payload(stopOf(oneContainer()));
  test.store.answer(Status());
  test.auths.held(std::optional<RegistryAuth>());
  CHECK(test.runtime.asked == Steps{"cancel " + std::string(kTaskArn) + " main"});
}

TEST_CASE("secrets and environment files are in the container's spec, and nowhere in the engine") {
  Fixture test;
  test.engine.reconfigure(withSources());
  test.files.files = {{"arn:aws:s3:::b/1", "A=1\nB=1\n"}, {"arn:aws:s3:::b/2", "B=2\nC=2\n"}};
  test.payload(withSecrets());
  test.store.answer(Status());
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  const ContainerSpec& spec = test.runtime.spec_;
  CHECK(spec.environment.at("PASSWORD") == "value of db/password");
  CHECK(spec.environment.at("A") == "own");
  CHECK(spec.environment.at("B") == "1");
  CHECK(spec.environment.at("C") == "2");
  CHECK(spec.logOptions.at("splunk-token") == "value of logs/token");
  CHECK(test.engine.tasks().at(kTaskArn).containers[0].spec.environment.at("PASSWORD") == "own");
}

TEST_CASE("a secret that is not there ends the task with the source's words, and nothing is created") {
  Fixture test;
  test.engine.reconfigure(withSources());
  test.secrets.fault = "no such secret";
  test.payload(withSecrets());
  test.store.answer(Status());
  test.runtime.pulled(PullOutcome{"sha256:1", true});
  CHECK(test.runtime.asked == Steps{"pull"});
  CHECK(test.engine.tasks().at(kTaskArn).reason == "no such secret");
}

TEST_CASE("each output names the tasks that may look different") {
  Fixture test;
  test.payload();
  CHECK(test.touched == Steps{kTaskArn});
}

}  // namespace berth::agent
