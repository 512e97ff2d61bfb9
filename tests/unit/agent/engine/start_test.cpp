#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

Error lostAnswer() {
  return makeError(Code::DeadlineExceeded, "Could not transition to started; timed out after waiting 3m0s");
}

/// Main pulled and created, the start under way.
void beginStart(Bench& bench) {
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
}

}  // namespace

TEST_CASE("a container goes from payload to RUNNING by one step after the other") {
  Bench bench;
  Output payload = bench.payload(oneContainer());
  REQUIRE(effect<PullEffect>(payload));
  CHECK(effect<PullEffect>(payload)->spec.image == "registry.example/web:1");
  Output pulled = bench.pulled();
  REQUIRE(effect<CreateEffect>(pulled));
  CHECK(effect<CreateEffect>(pulled)->spec.name == bench.main().runtimeName);
  Output created = bench.created();
  REQUIRE(effect<StartEffect>(created));
  CHECK(effect<StartEffect>(created)->id == "c1");
  Output started = bench.started();
  REQUIRE(effect<ReportEffect>(started));
  const Report& report = effect<ReportEffect>(started)->report;
  CHECK(report.status == TaskStatus::Running);
  CHECK(report.containers[0].imageDigest == "sha256:1");
  CHECK(report.pullStartedAt == at(1).wall);
  CHECK(report.pullStoppedAt == at(2).wall);
}

TEST_CASE("the intent to start is stored by the output that asks for the start") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  Output created = bench.created();
  REQUIRE(effect<StartEffect>(created));
  REQUIRE(created.save.size() == 1);
  CHECK(created.save[0].containers[0].startIntended);
  CHECK(created.save[0].containers[0].runtimeId == "c1");
}

TEST_CASE("the containers of a task go their ways side by side, and RUNNING waits for all") {
  Bench bench;
  const ContainerKey side{kTaskArn, "side"};
  CHECK(effects<PullEffect>(bench.payload(payload())).size() == 2);
  bench.pulled();
  bench.created();
  CHECK_FALSE(effect<ReportEffect>(bench.started()));
  bench.pulled(side);
  bench.created(side, "c2");
  Output last = bench.started(side, "c2");
  REQUIRE(effect<ReportEffect>(last));
  CHECK(effect<ReportEffect>(last)->report.containers.size() == 2);
}

TEST_CASE("a start whose answer was lost is followed by a question, not by another start") {
  Bench bench;
  beginStart(bench);
  Output out = bench.done(StartDone{kMain, lostAnswer()});
  CHECK(out.effects.empty());
  REQUIRE(bench.waiting().size() == 1);
  CHECK(bench.waiting()[0].what.find("whether the start succeeded") != std::string::npos);
  Output again = bench.timer();
  CHECK(effect<InspectEffect>(again));
  CHECK_FALSE(effect<StartEffect>(again));
  Output answer = bench.inspected(running("c1"));
  CHECK_FALSE(effect<StartEffect>(answer));
  CHECK(effect<ReportEffect>(answer));
}

TEST_CASE("a start is made again once it is known that it neither happened nor is still to happen") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, lostAnswer()});
  bench.timer();
  RuntimeContainer created;
  created.id = "c1";
  CHECK(bench.inspected(created).effects.empty());
  REQUIRE(bench.waiting().size() == 1);
  CHECK(bench.waiting()[0].what == "the runtime, which may still start the container");
  CHECK(effect<InspectEffect>(bench.timer()));
  Output answer = bench.inspected(created);
  REQUIRE(effect<StartEffect>(answer));
  CHECK(effect<StartEffect>(answer)->id == "c1");
}

TEST_CASE("a start that took effect after the first question is found by the second") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, lostAnswer()});
  bench.timer();
  RuntimeContainer created;
  created.id = "c1";
  bench.inspected(created);
  bench.timer();
  Output answer = bench.inspected(exited("c1", 4));
  CHECK_FALSE(effect<StartEffect>(answer));
  REQUIRE(effect<ReportEffect>(answer));
  CHECK(effect<ReportEffect>(answer)->report.containers[0].exitCode == 4);
}

TEST_CASE("an inspection that was asked for in time, and not a list, ends the doubt about a start") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, lostAnswer()});
  bench.timer();
  RuntimeContainer created;
  created.id = "c1";
  bench.inspected(created);
  // An event makes the engine ask at once, which is too early to be decisive.
  CHECK(effect<InspectEffect>(bench.engine.onRuntimeEvent(event("c1", "start"), at(bench.second))));
  CHECK_FALSE(effect<StartEffect>(bench.inspected(created)));
}

TEST_CASE("a stop waits for the doubt about a start to end, then stops what runs") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, lostAnswer()});
  // The time to ask has come by then; the stop changes nothing about that.
  Output stop = bench.payload(stopOf(oneContainer()));
  CHECK_FALSE(effect<ReportEffect>(stop));
  CHECK_FALSE(effect<StopEffect>(stop));
  CHECK(effect<InspectEffect>(stop));
  CHECK(effect<StopEffect>(bench.inspected(running("c1"))));
}

TEST_CASE("the question after a lost answer is repeated for as long as the runtime is away") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, lostAnswer()});
  for (int i = 0; i < 20; ++i) {
    Output out = bench.timer();
    if (effect<ListEffect>(out)) bench.done(ListDone{makeError(Code::Unavailable, "no runtime")});
    if (!effect<InspectEffect>(out)) continue;
    bench.done(InspectDone{kMain, makeError(Code::Unavailable, "no runtime")});
    CHECK(bench.main().known == ContainerStatus::Created);
  }
  CHECK_FALSE(bench.waiting().empty());
}

TEST_CASE("a container whose start the runtime refuses ends with its words") {
  Bench bench;
  beginStart(bench);
  Output out = bench.done(StartDone{kMain, makeError(Code::InvalidArgument, "no such executable")});
  CHECK_FALSE(effect<ReportEffect>(out));
  REQUIRE(effect<InspectEffect>(out));
  out = bench.inspected(created("c1"));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason ==
        "CannotStartContainerError: no such executable");
  CHECK(out.save.size() == 1);
}

TEST_CASE("a container that runs although its start was answered with an error is running") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, makeError(Code::Internal, "a proxy's garbage")});
  Output out = bench.inspected(running("c1"));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Running);
}

TEST_CASE("a container that ran and ended although its start was answered with an error has its exit code") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, makeError(Code::Internal, "a proxy's garbage")});
  RuntimeContainer seen = exited("c1", 9);
  seen.startedAt = at(3).wall;
  Output out = bench.inspected(seen);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 9);
}

TEST_CASE("a refused start is not believed as long as the runtime does not say that nothing runs") {
  Bench bench;
  beginStart(bench);
  bench.done(StartDone{kMain, makeError(Code::Internal, "a proxy's garbage")});
  CHECK_FALSE(effect<ReportEffect>(bench.done(InspectDone{kMain, makeError(Code::Unavailable, "gone")})));
  CHECK(effect<InspectEffect>(bench.timer()));
  CHECK(effect<ReportEffect>(bench.inspected(std::nullopt)));
}

TEST_CASE("a container that ended before its start was answered is reported with its exit code") {
  Bench bench;
  beginStart(bench);
  Output out = bench.done(StartDone{kMain, exited("c1", 9)});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 9);
}

TEST_CASE("a pull that can't succeed ends the task with the reason that users know") {
  Bench bench;
  bench.payload(oneContainer());
  Output out = bench.done(PullDone{kMain, makeError(Code::NotFound, "manifest unknown")});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason ==
        "CannotPullContainerError: manifest unknown");
  CHECK(out.save.size() == 1);
}

TEST_CASE("a pull that may succeed later is tried again, but not for ever") {
  Bench bench;
  bench.payload(oneContainer());
  int pulls = 1;
  for (int i = 0; i < 20; ++i) {
    bench.done(PullDone{kMain, makeError(Code::Unavailable, "connection refused")});
    if (bench.main().known == ContainerStatus::Stopped) break;
    REQUIRE(bench.waiting().size() == 1);
    CHECK(bench.waiting()[0].what == "another attempt to pull after: connection refused");
    if (effect<PullEffect>(bench.timer())) ++pulls;
  }
  CHECK(pulls == EngineOptions{}.attempts);
  CHECK(bench.main().reason == "CannotPullContainerError: connection refused");
}

TEST_CASE("a pull that succeeds on a later attempt goes on as if nothing had been") {
  Bench bench;
  bench.payload(oneContainer());
  bench.done(PullDone{kMain, makeError(Code::Unavailable, "connection refused")});
  CHECK(effect<PullEffect>(bench.timer()));
  CHECK(effect<CreateEffect>(bench.pulled()));
  CHECK(bench.main().reason.empty());
  CHECK(bench.main().attempts == 0);
}

TEST_CASE("a step that took too long has the name of its own") {
  EngineOptions options;
  options.attempts = 1;
  Bench bench(options);
  bench.payload(oneContainer());
  Output out = bench.done(PullDone{
      kMain,
      makeError(Code::DeadlineExceeded, "Could not transition to pulled; timed out after waiting 2h0m0s")});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason ==
        "DockerTimeoutError: Could not transition to pulled; timed out after waiting 2h0m0s");
}

TEST_CASE("a create whose answer was lost is followed by a question, which may find the container") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  CHECK(bench.done(CreateDone{kMain, makeError(Code::Unavailable, "EOF")}).effects.empty());
  Output asked = bench.timer();
  REQUIRE(effect<InspectEffect>(asked));
  CHECK(effect<InspectEffect>(asked)->idOrName == bench.main().runtimeName);
  RuntimeContainer created;
  created.id = "c7";
  Output answer = bench.inspected(created);
  REQUIRE(effect<StartEffect>(answer));
  CHECK(effect<StartEffect>(answer)->id == "c7");
}

TEST_CASE("a create whose answer was lost and that made nothing is made again") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.done(CreateDone{kMain, makeError(Code::Unavailable, "EOF")});
  bench.timer();
  CHECK(effect<CreateEffect>(bench.inspected(std::nullopt)));
}

TEST_CASE("a spec that the runtime refuses ends the task") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  Output out = bench.done(CreateDone{kMain, makeError(Code::InvalidArgument, "bad mount")});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason == "CannotCreateContainerError: bad mount");
}

TEST_CASE("a task whose container names a volume that it lacks is refused when it comes") {
  Bench bench;
  acs::Task task = oneContainer();
  task.containers[0].mountPoints = {acs::MountPoint{"data", "/data", false}};
  Output out = bench.payload(task);
  CHECK_FALSE(effect<PullEffect>(out));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.reason ==
        "UnrecogniedTaskError: Error loading task - container main mounts volume data, which the task does "
        "not have");
}

TEST_CASE("an answer for a task that is not known is dropped") {
  Bench bench;
  const ContainerKey stranger{"arn:task/none", "main"};
  CHECK(bench.pulled(stranger).effects.empty());
  CHECK(bench.created(stranger).effects.empty());
  CHECK(bench.started(stranger).effects.empty());
  CHECK(bench.inspected(std::nullopt, stranger).effects.empty());
  CHECK(bench.done(StopDone{stranger, exited("c1", 0)}).effects.empty());
  CHECK(bench.done(RemoveDone{stranger, Status()}).effects.empty());
}

TEST_CASE("a start that is never answered and never takes effect ends the container after some attempts") {
  Bench bench;
  bench.payload(oneContainer());
  bench.pulled();
  bench.created();
  RuntimeContainer created;
  created.id = "c1";
  for (int i = 0; i < 5; ++i) {
    CHECK(bench.main().known == ContainerStatus::Created);
    bench.done(StartDone{kMain, makeError(Code::DeadlineExceeded, "Could not transition to started")});
    bench.timer();
    bench.inspected(created);
    // Only now the start can't take effect any more.
    bench.timer();
    bench.inspected(created);
  }
  CHECK(bench.main().known == ContainerStatus::Stopped);
  CHECK(bench.main().reason ==
        "DockerTimeoutError: Could not transition to started; none of 5 attempts was answered");
}

}  // namespace berth::agent
