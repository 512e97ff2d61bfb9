#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

TEST_CASE("a report of RUNNING brings times, ids, digests and ports") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  Json change = bench.one(
      "RUNNING",
      {{"runtimeId", "c1"},
       {"imageDigest", "sha256:1"},
       {"networkBindings",
        {{{"bindIP", "0.0.0.0"}, {"containerPort", 80}, {"hostPort", 32768}, {"protocol", "tcp"}}}}});
  change["pullStartedAt"] = 1790000001.5;
  bench.report(arn, "RUNNING", change);
  Json task = bench.task(arn);
  CHECK(task["lastStatus"] == "RUNNING");
  CHECK(task["pullStartedAt"] == 1790000001.5);
  CHECK(task.contains("startedAt"));
  Json app = task["containers"][0];
  CHECK(app["lastStatus"] == "RUNNING");
  CHECK(app["runtimeId"] == "c1");
  CHECK(app["imageDigest"] == "sha256:1");
  CHECK(app["networkBindings"][0]["hostPort"] == 32768);
}

TEST_CASE("a task that ends by itself says how") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 3}}));
  Json task = bench.task(arn);
  CHECK(task["stopCode"] == "EssentialContainerExited");
  CHECK(task["stoppedReason"] == "Essential container in task exited");
  CHECK(task["desiredStatus"] == "STOPPED");
  CHECK(task["containers"][0]["exitCode"] == 3);
}

TEST_CASE("a task that never ran failed to start, unless an exit code proves that it did") {
  Bench bench;
  bench.ready();
  std::string failed = bench.runOne();
  bench.report(failed, "STOPPED", bench.one("STOPPED", {{"reason", "CannotPullContainerError: no"}}));
  CHECK(bench.task(failed)["stopCode"] == "TaskFailedToStart");
  CHECK(bench.task(failed)["containers"][0]["reason"] == "CannotPullContainerError: no");
  std::string quick = bench.runOne();
  bench.report(quick, "STOPPED", bench.one("STOPPED", {{"exitCode", 0}}));
  CHECK(bench.task(quick)["stopCode"] == "EssentialContainerExited");
}

TEST_CASE("STOPPED is final: late, repeated and reordered reports are acknowledged and change nothing") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING");
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 3}}));
  Json before = bench.task(arn);
  for (const char* status : {"RUNNING", "PENDING", "STOPPED"}) {
    bench.report(arn, status, bench.one("RUNNING", {{"exitCode", 9}}));
    CHECK(bench.last.mutations.empty());
  }
  bench.call("SubmitContainerStateChange", {{"task", arn}, {"containerName", "app"}, {"status", "RUNNING"}});
  CHECK(bench.last.mutations.empty());
  CHECK(bench.task(arn) == before);
}

TEST_CASE("a container goes forward only, even while its task runs on") {
  Bench bench;
  bench.ready();
  bench.define("two", Json::array({container(), container("side", {{"essential", false}})}));
  std::string arn = bench.runOne({{"taskDefinition", "two"}});
  auto side = [&](Json change) {
    change.update({{"task", arn}, {"containerName", "side"}});
    bench.call("SubmitContainerStateChange", change);
    return bench.task(arn)["containers"][1];
  };
  CHECK(side({{"status", "RUNNING"}})["lastStatus"] == "RUNNING");
  CHECK(side({{"status", "PENDING"}})["lastStatus"] == "RUNNING");
  CHECK(side({{"status", "STOPPED"}, {"exitCode", 1}})["lastStatus"] == "STOPPED");
  Json late = side({{"status", "RUNNING"}, {"exitCode", 5}});
  CHECK(late["lastStatus"] == "STOPPED");
  CHECK(late["exitCode"] == 1);
}

TEST_CASE("long texts are cut between characters") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  std::string reason(1023, 'x');
  reason += "é and more";
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"reason", reason}}));
  CHECK(bench.task(arn)["containers"][0]["reason"] == std::string(1023, 'x'));
}

TEST_CASE("a report on a task that is not there is refused, so that the agent drops it") {
  Bench bench;
  bench.ready();
  CHECK(bench.refusal("SubmitTaskStateChange", {{"task", std::string(32, 'a')}, {"status", "STOPPED"}}) ==
        "InvalidParameterException: The referenced task was not found.");
}

TEST_CASE("a task is healthy when each of its checks is") {
  Bench bench;
  bench.ready();
  Json check{{"healthCheck", {{"command", {"CMD", "true"}}}}};
  bench.define("checked", Json::array({container("a", check), container("b", check), container("c")}));
  std::string arn = bench.runOne({{"taskDefinition", "checked"}});
  bench.report(arn, "RUNNING");
  auto health = [&](const char* name, const char* status) {
    Output out;
    bench.core.onHealth(arn, name, status, bench.tick(), out);
    return bench.task(arn)["healthStatus"];
  };
  CHECK(health("a", "HEALTHY") == "UNKNOWN");
  CHECK(health("b", "HEALTHY") == "HEALTHY");
  CHECK(health("b", "UNHEALTHY") == "UNHEALTHY");
  CHECK(health("b", "NONSENSE") == "UNHEALTHY");
  CHECK(health("none", "HEALTHY") == "UNHEALTHY");
}

TEST_CASE("changes of attachments are acknowledged") {
  Bench bench;
  bench.cluster();
  CHECK(bench.call("SubmitAttachmentStateChanges",
                   {{"attachments", {{{"attachmentArn", "a"}, {"status", "ATTACHED"}}}}})["acknowledgment"] ==
        "ACK");
}
