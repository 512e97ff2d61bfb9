#include "controller/model/service_upkeep.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::controller;

namespace {

Now at(int64_t seconds) {
  return Now{MonoTime(std::chrono::seconds(seconds)), WallTime(std::chrono::seconds(seconds))};
}

Service service(const std::string& name) {
  Service out;
  out.cluster = "c";
  out.name = name;
  out.taskDefinition = "web:1";
  return out;
}

Task taskOf(const std::string& id, const std::string& group) {
  Task out;
  out.id = id;
  out.spec.edit([&](TaskSpec& spec) {
    spec.cluster = "c";
    spec.group = group;
  });
  out.instance = "i";
  return out;
}

std::vector<std::string> idsOf(const std::vector<const Task*>& tasks) {
  std::vector<std::string> out;
  for (const Task* task : tasks) out.push_back(task->id);
  return out;
}

ServiceDeployment deployment(const std::string& of, const std::string& id, const std::string& target,
                             std::optional<int64_t> finished) {
  ServiceDeployment out;
  out.cluster = "c";
  out.service = of;
  out.id = id;
  out.target = target;
  if (finished) {
    out.status = ServiceDeploymentStatus::Successful;
    out.finishedAt = at(*finished).wall;
  }
  return out;
}

ServiceRevision revision(const std::string& of, const std::string& id) {
  ServiceRevision out;
  out.cluster = "c";
  out.service = of;
  out.id = id;
  return out;
}

TaskSet taskSet(const std::string& of, const std::string& definition) {
  TaskSet out;
  out.cluster = "c";
  out.service = of;
  out.id = "ecs-svc/1";
  out.taskDefinition = definition;
  return out;
}

void store(State& state, std::vector<Entity> entities) {
  Transaction tx(state);
  for (Entity& entity : entities) tx.put(std::move(entity));
  state.apply(tx.take());
}

template <class Of>
std::vector<std::string> ids(const std::vector<const Of*>& all) {
  std::vector<std::string> out;
  for (const Of* one : all) out.push_back(one->id);
  return out;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a breaker's threshold is a part of the desired count within bounds, or a number") {
  CircuitBreaker breaker;
  CHECK(breaker.thresholdFor(1) == 3);
  CHECK(breaker.thresholdFor(25) == 13);
  CHECK(breaker.thresholdFor(400) == 200);
  CHECK(breaker.thresholdFor(800) == 200);
  breaker.type = CircuitBreaker::Threshold::UnboundedPercent;
  CHECK(breaker.thresholdFor(1) == 1);
  CHECK(breaker.thresholdFor(800) == 400);
  breaker.type = CircuitBreaker::Threshold::Count;
  breaker.value = 7;
  CHECK(breaker.thresholdFor(800) == 7);
}

TEST_CASE("a task set wants its part of the service's tasks, rounded up") {
  TaskSet set;
  set.scale = 25;
  CHECK(set.desiredOf(0) == 0);
  CHECK(set.desiredOf(4) == 1);
  CHECK(set.desiredOf(5) == 2);
  set.scale = 0;
  CHECK(set.desiredOf(100) == 0);
}

TEST_CASE("of a service's events the newest hundred are kept") {
  Service one = service("web");
  for (int i = 0; i < 120; ++i) one.addEvent({std::to_string(i), {}, ""});
  CHECK(one.events.size() == 100);
  CHECK(one.events.front().id == "119");
  CHECK(one.events.back().id == "20");
}

TEST_CASE("a group says which service its tasks are of") {
  CHECK(serviceGroup("web") == "service:web");
  CHECK(serviceOfGroup("service:web") == "web");
  CHECK_FALSE(serviceOfGroup("family:web"));
}

TEST_CASE("a service's tasks are found by their group and cluster, until they are forgotten") {
  State state;
  Task foreign = taskOf("x", "service:web");
  foreign.spec.edit([](TaskSpec& spec) { spec.cluster = "other"; });
  store(state,
        {taskOf("a", "service:web"), taskOf("b", "family:web"), taskOf("c", "service:web-2"), foreign});
  CHECK(idsOf(state.tasksOf("c/web")) == std::vector<std::string>{"a"});
  CHECK(idsOf(state.tasksOf("other/web")) == std::vector<std::string>{"x"});
  Task stopped = taskOf("a", "service:web");
  stopped.lastStatus = TaskStatus::Stopped;
  store(state, {stopped});
  CHECK(idsOf(state.tasksOf("c/web")) == std::vector<std::string>{"a"});
  Transaction tx(state);
  tx.erase(Kind::Task, "a");
  state.apply(tx.take());
  CHECK(state.tasksOf("c/web").empty());
}

TEST_CASE("what belongs to a service is told from that of services whose names begin alike") {
  State state;
  store(state, {deployment("web", "d1", "1", 5), deployment("web-2", "d2", "2", 9), revision("web", "1"),
                revision("web-2", "2"), taskSet("web", "a:1"), taskSet("we", "b:1")});
  CHECK(ids(state.deploymentsOf("c/web")) == Ids{"d1"});
  CHECK(ids(state.revisionsOf("c/web")) == Ids{"1"});
  CHECK(state.taskSetsOf("c/web").size() == 1);
  CHECK(state.lastSuccessful("c/web")->id == "d1");
  CHECK_FALSE(state.lastSuccessful("c/we"));
}

TEST_CASE("definitions are in use by services that are not INACTIVE, their deployments and task sets") {
  State state;
  Service rolling = service("rolling");
  rolling.deployments.emplace_back().taskDefinition = "web:7";
  Service gone = service("gone");
  gone.taskDefinition = "gone:1";
  gone.status = ServiceStatus::Inactive;
  store(state, {rolling, gone, taskSet("sets", "set:2")});
  CHECK(definitionsInUse(state) == std::set<std::string>{"set:2", "web:1", "web:7"});
}

TEST_CASE("old history goes, but what runs and what can be gone back to stays") {
  State state;
  constexpr int64_t kDay = 86'400;
  Service web = service("web");
  web.deployments.emplace_back().revision = "4";
  web.deployments[0].serviceDeployment = "running";
  store(state, {web, deployment("web", "oldest", "1", 1), deployment("web", "completed", "2", 2),
                deployment("web", "running", "4", std::nullopt), revision("web", "1"), revision("web", "2"),
                revision("web", "3"), revision("web", "4")});
  Transaction early(state);
  trimHistory(early, web, at(10 * kDay));
  state.apply(early.take());
  CHECK(state.deploymentsOf("c/web").size() == 3);
  CHECK(ids(state.revisionsOf("c/web")) == Ids{"1", "2", "4"});
  Transaction late(state);
  trimHistory(late, web, at(91 * kDay));
  state.apply(late.take());
  CHECK(ids(state.deploymentsOf("c/web")) == Ids{"completed", "running"});
  CHECK(ids(state.revisionsOf("c/web")) == Ids{"2", "4"});
}

TEST_CASE("services that have long been INACTIVE go with their history, and protections with their tasks") {
  State state;
  Service gone = service("gone");
  gone.status = ServiceStatus::Inactive;
  gone.deletedAt = at(100).wall;
  store(state, {gone, service("web"), deployment("gone", "d", "1", 5), revision("gone", "1"),
                taskSet("gone", "a:1"), taskOf("a", "service:web"), TaskProtection{"a", at(500).wall},
                TaskProtection{"none", at(500).wall}});
  Transaction early(state);
  forgetEnded(early, at(110), std::chrono::seconds(60));
  state.apply(early.take());
  CHECK(state.service("c/gone"));
  CHECK(state.protection("a"));
  CHECK_FALSE(state.protection("none"));
  Transaction late(state);
  forgetEnded(late, at(500), std::chrono::seconds(60));
  state.apply(late.take());
  CHECK_FALSE(state.service("c/gone"));
  CHECK(state.service("c/web"));
  CHECK(state.deploymentsOf("c/gone").empty());
  CHECK(state.revisionsOf("c/gone").empty());
  CHECK(state.taskSetsOf("c/gone").empty());
  CHECK_FALSE(state.protection("a"));
}
