#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

const std::string kUnknown = "arn:task/unknown";

/// An engine that begins anew with what was stored, its first list under way.
struct Restarted {
  explicit Restarted(std::vector<Task> stored, int64_t timeline = 5) {
    first = bench.engine.restore(std::move(stored), timeline, bench.now());
  }
  Bench bench;
  Output first;
};

/// A task as it was stored when its start was intended.
Task intended() {
  Bench before;
  before.payload(oneContainer());
  before.pulled();
  return before.created().save.at(0);
}

/// As the codec would restore it: nothing is under way.
Task atRest(Task task) {
  for (Container& container : task.containers) container.inFlight = Step::None;
  return task;
}

}  // namespace

TEST_CASE("nothing is done for restored tasks before the runtime was asked") {
  Restarted restarted({atRest(intended())});
  Bench& bench = restarted.bench;
  REQUIRE(restarted.first.effects.size() == 1);
  CHECK(effect<ListEffect>(restarted.first));
  CHECK(bench.engine.timeline() == 5);
  CHECK(bench.engine.onTimer(at(60)).effects.empty());
  CHECK(bench.engine.onRuntimeEvent(event("c1", "die"), bench.now()).effects.empty());
  REQUIRE(bench.waiting().size() == 1);
  CHECK(bench.waiting()[0].what == "the runtime, to list its containers");
}

TEST_CASE("a restored container that runs is reported and left alone") {
  Restarted restarted({atRest(intended())});
  Output out = restarted.bench.listed({labelled(running("c1"), kTaskArn)});
  CHECK(effects<StartEffect>(out).empty());
  CHECK(effects<StopEffect>(out).empty());
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Running);
}

TEST_CASE("a restored container that ended meanwhile is reported with its exit code") {
  Restarted restarted({atRest(intended())});
  Output out = restarted.bench.listed({labelled(exited("c1", 2), kTaskArn)});
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 2);
  // The exit, and then the last lines.
  CHECK(out.save.size() == 2);
}

TEST_CASE("a restored container whose start never reached the runtime is started") {
  Restarted restarted({atRest(intended())});
  RuntimeContainer created;
  created.id = "c1";
  Output listed = restarted.bench.listed({labelled(created, kTaskArn)});
  CHECK_FALSE(effect<StartEffect>(listed));
  // The runtime may be about to start it, at the request of the agent that ended.
  CHECK(effect<InspectEffect>(restarted.bench.timer()));
  CHECK(effect<StartEffect>(restarted.bench.inspected(created)));
}

TEST_CASE("a restored container that starts late, at the request from before, is not started again") {
  Restarted restarted({atRest(intended())});
  RuntimeContainer created;
  created.id = "c1";
  restarted.bench.listed({labelled(created, kTaskArn)});
  restarted.bench.timer();
  Output out = restarted.bench.inspected(exited("c1", 0));
  CHECK_FALSE(effect<StartEffect>(out));
  CHECK(effect<ReportEffect>(out));
}

TEST_CASE("a restored container that was meant to start and is gone has vanished") {
  Restarted restarted({atRest(intended())});
  CHECK(effect<InspectEffect>(restarted.bench.listed({})));
  Output out = restarted.bench.inspected(std::nullopt);
  CHECK_FALSE(effect<CreateEffect>(out));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].reason ==
        "ContainerVanishedError: No container matching saved ID found");
}

TEST_CASE("a task that was stored and not begun begins") {
  Bench before;
  Restarted restarted({atRest(before.payload(oneContainer()).save.at(0))});
  CHECK(effect<PullEffect>(restarted.bench.listed({})));
}

TEST_CASE("a container that was created just before the crash is found by its label") {
  Bench before;
  Restarted restarted({atRest(before.payload(oneContainer()).save.at(0))});
  RuntimeContainer created;
  created.id = "c4";
  Output out = restarted.bench.listed({labelled(created, kTaskArn)});
  CHECK(effects<PullEffect>(out).empty());
  REQUIRE(effect<StartEffect>(out));
  CHECK(effect<StartEffect>(out)->id == "c4");
}

TEST_CASE("a stop that was wanted before the restart is carried out after it") {
  Task stored = atRest(intended());
  stored.stopWanted = true;
  Restarted restarted({stored});
  CHECK(effect<StopEffect>(restarted.bench.listed({labelled(running("c1"), kTaskArn)})));
}

TEST_CASE("a stop that arrives before the first list waits for it") {
  Restarted restarted({atRest(intended())});
  Output stop = restarted.bench.payload(stopOf(oneContainer()));
  CHECK(sent<acs::AckRequest>(stop));
  CHECK(stop.save.size() == 1);
  CHECK_FALSE(effect<StopEffect>(stop));
  CHECK(effect<StopEffect>(restarted.bench.listed({labelled(running("c1"), kTaskArn)})));
}

TEST_CASE("a new task that arrives before the first list waits for it") {
  Restarted restarted({});
  Output out = restarted.bench.payload(oneContainer());
  CHECK(sent<acs::AckRequest>(out));
  CHECK_FALSE(effect<PullEffect>(out));
  CHECK(effect<PullEffect>(restarted.bench.listed({})));
}

TEST_CASE("containers that no task of theirs has, and those that name none, are removed by force") {
  Restarted restarted({atRest(intended())});
  RuntimeContainer bare = running("c8");
  Output out = restarted.bench.listed({labelled(running("c1"), kTaskArn), labelled(running("c9"), kUnknown),
                                       labelled(exited("c7", 0), kTaskArn, "stranger"), bare});
  auto removed = effects<RemoveEffect>(out);
  // The container of a task that is not known waits for the controller's word: strangers_test.cpp.
  REQUIRE(removed.size() == 2);
  for (const RemoveEffect& one : removed) {
    CHECK(one.force);
    CHECK(one.key.taskArn.empty());
    CHECK((one.id == "c7" || one.id == "c8"));
  }
  CHECK(restarted.bench.done(RemoveDone{{}, Status()}).effects.empty());
}

TEST_CASE("what happens to a container while the first list is under way is asked for after it") {
  Restarted restarted({atRest(intended())});
  CHECK(restarted.bench.engine.onRuntimeEvent(event("c1", "die"), restarted.bench.now()).effects.empty());
  CHECK(effect<InspectEffect>(restarted.bench.listed({labelled(running("c1"), kTaskArn)})));
  Output out = restarted.bench.inspected(exited("c1", 2));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.containers[0].exitCode == 2);
}

TEST_CASE("an event stream that opens while a list is under way is followed by another list") {
  Restarted restarted({});
  Bench& bench = restarted.bench;
  RuntimeEvent connected;
  connected.kind = RuntimeEvent::Kind::Connected;
  CHECK(bench.engine.onRuntimeEvent(connected, bench.now()).effects.empty());
  bench.listed({});
  CHECK(bench.engine.nextDeadline() <= at(bench.second).mono);
  CHECK(effect<ListEffect>(bench.timer()));
  bench.listed({});
  CHECK(bench.engine.nextDeadline() > at(bench.second).mono + std::chrono::minutes(1));
}

TEST_CASE("a runtime that does not answer the first list is asked until it does") {
  Restarted restarted({atRest(intended())});
  Bench& bench = restarted.bench;
  for (int i = 0; i < 5; ++i) {
    Output failed = bench.done(ListDone{makeError(Code::Unavailable, "no runtime")});
    CHECK(failed.effects.empty());
    REQUIRE(bench.engine.nextDeadline().has_value());
    CHECK(effect<ListEffect>(bench.timer()));
  }
  CHECK(effect<ReportEffect>(bench.listed({labelled(running("c1"), kTaskArn)})));
}

TEST_CASE("what the controller had accepted is not reported again after a restart") {
  Bench before;
  before.runAndReport();
  Restarted restarted({atRest(before.task())});
  CHECK_FALSE(effect<ReportEffect>(restarted.bench.listed({labelled(running("c1"), kTaskArn)})));
}

TEST_CASE("now and then everything is compared with the runtime") {
  Restarted restarted({});
  Bench& bench = restarted.bench;
  bench.listed({});
  REQUIRE(bench.engine.nextDeadline().has_value());
  Output out = bench.timer();
  CHECK(effect<ListEffect>(out));
  CHECK_FALSE(bench.engine.nextDeadline().has_value());
}

TEST_CASE("a container that the runtime can't tell about holds up no other and is asked for by itself") {
  Bench before;
  Restarted restarted({atRest(intended()), atRest(before.payload(oneContainer("arn:task/2")).save.at(0))});
  RuntimeContainer wedged = labelled(RuntimeContainer{}, kTaskArn);
  wedged.id = "c1";
  wedged.unread = true;
  const Output out = restarted.bench.listed({wedged});
  REQUIRE(effect<InspectEffect>(out));
  CHECK(effect<InspectEffect>(out)->key == kMain);
  CHECK(effect<PullEffect>(out)->key.taskArn == "arn:task/2");
}

TEST_CASE("a set-up that fails when an agent starts again ends nothing that runs") {
  Task stored = atRest(intended());
  acs::Volume volume;
  volume.name = "data";
  volume.kind = acs::VolumeKind::Docker;
  stored.spec.volumes.push_back(volume);
  stored.setUp = SetUp::Needed;
  Restarted restarted({stored});
  restarted.bench.byHand = true;
  const Output out = restarted.bench.listed({labelled(running("c1"), kTaskArn)});
  REQUIRE(effect<SetUpEffect>(out));
  restarted.bench.done(SetUpDone{kTaskArn, makeError(Code::Internal, "VolumeError: the plugin is down")});
  CHECK(restarted.bench.main().known == ContainerStatus::Running);
  CHECK_FALSE(restarted.bench.task().stopWanted);
}

}  // namespace berth::agent
