// Tasks that wait for a place: when they are tried again, in which order, and how they give up.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;

namespace {

/// A cluster with two definitions, "small" of 256 CPU units and "big" of 1024, which is all of a host.
struct Line : Bench {
  Line() {
    cluster();
    define("small", Json::array({sample::container()}));
    define("big", Json::array({sample::container("app", {{"cpu", 1024}})}));
  }
  static Json asked(const std::string& family, int count = 1, const std::string& wait = "10m") {
    return {{"taskDefinition", family},
            {"count", count},
            {"tags", Json::array({{{"key", "berth:wait"}, {"value", wait}}})}};
  }
  std::string status(const std::string& arn) { return task(arn)["lastStatus"]; }
  std::string joined(Json more = Json::object()) {
    std::string arn = host("default", std::move(more));
    session = join(arn);
    return arn;
  }
  void end(const std::string& arn) { report(arn, "STOPPED"); }
  std::vector<Entity> stored() const { return sample::storedOf(core.state()); }
  const WaitingTasks& line() const { return core.state().waitingIn("default"); }
};

std::string idOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

}  // namespace

TEST_CASE("a task that waits is placed when a host joins, and its agent is sent it after the manifest") {
  Line bench;
  const std::string arn = bench.runOne(Line::asked("small"));
  CHECK(bench.status(arn) == "PROVISIONING");
  const std::string host = bench.host();
  CHECK(bench.status(arn) == "PROVISIONING");
  bench.join(host);
  REQUIRE(bench.last.effects.size() == 2);
  CHECK(bench.sent<acs::TaskManifestMessage>().at(0).tasks.empty());
  CHECK(bench.sent<acs::PayloadMessage>().at(0).tasks.at(0).arn == arn);
  const Json placed = bench.task(arn);
  CHECK(placed["lastStatus"] == "PENDING");
  CHECK(placed["containerInstanceArn"] == host);
  CHECK(placed["version"] == 2);
  CHECK(bench.core.state().used(idOf(host)).cpu == 256);
  CHECK(bench.line().empty());
  CHECK(bench.core.waiting().empty());
}

TEST_CASE("a task that ends makes room for the first that waits") {
  Line bench;
  bench.joined();
  const std::string running = bench.runOne(Line::asked("big"));
  const std::string first = bench.runOne(Line::asked("big"));
  const std::string second = bench.runOne(Line::asked("big"));
  bench.end(running);
  CHECK(bench.status(first) == "PENDING");
  CHECK(bench.status(second) == "PROVISIONING");
  bench.end(first);
  CHECK(bench.status(second) == "PENDING");
}

TEST_CASE("those who came first are tried first, whatever they want") {
  Line bench;
  bench.joined();
  const std::string running = bench.runOne(Line::asked("big"));
  std::vector<std::string> waiting;
  for (const char* family : {"small", "big", "small"}) {
    waiting.push_back(bench.runOne(Line::asked(family)));
  }
  bench.end(running);
  // The big one in the middle lets the small one behind it pass, for as long as it does not fit.
  CHECK(bench.status(waiting[0]) == "PENDING");
  CHECK(bench.status(waiting[1]) == "PROVISIONING");
  CHECK(bench.status(waiting[2]) == "PENDING");
  bench.joined();
  CHECK(bench.status(waiting[1]) == "PENDING");
}

TEST_CASE("what has become free goes to who waits before a new call can take it") {
  Line bench;
  bench.joined();
  const std::string running = bench.runOne(Line::asked("big"));
  const std::string big = bench.runOne(Line::asked("big"));
  bench.end(running);
  const Json late = bench.call("RunTask", Line::asked("small", 1, "0s"));
  CHECK(late["tasks"].empty());
  CHECK(late["failures"][0]["reason"] == "RESOURCE:CPU");
  CHECK(bench.status(big) == "PENDING");
}

TEST_CASE("copies of one call wait together and are placed as far as the room goes") {
  Line bench;
  bench.joined();
  const auto arns = bench.run(Line::asked("small", 10));
  REQUIRE(arns.size() == 10);
  CHECK(bench.line().size() == 6);
  bench.joined();
  CHECK(bench.line().size() == 2);
  CHECK(bench.sent<acs::PayloadMessage>().at(0).tasks.size() == 4);
}

TEST_CASE("a task is tried again when a host becomes ACTIVE, and when it is given attributes") {
  Line bench;
  const std::string host = bench.joined();
  Json wish = Line::asked("small");
  wish["placementConstraints"] =
      Json::array({{{"type", "memberOf"}, {"expression", "attribute:disk == ssd"}}});
  const std::string picky = bench.runOne(wish);
  bench.call("PutAttributes", {{"attributes", {{{"name", "disk"}, {"value", "ssd"}, {"targetId", host}}}}});
  CHECK(bench.status(picky) == "PENDING");
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {host}}, {"status", "DRAINING"}});
  const std::string other = bench.runOne(wish);
  CHECK(bench.status(other) == "PROVISIONING");
  bench.call("UpdateContainerInstancesState", {{"containerInstances", {host}}, {"status", "ACTIVE"}});
  CHECK(bench.status(other) == "PENDING");
}

TEST_CASE("a task that waits to be beside another is placed with it") {
  Line bench;
  const std::string host = bench.joined();
  const std::string running = bench.runOne(Line::asked("big"));
  Json wish = Line::asked("small");
  wish["placementConstraints"] =
      Json::array({{{"type", "memberOf"}, {"expression", "task:group == friends"}}});
  const std::string friendly = bench.runOne(wish);
  Json friends = Line::asked("small");
  friends["group"] = "friends";
  const std::string other = bench.runOne(friends);
  bench.end(running);
  CHECK(bench.status(other) == "PENDING");
  CHECK(bench.status(friendly) == "PENDING");
}

TEST_CASE("a change that helps nobody changes nothing") {
  Line bench;
  bench.joined();
  const std::string running = bench.runOne(Line::asked("small"));
  const std::string waiting = bench.runOne(Line::asked("big"));
  bench.report(running, "RUNNING");
  REQUIRE(bench.last.mutations.size() == 1);
  bench.wait(5);
  CHECK(bench.last.mutations.empty());
  CHECK(bench.status(waiting) == "PROVISIONING");
}

TEST_CASE("a deadline that passes stops the task with what keeps most instances from it") {
  Line bench;
  bench.joined();
  bench.joined();
  const std::string alone = bench.host();
  bench.run(Line::asked("small", 8));
  const std::string waiting = bench.runOne(Line::asked("small"));
  bench.wait(599);
  CHECK(bench.status(waiting) == "PROVISIONING");
  bench.wait(2);
  const Json gone = bench.task(waiting);
  CHECK(gone["lastStatus"] == "STOPPED");
  CHECK(gone["desiredStatus"] == "STOPPED");
  CHECK(gone["stopCode"] == "TaskFailedToStart");
  // The hosts have been silent for so long that their sessions have ended.
  CHECK(gone["stoppedReason"] == "TaskFailedToStart: AGENT");
  CHECK(gone["containers"][0]["lastStatus"] == "STOPPED");
  CHECK(gone.contains("stoppedAt"));
  CHECK_FALSE(gone.contains("containerInstanceArn"));
  CHECK(bench.line().empty());
  CHECK(bench.core.waiting().empty());
}

TEST_CASE("the reasons of a task that gave up are those of ECS") {
  const auto reason = [](Line& bench, const Json& wish) {
    const std::string arn = bench.runOne(wish);
    bench.wait(11);
    return bench.task(arn)["stoppedReason"].get<std::string>();
  };
  Line bench;
  CHECK(reason(bench, Line::asked("small", 1, "10s")) == "TaskFailedToStart: NO ACTIVE INSTANCES");
  bench.joined();
  bench.run(Line::asked("big"));
  CHECK(reason(bench, Line::asked("small", 1, "10s")) == "TaskFailedToStart: RESOURCE:CPU");
  Json picky = Line::asked("small", 1, "10s");
  picky["placementConstraints"] =
      Json::array({{{"type", "memberOf"}, {"expression", "attribute:disk == ssd"}}});
  CHECK(reason(bench, picky) == "TaskFailedToStart: MemberOf placement constraint unsatisfied");
}

TEST_CASE("the core says when the next task gives up") {
  Line bench;
  bench.wait(1);
  const MonoTime sweep = bench.core.nextDeadline();
  const std::string waiting = bench.runOne(Line::asked("small", 1, "20s"));
  const MonoTime created = bench.at(bench.second).mono;
  CHECK(bench.core.nextDeadline() == created + std::chrono::seconds(20));
  bench.call("StopTask", {{"task", waiting}});
  CHECK(bench.core.nextDeadline() == sweep);
}

TEST_CASE("a task goes on waiting after a restart, until the same deadline") {
  Line before;
  const std::string placed = before.runOne(Line::asked("small"));
  const std::string late = before.runOne(Line::asked("big", 1, "2m"));
  const std::string host = before.host();
  Line after;
  after.core.load(before.stored());
  after.second = before.second + 60;
  CHECK(after.line().size() == 2);
  CHECK(after.status(placed) == "PROVISIONING");
  after.join(host);
  CHECK(after.status(placed) == "PENDING");
  CHECK(after.status(late) == "PROVISIONING");
  after.wait(65);
  CHECK(after.task(late)["stoppedReason"] == "TaskFailedToStart: RESOURCE:CPU");
}

TEST_CASE("after a restart a task wants the place that its call asked for") {
  Line before;
  Json wish = Line::asked("small");
  wish["placementConstraints"] =
      Json::array({{{"type", "memberOf"}, {"expression", "attribute:disk == ssd"}}});
  const std::string picky = before.runOne(wish);
  const std::string host = before.host();
  Line after;
  after.core.load(before.stored());
  after.second = before.second;
  after.join(host);
  CHECK(after.status(picky) == "PROVISIONING");
  after.call("PutAttributes", {{"attributes", {{{"name", "disk"}, {"value", "ssd"}, {"targetId", host}}}}});
  CHECK(after.status(picky) == "PENDING");
}

TEST_CASE("a task whose definition was lost with its record waits no more") {
  Line before;
  const std::string arn = before.runOne(Line::asked("small"));
  std::vector<Entity> kept;
  for (const Entity& one : before.stored()) {
    if (kindOf(one) != Kind::TaskDefinition) kept.push_back(one);
  }
  Bench after;
  after.core.load(kept);
  CHECK(after.task(arn)["lastStatus"] == "STOPPED");
  CHECK(after.core.waiting().empty());
}

TEST_CASE("what keeps a task waiting is told: since when, until when, and which tests instances fail") {
  Line bench;
  bench.joined();
  bench.host();
  bench.run(Line::asked("small", 4));
  const std::string arn = bench.runOne(Line::asked("small"));
  const auto wait = bench.core.waiting().waitOf(idOf(arn));
  REQUIRE(wait);
  CHECK(wait->since == bench.at(bench.second).wall);
  CHECK(wait->until == wait->since + std::chrono::minutes(10));
  CHECK(wait->refused == std::map<std::string, size_t>{{"RESOURCE:CPU", 1}, {"AGENT", 1}});
  CHECK_FALSE(bench.core.waiting().waitOf("none"));
}

TEST_CASE("a task that has waited for GPUs is given them with its place") {
  Line bench;
  Json gpu{{"type", "GPU"}, {"value", "1"}};
  bench.define("gpu",
               Json::array({sample::container("app", {{"resourceRequirements", Json::array({gpu})}})}));
  const auto arns = bench.run(Line::asked("gpu", 3));
  bench.joined({{"platformDevices", {{{"id", "g1"}, {"type", "GPU"}}, {{"id", "g2"}, {"type", "GPU"}}}}});
  std::map<Json, std::string> owners;
  std::string last;
  for (const std::string& arn : arns) {
    if (bench.status(arn) == "PROVISIONING") {
      last = arn;
    } else {
      owners[bench.task(arn)["containers"][0]["gpuIds"]] = arn;
    }
  }
  REQUIRE(owners.size() == 2);
  CHECK_FALSE(bench.task(last)["containers"][0].contains("gpuIds"));
  bench.end(owners[Json::array({"g1"})]);
  CHECK(bench.task(last)["containers"][0]["gpuIds"] == Json::array({"g1"}));
}

TEST_CASE("in any order of calls nobody waits who fits, and no host is given more than it has") {
  Line bench;
  SeededRandom chance(11);
  std::vector<std::string> arns;
  for (int step = 0; step < 300; ++step) {
    const uint64_t dice = chance.below(10);
    if (dice < 5) {
      for (auto& arn : bench.run(Line::asked(chance.below(3) == 0 ? "big" : "small",
                                             static_cast<int>(1 + chance.below(4)), "2h"))) {
        arns.push_back(std::move(arn));
      }
    } else if (dice < 9 && !arns.empty()) {
      const std::string& arn = arns[chance.below(arns.size())];
      if (bench.status(arn) == "PENDING") bench.end(arn);
      if (bench.status(arn) == "PROVISIONING") bench.call("StopTask", {{"task", arn}});
    } else if (bench.core.state().instances().size() < 3) {
      bench.joined();
    }
    for (const Task* task : bench.line()) {
      const auto wait = bench.core.waiting().waitOf(task->id);
      REQUIRE(wait);
      size_t refused = 0;
      for (const auto& [why, count] : wait->refused) refused += count;
      REQUIRE(refused == bench.core.state().instances().size());
    }
    for (const auto& instance : bench.core.state().instances()) {
      REQUIRE(bench.core.state().used(instance->id).cpu <= instance->registered.cpu);
    }
  }
}
