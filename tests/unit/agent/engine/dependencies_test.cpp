// Containers that wait for one another, restart, and share what is made for them.
#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {
namespace {

using namespace sample;
const ContainerKey kSide{kTaskArn, "side"};

/// "main" depends on "side".
acs::Task chain(acs::Condition condition) {
  acs::Task task = payload();
  task.containers[0].dependsOn = {{"side", condition}};
  return task;
}

RuntimeContainer seenRunning(const std::string& id, int64_t second) {
  RuntimeContainer seen = running(id);
  seen.startedAt = at(second).wall;
  return seen;
}

void startSide(Bench& bench) {
  bench.pulled(kSide);
  bench.created(kSide, "c2");
  bench.done(StartDone{kSide, seenRunning("c2", bench.second)});
}

/// The other waits for its health, for 30 s; its start is under way. Answers how it is once it has begun.
RuntimeContainer checkedAndStarting(Bench& bench) {
  acs::Task task = chain(acs::Condition::Healthy);
  task.containers[1].startTimeout = 30;
  task.containers[1].healthCheckType = "docker";
  bench.payload(task);
  bench.pulled();
  bench.pulled(kSide);
  bench.created(kSide, "c2");
  RuntimeContainer seen = seenRunning("c2", bench.second);
  seen.health = HealthState::Unknown;
  return seen;
}

Output endSide(Bench& bench, int code) {
  RuntimeContainer seen = exited("c2", code);
  seen.startedAt = bench.task().containers[1].startedAt;
  bench.engine.onRuntimeEvent(event("c2", "die"), bench.now());
  return bench.inspected(seen, kSide);
}

}  // namespace

TEST_CASE("images are pulled while a container waits for another, unless that is unwanted") {
  Bench eager;
  CHECK(effects<PullEffect>(eager.payload(chain(acs::Condition::Success))).size() == 2);
  EngineOptions options;
  options.rules.pullUpfront = false;
  Bench patient(options);
  const auto pulls = effects<PullEffect>(patient.payload(chain(acs::Condition::Success)));
  REQUIRE(pulls.size() == 1);
  CHECK(pulls[0].key == kSide);
}

TEST_CASE("a container is created when what it depends on has come true") {
  Bench bench;
  bench.payload(chain(acs::Condition::Success));
  bench.pulled();
  startSide(bench);
  CHECK(bench.main().known == ContainerStatus::Pulled);
  CHECK(bench.waiting()[0].what == "container side to end");
  CHECK(effect<CreateEffect>(endSide(bench, 0))->key == kMain);
}

TEST_CASE("a dependency that fails ends who waits for it with 143 and the reason, and so the task") {
  Bench bench;
  bench.payload(chain(acs::Condition::Success));
  bench.pulled();
  startSide(bench);
  const Output out = endSide(bench, 2);
  const ReportEffect* report = effect<ReportEffect>(out);
  REQUIRE(report);
  CHECK(report->report.status == TaskStatus::Stopped);
  CHECK(bench.main().exitCode == 143);
  CHECK(bench.main().reason == "dependency on container side can't be met: it ended with exit code 2");
}

TEST_CASE("the startTimeout of a dependency ends the wait by itself") {
  Bench bench;
  bench.done(StartDone{kSide, checkedAndStarting(bench)});
  const Output out = bench.timer();
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().reason.find("startTimeout of 30 s") != std::string::npos);
  CHECK(effect<StopEffect>(out)->key == kSide);
}

TEST_CASE("a wall clock that is set while a container starts does not use up its startTimeout") {
  Bench bench;
  const RuntimeContainer seen = checkedAndStarting(bench);
  Now set = bench.now();
  set.wall += std::chrono::hours(1);
  bench.engine.onDone(StartDone{kSide, seen}, set);
  CHECK(bench.main().known == ContainerStatus::Pulled);
  CHECK(bench.engine.nextDeadline() > at(bench.second + 20).mono);
}

TEST_CASE("containers stop in the reverse order of their dependencies") {
  Bench bench;
  bench.payload(chain(acs::Condition::Start));
  bench.pulled();
  startSide(bench);
  bench.created();
  bench.done(StartDone{kMain, seenRunning("c1", bench.second)});
  const auto first = effects<StopEffect>(bench.payload(stopOf(chain(acs::Condition::Start))));
  REQUIRE(first.size() == 1);
  CHECK(first[0].key == kMain);
  CHECK(bench.engine.waiting(kTaskArn, at(bench.second))[1].what ==
        "container main, which depends on it, to stop");
  const Output out = bench.done(StopDone{kMain, exited("c1", 0)});
  CHECK(effect<StopEffect>(out)->key == kSide);
}

TEST_CASE("a circle is refused with the text that users know") {
  Bench bench;
  acs::Task task = chain(acs::Condition::Start);
  task.containers[1].dependsOn = {{"main", acs::Condition::Start}};
  const Output out = bench.payload(task);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.reason.starts_with(
      std::string("Task dependencies cannot be resolved, taskArn: ") + kTaskArn));
}

TEST_CASE("a container with a restart policy is started again under the same id, and that is stored first") {
  Bench bench;
  acs::Task task = oneContainer();
  task.containers[0].restartPolicy = {true, {}, 0};
  bench.payload(task);
  bench.pulled();
  bench.created();
  bench.reported(effect<ReportEffect>(bench.done(StartDone{kMain, seenRunning("c1", 3)}))->report);
  RuntimeContainer seen = exited("c1", 1);
  seen.startedAt = at(3).wall;
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  const Output out = bench.inspected(seen);
  REQUIRE(effect<StartEffect>(out));
  CHECK(effect<StartEffect>(out)->id == "c1");
  CHECK(effects<ReportEffect>(out).empty());
  REQUIRE_FALSE(out.save.empty());
  CHECK(out.save.back().containers[0].restarting);
  bench.done(StartDone{kMain, seenRunning("c1", 20)});
  CHECK(bench.main().restarts == 1);
  CHECK(bench.waiting().empty());
}

TEST_CASE("a start by the restart policy that the runtime refuses is tried again, and not for ever") {
  Bench bench;
  acs::Task task = oneContainer();
  task.containers[0].restartPolicy = {true, {}, 0};
  bench.payload(task);
  bench.pulled();
  bench.created();
  bench.reported(effect<ReportEffect>(bench.done(StartDone{kMain, seenRunning("c1", 3)}))->report);
  RuntimeContainer seen = exited("c1", 1);
  seen.startedAt = at(3).wall;
  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  Output out = bench.inspected(seen);
  int starts = 0;
  while (effect<StartEffect>(out) && ++starts < 100) {
    out = bench.done(StartDone{kMain, makeError(Code::Internal, "the daemon is shutting down")});
    if (effects<InspectEffect>(out).empty()) out = bench.timer();
    REQUIRE(effect<InspectEffect>(out));
    out = bench.inspected(seen);
  }
  CHECK(starts == 10);
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().reason == "CannotStartContainerError: the daemon is shutting down");
}

TEST_CASE("containers are created when what they share is there, under its control group and ports") {
  Bench bench;
  bench.byHand = true;
  acs::Task task = oneContainer();
  task.memory = 128;
  task.containers[0].portMappings = {{9000, 0, "tcp", 9001}};
  Output out = bench.payload(task);
  REQUIRE(effect<SetUpEffect>(out));
  CHECK(effect<SetUpEffect>(out)->setUp.group->memoryBytes == int64_t{128} << 20);
  CHECK(effects<CreateEffect>(bench.pulled()).empty());
  CHECK(bench.waiting()[0].what == "the task's volumes and control group");
  out = bench.done(SetUpDone{kTaskArn, SetUpOutcome{"/ecs/abc", {40000}}});
  REQUIRE(effect<CreateEffect>(out));
  CHECK(effect<CreateEffect>(out)->spec.cgroupParent == "/ecs/abc");
  CHECK(effect<CreateEffect>(out)->spec.ports[1].hostPort == 40001);
}

TEST_CASE("a task's own network is there before its containers, and is given back when it has stopped") {
  EngineOptions options;
  options.support.taskNetworks = true;
  Bench bench(options);
  bench.byHand = true;
  acs::Task task = oneContainer();
  task.networkMode = "awsvpc";
  task.containers[0].portMappings = {{80, 80, "tcp"}};
  Output out = bench.payload(task);
  REQUIRE(effect<SetUpEffect>(out));
  CHECK(effect<SetUpEffect>(out)->setUp.network);
  bench.pulled();
  SetUpOutcome made;
  made.network.emplace().ipv4 = "10.191.0.2";
  out = bench.done(SetUpDone{kTaskArn, made});
  REQUIRE(effect<CreateEffect>(out));
  CHECK(effect<CreateEffect>(out)->spec.networkMode == "awsvpc:" + idOf(bench.task()));
  CHECK(effect<CreateEffect>(out)->spec.ports.empty());
  REQUIRE(out.save.size() == 1);
  CHECK(out.save[0].network == made.network);
  bench.created();
  out = bench.started();
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.network == made.network);
  CHECK(effects<TearDownEffect>(out).empty());

  bench.engine.onRuntimeEvent(event("c1", "die"), bench.now());
  bench.inspected(exited("c1", 0));
  out = bench.done(ReapDone{kMain, false});
  REQUIRE(bench.main().known == ContainerStatus::Stopped);
  REQUIRE(effects<TearDownEffect>(out).size() == 1);
  CHECK(effect<TearDownEffect>(out)->setUp.network);
  CHECK_FALSE(effect<TearDownEffect>(out)->setUp.group);
  CHECK(bench.task().leaving);
  CHECK(effects<TearDownEffect>(bench.done(TearDownDone{kTaskArn, Status()})).empty());
  CHECK_FALSE(bench.task().leaving);
}

TEST_CASE("a set-up that fails is tried again where that helps, and ends the task where it does not") {
  for (bool helps : {true, false}) {
    Bench bench;
    bench.byHand = true;
    acs::Task task = oneContainer();
    task.memory = 128;
    bench.payload(task);
    Error error = makeError(helps ? Code::Unavailable : Code::InvalidArgument, "VolumeError: no such driver");
    bench.done(SetUpDone{kTaskArn, error});
    if (helps) {
      CHECK(effect<SetUpEffect>(bench.timer()));
    } else {
      CHECK(bench.main().known == ContainerStatus::Stopped);
      CHECK(bench.task().reason == "VolumeError: no such driver");
    }
  }
}

TEST_CASE("credentials are taken, acknowledged, and never stored for a task that is not there") {
  Bench bench;
  bench.payload(oneContainer());
  acs::CredentialsMessage message{"m2", kTaskArn, true, {"id-1", "role", "AKIA", "secret", "token", "soon"}};
  Output out = bench.engine.onMessage(message, bench.now());
  const auto* ack = sent<acs::CredentialsAckRequest>(out);
  REQUIRE(ack);
  CHECK(ack->credentialsId == "id-1");
  CHECK(ack->expiration == "soon");
  CHECK(bench.task().spec.executionCredentials->secretAccessKey == "secret");
  // Which credentials it has is kept; they themselves are not (agent/state/codec.cpp).
  REQUIRE(out.save.size() == 1);
  CHECK(out.save[0].executionRoleId == "id-1");
  CHECK(bench.engine.onMessage(message, bench.now()).save.empty());
  message.taskArn = "arn:unknown";
  CHECK_FALSE(sent<acs::CredentialsAckRequest>(bench.engine.onMessage(message, bench.now())));
}

}  // namespace berth::agent
