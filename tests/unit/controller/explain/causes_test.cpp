#include "controller/explain/causes.hpp"

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

std::string idOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

Json causes(Bench& bench, const std::string& arn) {
  return causesOf(bench.core.state(), bench.names, *bench.core.state().task(idOf(arn)));
}

std::vector<std::string> kinds(const Json& causes) {
  std::vector<std::string> out;
  for (const Json& cause : causes) out.push_back(cause["cause"]);
  return out;
}

using Kinds = std::vector<std::string>;

TEST_CASE("a task that nothing has ended has no causes") {
  Bench bench;
  bench.ready();
  CHECK(causes(bench, bench.runOne()) == Json::array());
}

TEST_CASE("a stop names who asked for it, when and why") {
  Bench bench;
  bench.ready();
  const std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  bench.call("StopTask", {{"task", arn}, {"reason", "enough"}});
  CHECK(kinds(causes(bench, arn)) == Kinds{"StopTask"});
  bench.call("StopTask", {{"task", arn}, {"reason", "again"}});
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 143}}));
  const Json chain = causes(bench, arn);
  REQUIRE(kinds(chain) == Kinds{"StopTask", "ContainerStopped", "TaskStopped"});
  CHECK(chain[0]["by"] == "arn:aws:iam::000000000000:user/test");
  CHECK(chain[0]["reason"] == "enough");
  CHECK(chain[0]["at"].get<std::string>() < chain[1]["at"].get<std::string>());
  CHECK(chain[1]["exitCode"] == 143);
  CHECK(chain[2]["stopCode"] == "UserInitiated");
}

TEST_CASE("what a container wrote last is told with its end, within bounds, whatever an agent sends") {
  Bench bench;
  bench.ready();
  const auto toldOf = [&](const Json& lines) {
    const std::string arn = bench.runOne();
    bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 1}, {"lastLines", lines}}));
    return causes(bench, arn)[0];
  };
  CHECK(toldOf({"starting", "no such file"})["lastLines"] == Json({"starting", "no such file"}));
  CHECK(toldOf({"\x1b[2Jclean", "two\nlines"})["lastLines"] == Json({"clean", "twolines"}));
  for (const Json& other : {Json::array(), Json(Json::array_t(6, "x")), Json::array({" ", "\n"})}) {
    CHECK_FALSE(toldOf(other).contains("lastLines"));
  }
  CHECK(toldOf({std::string(5000, 'x')})["lastLines"][0].get<std::string>().size() == 250);
}

TEST_CASE("the container that ended first is the cause, with its exit code and reason") {
  Bench bench;
  bench.cluster();
  bench.define("app", Json::array({sample::container("app"), sample::container("side")}));
  bench.session = bench.join(bench.host());
  const std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  bench.call("SubmitContainerStateChange",
             {{"task", arn},
              {"containerName", "side"},
              {"status", "STOPPED"},
              {"exitCode", 137},
              {"reason", "OutOfMemoryError: Container killed due to memory usage"}});
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 0}}));
  const Json chain = causes(bench, arn);
  REQUIRE(kinds(chain) == Kinds{"ContainerStopped", "TaskStopped"});
  CHECK(chain[0]["container"] == "side");
  CHECK(chain[0]["exitCode"] == 137);
  CHECK(chain[0]["essential"] == true);
  CHECK(chain[0]["reason"] == "OutOfMemoryError: Container killed due to memory usage");
  CHECK(chain[1]["stopCode"] == "EssentialContainerExited");
  CHECK(chain[1]["at"].get<std::string>() > chain[0]["at"].get<std::string>());
}

TEST_CASE("a deregistered instance is the cause of the end of its tasks") {
  Bench bench;
  const std::string host = bench.ready();
  const std::string arn = bench.runOne();
  bench.call("DeregisterContainerInstance", {{"containerInstance", host}, {"force", true}});
  const Json chain = causes(bench, arn);
  REQUIRE(kinds(chain) == Kinds{"InstanceDeregistered", "TaskStopped"});
  CHECK(chain[0]["by"] == "arn:aws:iam::000000000000:user/test");
  CHECK(chain[0]["containerInstanceArn"] == host);
}

TEST_CASE("a task that goes leaves a record with its causes when a history is kept") {
  ControllerOptions options;
  options.keepStopped = std::chrono::minutes(10);
  options.keepHistory = true;
  options.sweepBatch = 2;
  Bench bench(options);
  bench.ready();
  std::vector<std::string> arns;
  for (int i = 0; i < 3; ++i) {
    arns.push_back(bench.runOne({{"taskDefinition", "app"}, {"tags", {{{"key", "a"}, {"value", "b"}}}}}));
    bench.report(arns.back(), "STOPPED", {{"reason", "CannotPullContainerError: no"}});
  }
  bench.wait(700);
  std::vector<StoppedTask> kept;
  for (const Mutation& mutation : bench.last.mutations) {
    if (const auto* record = mutation.as<StoppedTask>()) kept.push_back(*record);
  }
  REQUIRE(kept.size() == 2);
  CHECK(bench.core.state().tasks().size() == 1);
  const Json record = Json::parse(kept[0].document);
  CHECK(record["task"]["taskArn"] == arns[0]);
  CHECK(record["task"]["stoppedReason"] == "CannotPullContainerError: no");
  CHECK(record["task"]["tags"][0]["key"] == "a");
  CHECK(record["causes"][0]["stopCode"] == "TaskFailedToStart");
  CHECK(kept[0].stoppedAt > WallTime{});
  // The rest goes soon after, not a whole sweep later.
  CHECK(bench.core.nextDeadline() < bench.at(bench.second + 1).mono);
  bench.wait(1);
  CHECK(bench.core.state().tasks().empty());
}

}  // namespace
}  // namespace berth::controller
