// Tasks of a service with a name leave it first, and are stopped later.
#include "tests/unit/controller/core/served.hpp"

using namespace berth;
using namespace berth::controller;
using sample::quick;
using sample::Served;

namespace {

ControllerOptions draining() {
  ControllerOptions options = quick();
  options.delivery.drain = std::chrono::seconds(10);
  return options;
}

const Json kNamed{{"tags", Json::array({{{"key", "berth:dns"}, {"value", "web"}}})}};

size_t stopsIn(const Served& bench) {
  size_t stops = 0;
  for (const acs::PayloadMessage& payload : bench.sent<acs::PayloadMessage>()) {
    for (const acs::Task& task : payload.tasks) stops += task.desiredStatus == "STOPPED";
  }
  return stops;
}

/// What the task is said to be in the manifest of a new session.
std::string inManifest(Served& bench, const std::string& arn) {
  bench.session = bench.join(bench.host_arn);
  for (const acs::TaskManifestMessage& manifest : bench.sent<acs::TaskManifestMessage>()) {
    for (const acs::TaskIdentity& task : manifest.tasks) {
      if (task.taskArn == arn) return task.desiredStatus;
    }
  }
  return "none";
}

Delivery::Told toldOf(const Served& bench, const std::string& arn) {
  return bench.core.session(sample::lastPartOf(bench.host_arn))->told(sample::lastPartOf(arn));
}

}  // namespace

TEST_CASE("scale-in of a service with a name sends the stop when its clients have forgotten the task") {
  Served bench(draining());
  bench.create(2, kNamed);
  bench.settle();
  bench.update({{"desiredCount", 1}});
  CHECK(bench.tasks().size() == 1);
  CHECK(stopsIn(bench) == 0);
  std::string leaving;
  for (const Task* task : bench.core.state().tasksOf("default/web")) {
    if (task->stopWanted) leaving = bench.arnOf(*task);
  }
  CHECK(toldOf(bench, leaving) == Delivery::Told::Held);
  CHECK(bench.core.nextDeadline() <= bench.at(bench.second + 10).mono);
  bench.wait(8);
  CHECK(stopsIn(bench) == 0);
  CHECK(inManifest(bench, leaving) == "RUNNING");
  bench.wait(2);
  CHECK(stopsIn(bench) == 1);
  CHECK(toldOf(bench, leaving) == Delivery::Told::Sent);
  CHECK(inManifest(bench, leaving) == "STOPPED");
}

TEST_CASE("an agent that asks meanwhile whether to stop such a task is told not to") {
  Served bench(draining());
  bench.create(1, kNamed);
  bench.settle();
  const std::string arn = bench.arns().at(0);
  bench.update({{"desiredCount", 0}});
  bench.session = bench.join(bench.host_arn);
  acs::TaskStopVerificationMessage asked;
  asked.messageId = bench.sent<acs::TaskManifestMessage>().at(0).messageId;
  asked.stopCandidates.push_back({arn, "default", "STOPPED"});
  bench.frame(asked);
  CHECK(bench.sent<acs::TaskStopVerificationAck>().at(0).stopTasks.empty());
  bench.wait(10);
  bench.frame(asked);
  CHECK(bench.sent<acs::TaskStopVerificationAck>().at(0).stopTasks.size() == 1);
}

TEST_CASE("what has no name, never answered or is stopped by a user is stopped at once") {
  Served bench(draining());
  SECTION("no name") {
    bench.create(1);
    bench.settle();
    bench.update({{"desiredCount", 0}});
  }
  SECTION("by a user") {
    bench.create(1, kNamed);
    bench.settle();
    bench.call("StopTask", {{"task", bench.arns().at(0)}});
  }
  SECTION("not there yet") {
    bench.create(1, kNamed);
    bench.update({{"desiredCount", 0}});
  }
  CHECK(stopsIn(bench) == 1);
}

TEST_CASE("a roll is as fast with a name as without") {
  for (const Json& more : {Json::object(), kNamed}) {
    Served bench(draining());
    bench.create(4, more);
    bench.settle();
    bench.define("app", Json::array({sample::container("app", {{"cpu", 64}, {"memory", 33}})}));
    bench.update({{"taskDefinition", "app"}});
    const std::string fresh = bench.stored().primary()->id;
    for (const std::string& arn : bench.arns(fresh)) bench.report(arn, "RUNNING");
    bench.wait(1);
    CHECK(bench.tasks().size() == 4);
    CHECK(bench.stored().primary()->rollout == RolloutState::Completed);
  }
}
