#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;

namespace {

std::string refused(Bench& bench, const Hello& hello) {
  Output out;
  auto session = bench.core.connect(hello, bench.tick(), out);
  CHECK(out.mutations.empty());
  const auto* error = std::get_if<ApiError>(&session);
  return error ? error->type : "accepted";
}

bool connected(Bench& bench, const std::string& arn) {
  return bench.call("DescribeContainerInstances",
                    {{"containerInstances", {arn}}})["containerInstances"][0]["agentConnected"];
}

}  // namespace

TEST_CASE("a session is for an instance that is there and active") {
  Bench bench;
  bench.cluster();
  bench.cluster("other");
  std::string arn = bench.host();
  CHECK(refused(bench, {"none", arn, "", "", ""}) == "InvalidClusterException");
  CHECK(refused(bench, {"other", arn, "", "", ""}) == "InvalidInstanceException");
  CHECK(refused(bench, {"default", "nonsense", "", "", ""}) == "InvalidInstanceException");
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  CHECK(refused(bench, {"default", arn, "", "", ""}) == "InactiveInstanceException");
}

TEST_CASE("an instance is connected while its session lasts, and shows its agent's versions") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host();
  SessionId session = bench.join(arn);
  CHECK(connected(bench, arn));
  Json instance =
      bench.call("DescribeContainerInstances", {{"containerInstances", {arn}}})["containerInstances"][0];
  CHECK(instance["versionInfo"] ==
        Json{{"agentVersion", "1.0"}, {"agentHash", "abc"}, {"dockerVersion", "20.10"}});
  bench.core.disconnect(session, bench.tick(), bench.last);
  CHECK_FALSE(connected(bench, arn));
}

TEST_CASE("a session begins with the manifest of what is to run and to stop, newer than each before") {
  Bench bench;
  std::string arn = bench.ready();
  std::string runs = bench.runOne();
  std::string stops = bench.runOne();
  std::string ended = bench.runOne();
  bench.report(ended, "STOPPED");
  bench.call("StopTask", {{"task", stops}});
  bench.join(arn);
  auto first = bench.sent<acs::TaskManifestMessage>();
  REQUIRE(first.size() == 1);
  CHECK(first[0].containerInstanceArn == arn);
  std::map<std::string, std::string> wanted;
  for (const acs::TaskIdentity& task : first[0].tasks) wanted[task.taskArn] = task.desiredStatus;
  CHECK(wanted == std::map<std::string, std::string>{{runs, "RUNNING"}, {stops, "STOPPED"}});
  bench.join(arn);
  CHECK(bench.sent<acs::TaskManifestMessage>().at(0).timeline > first[0].timeline);
}

TEST_CASE("a new session ends the older one of the same instance, whose late end changes nothing") {
  Bench bench;
  std::string arn = bench.ready();
  SessionId old = bench.session;
  bench.join(arn);
  const auto* close = std::get_if<CloseEffect>(&bench.last.effects.at(0));
  REQUIRE(close);
  CHECK(close->session == old);
  bench.core.disconnect(old, bench.tick(), bench.last);
  CHECK(connected(bench, arn));
}

TEST_CASE("a session that stays silent is closed") {
  Bench bench;
  std::string arn = bench.ready();
  bench.wait(60);
  bench.frame(acs::HeartbeatAckRequest{"m"});
  bench.wait(60);
  CHECK(connected(bench, arn));
  bench.wait(75);
  REQUIRE_FALSE(bench.last.effects.empty());
  CHECK(std::get<CloseEffect>(bench.last.effects.back()).session == bench.session);
  CHECK_FALSE(connected(bench, arn));
}

TEST_CASE("after a restart the core goes on from what was stored") {
  Bench before;
  std::string arn = before.ready();
  std::string task = before.runOne();
  const State& state = before.core.state();
  const std::vector<Entity> stored = sample::storedOf(state);
  Bench after;
  after.core.load(stored);
  after.second = before.second;
  CHECK(after.task(task)["lastStatus"] == "PENDING");
  CHECK(after.core.state().used((*state.instances().begin())->id).cpu == 256);
  after.join(arn);
  CHECK(after.sent<acs::PayloadMessage>().at(0).tasks.at(0).arn == task);
  CHECK(after.define("app").ends_with("app:2"));
}

TEST_CASE("frames and ends of a session that is over change nothing") {
  Bench bench;
  std::string arn = bench.ready();
  SessionId over = bench.session;
  bench.session = bench.join(arn);
  std::string task = bench.runOne();
  acs::PayloadMessage payload = bench.sent<acs::PayloadMessage>().at(0);
  bench.frame(acs::AckRequest{payload.clusterArn, payload.containerInstanceArn, payload.messageId}, over);
  CHECK(bench.last.effects.empty());
  bench.wait(12);
  CHECK(bench.sent<acs::PayloadMessage>().size() == 1);
  bench.frame(acs::HeartbeatAckRequest{"m"}, 12345);
  CHECK(bench.last.effects.empty());
  CHECK(connected(bench, arn));
}

TEST_CASE("sessions have numbers of their own, in this run and against the last one") {
  Bench bench;
  std::string arn = bench.ready();
  CHECK(bench.join(arn) != bench.session);
  Bench other;
  other.random.next();
  Controller later(other.names, {}, other.random);
  later.load({Cluster{"default", true, "{}", "[]"}, **bench.core.state().instances().begin()});
  Output out;
  auto opened = later.connect(Hello{"default", arn, "", "", ""}, bench.tick(), out);
  REQUIRE(std::holds_alternative<SessionId>(opened));
  CHECK(std::get<SessionId>(opened) != bench.session);
}

TEST_CASE("a session that is refused leaves the one that is open alone") {
  Bench bench;
  std::string arn = bench.ready();
  bench.cluster("other");
  CHECK(refused(bench, {"other", arn, "", "", ""}) == "InvalidInstanceException");
  CHECK(refused(bench, {"a b", arn, "", "", ""}) == "InvalidClusterException");
  CHECK(connected(bench, arn));
}

TEST_CASE("a session is refused with words that say why") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host();
  auto message = [&](const std::string& cluster, const std::string& instance) {
    auto known = bench.core.knownInstance(cluster, instance);
    const auto* error = std::get_if<ApiError>(&known);
    return error ? error->message : "known";
  };
  CHECK(message("default", arn) == "known");
  CHECK(message("arn:aws:ecs:us-east-1:000000000000:cluster/default", arn) == "known");
  CHECK(message("none", arn) == "Cluster not found.");
  CHECK(message("default", "x") == "The container instance is not known in this cluster.");
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  CHECK(message("default", arn) == "The container instance is inactive: register it anew.");
  bench.call("DeleteCluster", {{"cluster", "default"}});
  CHECK(message("default", arn) == "Cluster not found.");
}

TEST_CASE("a session's beginning is stored: what the agent is, and the manifest's timeline") {
  Bench bench;
  bench.cluster();
  std::string arn = bench.host();
  bench.join(arn);
  REQUIRE(bench.last.mutations.size() == 1);
  const auto& stored = *bench.last.mutations[0].as<Instance>();
  CHECK(stored.agentVersion == "1.0");
  acs::TaskManifestMessage manifest = bench.sent<acs::TaskManifestMessage>().at(0);
  CHECK(manifest.timeline == stored.timeline);
  CHECK(manifest.clusterArn == "arn:aws:ecs:us-east-1:000000000000:cluster/default");
  CHECK(manifest.tasks.empty());
  CHECK(std::holds_alternative<acs::TaskManifestMessage>(
      std::get<SendEffect>(bench.last.effects.front()).message));
}

TEST_CASE("the timeline grows even when the clock was set back") {
  Bench bench;
  std::string arn = bench.ready();
  bench.join(arn);
  int64_t before = bench.sent<acs::TaskManifestMessage>().at(0).timeline;
  bench.second -= 3600;
  bench.join(arn);
  CHECK(bench.sent<acs::TaskManifestMessage>().at(0).timeline == before + 1);
}

TEST_CASE("an instance that registers again is not cut off from its session") {
  Bench bench;
  std::string arn = bench.ready();
  bench.host("default", {{"containerInstanceArn", arn}});
  CHECK(bench.last.effects.empty());
  CHECK(connected(bench, arn));
  bench.runOne();
  CHECK(bench.sent<acs::PayloadMessage>().size() == 1);
}

TEST_CASE("a session is silent only after the whole time without any frame") {
  Bench bench;
  std::string arn = bench.ready();
  bench.wait(69);
  CHECK(connected(bench, arn));
  bench.frame(acs::OtherMessage{"Something", false});
  bench.wait(69);
  CHECK(connected(bench, arn));
  bench.wait(1);
  CHECK_FALSE(connected(bench, arn));
  // Its instance may come back.
  bench.join(arn);
  CHECK(connected(bench, arn));
}

TEST_CASE("a quiet agent is asked for an answer, and lost 15 seconds after its last one") {
  Bench bench{ControllerOptions{}};
  std::string arn = bench.ready();
  for (int beat = 0; beat < 6; ++beat) {
    bench.wait(9);
    CHECK(bench.sent<acs::HeartbeatMessage>().empty());
    bench.wait(1);
    REQUIRE(bench.sent<acs::HeartbeatMessage>().size() == 1);
    bench.frame(acs::HeartbeatAckRequest{bench.sent<acs::HeartbeatMessage>()[0].messageId});
  }
  bench.wait(14);
  CHECK(connected(bench, arn));  // a call, and so a second
  bench.wait(1);
  CHECK_FALSE(connected(bench, arn));
  CHECK(bench.call("DescribeContainerInstances",
                   {{"containerInstances", {arn}}})["containerInstances"][0]["agentConnected"] == false);
}

TEST_CASE("a task whose definition was lost with its record ends, and its agent is told") {
  Bench before;
  std::string arn = before.ready();
  std::string task = before.runOne();
  std::vector<Entity> stored;
  const State& state = before.core.state();
  for (const auto& [name, cluster] : state.clusters()) stored.emplace_back(cluster);
  for (const auto& one : state.instances()) stored.emplace_back(*one);
  for (const auto& one : state.tasks()) stored.emplace_back(*one);
  Bench after;
  after.second = before.second;
  after.core.load(stored, after.tick());
  CHECK(after.task(task)["lastStatus"] == "STOPPED");
  CHECK(after.task(task)["stoppedReason"] == "The record of the task's definition or instance was lost");
  after.join(arn);
  CHECK(after.sent<acs::PayloadMessage>().empty());
  CHECK(after.sent<acs::TaskManifestMessage>().at(0).tasks.empty());
  after.wait(3000);
  CHECK(after.core.state().tasks().size() == 1);
  after.wait(700);
  CHECK(after.core.state().tasks().empty());
}
