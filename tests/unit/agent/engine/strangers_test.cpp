#include <catch2/catch.hpp>

#include "tests/unit/agent/engine/bench.hpp"

namespace berth::agent {

using namespace sample;

namespace {

const std::string kOther = "arn:aws:ecs:us-east-1:000000000000:task/default/other";

acs::TaskManifestMessage listing(std::vector<std::string> arns, int64_t timeline = 10) {
  acs::TaskManifestMessage out;
  out.messageId = "manifest";
  out.clusterArn = "arn:cluster";
  out.containerInstanceArn = kInstance;
  out.timeline = timeline;
  for (std::string& arn : arns)
    out.tasks.push_back(acs::TaskIdentity{std::move(arn), "arn:cluster", "RUNNING"});
  return out;
}

acs::Task begun(acs::Task task) {
  task.begun = true;
  return task;
}

RuntimeContainer withVersion(RuntimeContainer container) {
  container.labels["com.amazonaws.ecs.task-definition-family"] = "web";
  container.labels["com.amazonaws.ecs.task-definition-version"] = "3";
  return container;
}

/// An engine that has lost its state and has listed the containers that are there.
struct Forgetful {
  explicit Forgetful(std::vector<RuntimeContainer> found) {
    static_cast<void>(bench.engine.restore({}, 0, bench.now()));
    listed = bench.listed(std::move(found));
  }
  Output manifest(std::vector<std::string> arns) {
    return bench.settled(bench.engine.onMessage(listing(std::move(arns)), bench.now()));
  }
  Output heartbeat() {
    return bench.settled(bench.engine.onMessage(acs::HeartbeatMessage{"h", true}, bench.now()));
  }

  Bench bench;
  Output listed;
};

}  // namespace

TEST_CASE(
    "a container whose task is not known runs on until the controller has spoken, and says what it waits "
    "for") {
  Forgetful agent({labelled(running("c1"), kTaskArn)});
  CHECK(agent.listed.effects.empty());
  agent.bench.second += 3600;
  CHECK(agent.bench.engine.onTimer(agent.bench.now()).save.empty());
  REQUIRE(agent.bench.waiting().size() == 1);
  CHECK(agent.bench.waiting()[0].key == kMain);
  CHECK(agent.bench.waiting()[0].what.starts_with("the controller, to say"));
}

TEST_CASE("a manifest without the task lets its container go") {
  Forgetful agent({labelled(running("c1"), kTaskArn), labelled(running("c2"), kOther)});
  Output out = agent.manifest({kOther});
  auto removed = effects<RemoveEffect>(out);
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].id == "c1");
  CHECK(removed[0].force);
  REQUIRE(agent.bench.waiting().size() == 1);
  CHECK(agent.bench.waiting()[0].key.taskArn == kOther);
}

TEST_CASE("a payload makes its containers known again, and nothing is made or started twice") {
  Forgetful agent({labelled(running("c1"), kTaskArn)});
  CHECK(effects<RemoveEffect>(agent.manifest({kTaskArn})).empty());
  Output out = agent.bench.payload(begun(oneContainer()));
  REQUIRE(effect<InspectEffect>(out));
  CHECK(effects<PullEffect>(out).empty());
  CHECK(agent.bench.task().admitted);
  Output seen = agent.bench.inspected(running("c1"));
  CHECK(effects<StartEffect>(seen).empty());
  REQUIRE(effect<ReportEffect>(seen));
  CHECK(effect<ReportEffect>(seen)->report.status == TaskStatus::Running);
  CHECK(agent.bench.waiting().empty());
}

TEST_CASE(
    "what the runtime does not tell of a lost record is asked of the kernel, by the id that its list gave") {
  Forgetful agent({labelled(running("c1"), kTaskArn)});
  agent.bench.byHand = true;
  agent.bench.payload(begun(oneContainer()));
  agent.bench.payload(stopOf(oneContainer()));
  const Output out = agent.bench.timer();
  REQUIRE(effect<ReapEffect>(out));
  CHECK(effect<ReapEffect>(out)->target.containerId == "c1");
}

TEST_CASE("a container without an id is not taken for STOPPED while the runtime does not answer") {
  Forgetful agent({});
  agent.bench.payload(begun(oneContainer()));
  agent.bench.payload(stopOf(oneContainer()));
  agent.bench.second += 3600;
  CHECK(effects<ReapEffect>(agent.bench.engine.onTimer(agent.bench.now())).empty());
  CHECK(agent.bench.main().known != ContainerStatus::Stopped);
  CHECK(agent.bench.waiting().at(0).what == "the runtime, to inspect");
}

TEST_CASE("a container keeps the address at which it asks the agent") {
  RuntimeContainer found = labelled(running("c1"), kTaskArn);
  found.labels[kEndpointLabel] = "secret-1";
  Forgetful agent({found});
  agent.bench.payload(begun(oneContainer()));
  CHECK(agent.bench.main().endpoint == "secret-1");
}

TEST_CASE("what ended while it was not known is reported with its exit code, not started again") {
  Forgetful agent({labelled(exited("c1", 3), kTaskArn)});
  agent.bench.payload(oneContainer());
  Output out = agent.bench.inspected(exited("c1", 3));
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(agent.bench.main().exitCode == 3);
}

TEST_CASE("what ended and may just be started again by its policy has ended once that is settled") {
  RuntimeContainer end = exited("c1", 3);
  end.startedAt = at(1).wall;
  end.finishedAt = at(2).wall;
  Forgetful agent({labelled(end, kTaskArn)});
  acs::Task again = oneContainer();
  again.containers[0].restartPolicy.enabled = true;
  agent.bench.payload(stopOf(again));
  CHECK(agent.bench.inspected(end).effects.empty());
  CHECK(agent.bench.waiting()[0].what == "the runtime, which may still start the container");
  CHECK(effect<InspectEffect>(agent.bench.timer()));
  Output out = agent.bench.inspected(end);
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(agent.bench.main().exitCode == 3);
}

TEST_CASE("a task that ran and whose container is gone has vanished and is not begun anew") {
  Forgetful agent({});
  Output out = agent.bench.payload(begun(oneContainer()));
  CHECK(effect<InspectEffect>(out));
  out = agent.bench.inspected(std::nullopt);
  CHECK(effects<PullEffect>(out).empty());
  REQUIRE(effect<ReportEffect>(out));
  CHECK(effect<ReportEffect>(out)->report.status == TaskStatus::Stopped);
  CHECK(agent.bench.main().reason.starts_with("ContainerVanishedError"));
}

TEST_CASE("a container that was created only may still be starting: it is started once that is settled") {
  RuntimeContainer created;
  created.id = "c1";
  Forgetful agent({labelled(created, kTaskArn)});
  agent.bench.payload(oneContainer());
  CHECK(effects<StartEffect>(agent.bench.inspected(created)).empty());
  CHECK(effect<InspectEffect>(agent.bench.timer()));
  CHECK(effect<StartEffect>(agent.bench.inspected(created)));
}

TEST_CASE("a payload that comes before the first list is matched with what the list shows") {
  Bench bench;
  static_cast<void>(bench.engine.restore({}, 0, bench.now()));
  bench.payload(oneContainer());
  Output out = bench.listed({labelled(running("c1"), kTaskArn)});
  CHECK(effects<PullEffect>(out).empty());
  CHECK(bench.main().known == ContainerStatus::Running);
  CHECK(bench.task().admitted);
}

TEST_CASE("a payload says which of the strangers do not belong to its task") {
  Forgetful agent({labelled(running("c1"), kTaskArn), labelled(running("c2"), kTaskArn, "odd")});
  auto removed = effects<RemoveEffect>(agent.bench.payload(begun(oneContainer())));
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].id == "c2");
}

TEST_CASE("a stop of a task that is not known stops what runs of it") {
  Forgetful agent({labelled(running("c1"), kTaskArn)});
  CHECK(effect<InspectEffect>(agent.bench.payload(stopOf(oneContainer()))));
  CHECK(effect<StopEffect>(agent.bench.inspected(running("c1"))));
}

TEST_CASE("a task that is listed and never sent ends in order, and says why") {
  Forgetful agent({withVersion(labelled(running("c1"), kTaskArn))});
  agent.manifest({kTaskArn});
  agent.bench.second += 30;
  CHECK(effects<InspectEffect>(agent.heartbeat()).empty());
  agent.bench.second += 30;
  // A silent controller may have had no way to send it.
  CHECK(agent.bench.engine.onTimer(agent.bench.now()).save.empty());
  Output out = agent.heartbeat();
  CHECK(out.save.size() == 1);
  REQUIRE(effect<InspectEffect>(out));
  CHECK(effect<InspectEffect>(out)->idOrName.starts_with("ecs-web-3-main-"));
  out = agent.bench.inspected(running("c1"));
  CHECK(effect<StopEffect>(out));
  if (const auto* early = effect<ReportEffect>(out)) agent.bench.reported(early->report);
  out = agent.bench.done(StopDone{kMain, exited("c1", 143)});
  REQUIRE(effect<ReportEffect>(out));
  const Report& report = effect<ReportEffect>(out)->report;
  CHECK(report.status == TaskStatus::Stopped);
  CHECK(report.reason.starts_with("The agent lost its record of the task"));
}

}  // namespace berth::agent
