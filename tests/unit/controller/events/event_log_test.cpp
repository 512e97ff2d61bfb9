#include "controller/events/event_log.hpp"

#include <set>

#include "controller/events/render_event.hpp"
#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

/// A controller whose outputs go to a log of events.
struct Watched {
  explicit Watched(size_t capacity = 100) : log(capacity, 1000) {}

  /// Logs what the last call has changed.
  void note() {
    log.add(bench.last.mutations, bench.last.lost, bench.core.state(), bench.at(bench.second).wall);
  }
  Json event(int64_t position) { return eventOf(log.at(position), bench.core.state(), bench.names); }
  Json newest() { return event(log.end() - 1); }

  Bench bench;
  EventLog log;
};

TEST_CASE("a task's change is an event as EventBridge gets it") {
  Watched watched;
  watched.bench.ready();
  const std::string arn =
      watched.bench.runOne({{"taskDefinition", "app"}, {"tags", {{{"key", "a"}, {"value", "b"}}}}});
  watched.note();
  REQUIRE(watched.log.end() == 1001);
  const Json event = watched.newest();
  CHECK(event["version"] == "0");
  CHECK(event["detail-type"] == "ECS Task State Change");
  CHECK(event["source"] == "aws.ecs");
  CHECK(event["account"] == "000000000000");
  CHECK(event["region"] == "us-east-1");
  CHECK(event["resources"] == Json::array({arn}));
  CHECK(event["time"].get<std::string>().size() == std::string("2018-12-06T16:41:06Z").size());
  const Json& detail = event["detail"];
  CHECK(detail["taskArn"] == arn);
  CHECK(detail["clusterArn"] == "arn:aws:ecs:us-east-1:000000000000:cluster/default");
  CHECK(detail["lastStatus"] == "PENDING");
  CHECK(detail["version"] == 1);
  CHECK(detail["createdAt"].get<std::string>().ends_with("Z"));
  CHECK(detail["updatedAt"].get<std::string>().ends_with("Z"));
  CHECK_FALSE(detail.contains("tags"));
  CHECK(event == watched.newest());
}

TEST_CASE("each change of a task has its own event, with the version that it made") {
  Watched watched;
  watched.bench.ready();
  const std::string arn = watched.bench.runOne();
  watched.note();
  watched.bench.report(arn, "RUNNING");
  watched.note();
  watched.bench.report(arn, "RUNNING");
  watched.note();
  watched.bench.report(arn, "STOPPED", watched.bench.one("STOPPED", {{"exitCode", 3}}));
  watched.note();
  REQUIRE(watched.log.end() - watched.log.begin() == 3);
  std::set<std::string> ids;
  std::vector<std::string> states;
  for (int64_t at = watched.log.begin(); at < watched.log.end(); ++at) {
    const Json event = watched.event(at);
    ids.insert(event["id"]);
    states.push_back(event["detail"]["lastStatus"]);
    CHECK(event["detail"]["version"] == at - 999);
  }
  CHECK(ids.size() == 3);
  CHECK(states == std::vector<std::string>{"PENDING", "RUNNING", "STOPPED"});
  CHECK(watched.newest()["detail"]["containers"][0]["exitCode"] == 3);
}

TEST_CASE("an instance's registration, coming and going are events") {
  Watched watched;
  watched.bench.cluster();
  const std::string arn = watched.bench.host();
  watched.note();
  CHECK(watched.newest()["detail-type"] == "ECS Container Instance State Change");
  CHECK(watched.newest()["resources"] == Json::array({arn}));
  CHECK(watched.newest()["detail"]["agentConnected"] == false);
  CHECK(watched.newest()["detail"]["registeredAt"].is_string());
  const SessionId session = watched.bench.join(arn);
  watched.note();
  CHECK(watched.newest()["detail"]["agentConnected"] == true);
  watched.bench.last = Output();
  watched.bench.core.disconnect(session, watched.bench.tick(), watched.bench.last);
  watched.note();
  CHECK(watched.log.end() == 1003);
  CHECK(watched.newest()["detail"]["agentConnected"] == false);
  CHECK(watched.event(1001)["detail"]["agentConnected"] == true);
  watched.bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  watched.note();
  CHECK(watched.newest()["detail"]["status"] == "INACTIVE");
}

TEST_CASE("a job's run tells of each of its states") {
  Watched watched;
  watched.bench.ready();
  JobRun run;
  run.cluster = "default";
  run.job = "nightly";
  run.id = "20261128T013000.000Z";
  watched.log.add({Mutation(run)}, {}, watched.bench.core.state(), watched.bench.at(1).wall);
  Json event = watched.newest();
  CHECK(event["detail-type"] == "Berth Job Run State Change");
  CHECK(event["source"] == "berth");
  CHECK(event["resources"] == Json::array({"arn:aws:ecs:us-east-1:000000000000:job/default/nightly"}));
  CHECK(event["detail"]["eventName"] == "JOB_RUN_DUE");
  CHECK(event["detail"]["eventType"] == "INFO");
  CHECK(event["detail"]["clusterArn"] == "arn:aws:ecs:us-east-1:000000000000:cluster/default");
  run.state = JobRunState::Failed;
  run.reason = "exit code 3";
  watched.log.add({Mutation(run)}, {}, watched.bench.core.state(), watched.bench.at(2).wall);
  event = watched.newest();
  CHECK(event["detail"]["eventName"] == "JOB_RUN_FAILED");
  CHECK(event["detail"]["eventType"] == "ERROR");
  CHECK(event["detail"]["reason"] == "exit code 3");
  EventFilter filter;
  filter.cluster = "default";
  filter.detailTypes = {"Berth Job Run State Change"};
  CHECK(filter.takes(watched.log.at(watched.log.end() - 1)));
  filter.cluster = "other";
  CHECK_FALSE(filter.takes(watched.log.at(watched.log.end() - 1)));
}

TEST_CASE("a run that belongs to no job, and one that is forgotten, are no events") {
  Watched watched;
  watched.bench.ready();
  JobRun run;
  run.cluster = "default";
  run.id = "0123";
  watched.log.add({Mutation(run), Mutation(Kind::JobRun, "default/nightly/1", nullptr)}, {},
                  watched.bench.core.state(), watched.bench.at(1).wall);
  CHECK(watched.log.begin() == watched.log.end());
}

TEST_CASE("a service that is made tells of its deployment") {
  Watched watched;
  watched.bench.ready();
  watched.bench.call("CreateService",
                     {{"serviceName", "web"}, {"taskDefinition", "app"}, {"desiredCount", 1}});
  watched.note();
  const Json event = watched.event(watched.log.begin());
  CHECK(event["detail-type"] == "ECS Deployment State Change");
  CHECK(event["resources"] == Json::array({"arn:aws:ecs:us-east-1:000000000000:service/default/web"}));
  CHECK(event["detail"]["eventName"] == "SERVICE_DEPLOYMENT_IN_PROGRESS");
  CHECK(event["detail"]["eventType"] == "INFO");
  CHECK(event["detail"]["deploymentId"].get<std::string>().starts_with("ecs-svc/"));
}

TEST_CASE("the oldest changes make room, and positions go on") {
  Watched watched(2);
  watched.bench.ready();
  for (int i = 0; i < 3; ++i) {
    watched.bench.runOne();
    watched.note();
  }
  CHECK(watched.log.begin() == 1001);
  CHECK(watched.log.end() == 1003);
  CHECK(watched.log.at(1002).position == 1002);
}

TEST_CASE("what has no event in ECS has none: clusters, definitions, tasks that are forgotten") {
  Watched watched;
  watched.bench.cluster();
  watched.note();
  watched.bench.define("app");
  watched.note();
  CHECK(watched.log.begin() == watched.log.end());
  Mutations erased;
  erased.emplace_back(Kind::Task, "t", nullptr);
  watched.log.add(erased, {}, watched.bench.core.state(), {});
  CHECK(watched.log.begin() == watched.log.end());
}

TEST_CASE("filters go by cluster, task and detail type") {
  Watched watched;
  watched.bench.ready();
  const std::string arn = watched.bench.runOne();
  watched.note();
  const Change& change = watched.log.at(1000);
  const std::string id = arn.substr(arn.rfind('/') + 1);
  CHECK(EventFilter{}.takes(change));
  CHECK(EventFilter{"default", id, {"ECS Task State Change"}}.takes(change));
  CHECK_FALSE(EventFilter{"prod", {}, {}}.takes(change));
  CHECK_FALSE(EventFilter{{}, "other", {}}.takes(change));
  CHECK_FALSE(EventFilter{{}, {}, {"ECS Service Action"}}.takes(change));
  CHECK(isDetailType("ECS Service Action"));
  CHECK_FALSE(isDetailType("ECS Anything"));
}

}  // namespace
}  // namespace berth::controller
