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

TEST_CASE("a task in mode awsvpc shows the address that its agent tells as a network interface") {
  Bench bench;
  bench.ready();
  bench.define("own", Json::array({container()}), {{"networkMode", "awsvpc"}});
  const Json network{{"awsvpcConfiguration", {{"subnets", {"subnet-1"}}}}};
  const Json wish{{"taskDefinition", "own"}, {"networkConfiguration", network}};
  const Json failure = bench.call("RunTask", wish)["failures"][0];
  CHECK(failure["reason"] == "ATTRIBUTE");
  Json attributes = Json::array();
  for (const char* name : {"ecs.capability.task-eni", "dev.berth.gives-task-addresses"}) {
    attributes.push_back({{"name", name}});
  }
  bench.join(bench.host("default", {{"attributes", attributes}}));
  const std::string arn = bench.runOne(wish);
  Json attachment = bench.task(arn)["attachments"][0];
  CHECK(attachment["type"] == "ElasticNetworkInterface");
  CHECK(attachment["status"] == "ATTACHING");
  CHECK(attachment["details"][0] == Json{{"name", "subnetId"}, {"value", "subnet-1"}});
  CHECK(bench.task(arn)["containers"][0]["networkInterfaces"].empty());
  Json change = bench.one("RUNNING");
  change["taskAddress"] = {{"privateIPv4Address", "no address"}, {"macAddress", "0a:58:0a:bf:00:02"}};
  bench.report(arn, "PENDING", change);
  CHECK(bench.task(arn)["attachments"][0]["status"] == "ATTACHING");
  change["taskAddress"]["privateIPv4Address"] = "10.191.0.2";
  change["taskAddress"]["privateDnsName"] = "ip-10-191-0-2.berth.internal";
  bench.report(arn, "RUNNING", change);
  const Json task = bench.task(arn);
  attachment = task["attachments"][0];
  CHECK(attachment["status"] == "ATTACHED");
  REQUIRE(attachment["details"].size() == 5);
  CHECK(attachment["details"][1]["value"].get<std::string>().starts_with("eni-"));
  CHECK(attachment["details"][2] == Json{{"name", "macAddress"}, {"value", "0a:58:0a:bf:00:02"}});
  CHECK(attachment["details"][4] == Json{{"name", "privateIPv4Address"}, {"value", "10.191.0.2"}});
  CHECK(task["containers"][0]["networkInterfaces"][0] ==
        Json{{"attachmentId", attachment["id"]}, {"privateIpv4Address", "10.191.0.2"}});
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 0}}));
  CHECK(bench.task(arn)["attachments"][0]["status"] == "DELETED");
}

TEST_CASE("a task without an address of its own is told none") {
  Bench bench;
  bench.ready();
  const std::string arn = bench.runOne();
  Json change = bench.one("RUNNING");
  change["taskAddress"] = {{"privateIPv4Address", "10.191.0.2"}};
  bench.report(arn, "RUNNING", change);
  CHECK(bench.task(arn)["attachments"].empty());
  CHECK(bench.task(arn)["containers"][0]["networkInterfaces"].empty());
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

TEST_CASE("the first time of each kind stays, whatever later reports say") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "PENDING", {{"pullStartedAt", 1790000001.0}});
  bench.report(arn, "RUNNING", {{"pullStartedAt", 1790000005.0}, {"pullStoppedAt", 1790000002.0}});
  double started = bench.task(arn)["startedAt"];
  bench.report(arn, "RUNNING");
  bench.report(arn, "STOPPED", {{"executionStoppedAt", 1790000003.5}});
  Json task = bench.task(arn);
  CHECK(task["pullStartedAt"] == 1790000001.0);
  CHECK(task["pullStoppedAt"] == 1790000002.0);
  CHECK(task["startedAt"] == started);
  CHECK(task["executionStoppedAt"] == 1790000003.5);
  CHECK(task["stoppedAt"] == task["stoppingAt"]);
}

TEST_CASE("a task that is started does not go back to PENDING") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.report(arn, "RUNNING", bench.one("RUNNING"));
  bench.report(arn, "PENDING", bench.one("PENDING"));
  bench.report(arn, "CREATED", bench.one("CREATED"));
  CHECK(bench.task(arn)["lastStatus"] == "RUNNING");
  CHECK(bench.task(arn)["containers"][0]["lastStatus"] == "RUNNING");
}

TEST_CASE("a task whose RUNNING never arrived was running if its container's exit shows it") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  Json change = bench.one("STOPPED", {{"exitCode", 1}});
  change["pullStoppedAt"] = 1790000002.0;
  bench.report(arn, "STOPPED", change);
  CHECK(bench.task(arn)["startedAt"] == 1790000002.0);
}

TEST_CASE("an end has the reason that the agent gives, and the service's without one") {
  Bench bench;
  bench.ready();
  std::string ran = bench.runOne();
  bench.report(ran, "RUNNING");
  bench.report(ran, "STOPPED", {{"reason", "Host is going down"}});
  CHECK(bench.task(ran)["stoppedReason"] == "Host is going down");
  std::string failed = bench.runOne();
  bench.report(failed, "STOPPED");
  CHECK(bench.task(failed)["stoppedReason"] == "Task failed to start");
  CHECK(bench.task(failed)["stopCode"] == "TaskFailedToStart");
}

TEST_CASE("a stop of a task that had not started is the user's, whatever its end says") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  bench.call("StopTask", {{"task", arn}, {"reason", "enough"}});
  CHECK(bench.task(arn)["lastStatus"] == "PENDING");
  bench.report(arn, "STOPPED", {{"reason", "never started"}});
  Json task = bench.task(arn);
  CHECK(task["lastStatus"] == "STOPPED");
  CHECK(task["stopCode"] == "UserInitiated");
  CHECK(task["stoppedReason"] == "enough");
  CHECK_FALSE(task.contains("startedAt"));
}

TEST_CASE("the end of a task is the end of each of its containers, told of or not") {
  Bench bench;
  bench.ready();
  bench.define("two", Json::array({container(), container("side")}));
  std::string arn = bench.runOne({{"taskDefinition", "two"}});
  bench.report(arn, "STOPPED", bench.one("STOPPED", {{"exitCode", 0}}));
  Json containers = bench.task(arn)["containers"];
  CHECK(containers[0]["exitCode"] == 0);
  CHECK(containers[1]["lastStatus"] == "STOPPED");
  CHECK_FALSE(containers[1].contains("exitCode"));
}

TEST_CASE("a report on a container that the task does not have changes none of the others") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  Json before = bench.task(arn)["containers"];
  bench.call("SubmitContainerStateChange",
             {{"task", arn}, {"containerName", "other"}, {"status", "STOPPED"}});
  CHECK(bench.task(arn)["containers"] == before);
}

TEST_CASE("a container's report is for a task that is there, in its cluster") {
  Bench bench;
  bench.ready();
  bench.cluster("other");
  std::string arn = bench.runOne();
  const std::string unknown = "InvalidParameterException: The referenced task was not found.";
  CHECK(bench.refusal("SubmitContainerStateChange", {{"task", std::string(32, 'a')}}) == unknown);
  CHECK(bench.refusal("SubmitContainerStateChange") == unknown);
  CHECK(bench.refusal("SubmitTaskStateChange", {{"status", "RUNNING"}}) == unknown);
  CHECK(bench.refusal("SubmitContainerStateChange", {{"cluster", "other"}, {"task", arn}}) == unknown);
  CHECK(bench.refusal("SubmitTaskStateChange",
                      {{"cluster", "other"}, {"task", arn}, {"status", "RUNNING"}}) == unknown);
}

TEST_CASE("ids and digests of any length are cut to the API's") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  std::string text(5000, 'x');
  bench.report(arn, "STOPPED",
               bench.one("STOPPED", {{"runtimeId", text}, {"imageDigest", text}, {"reason", text}}));
  Json app = bench.task(arn)["containers"][0];
  for (const char* member : {"runtimeId", "imageDigest", "reason"}) {
    CHECK(app[member].get<std::string>().size() < 2000);
    CHECK(text.starts_with(app[member].get<std::string>()));
  }
}

TEST_CASE("what a stopped task took is free for the next one at once") {
  Bench bench;
  bench.ready();
  auto four = bench.run({{"taskDefinition", "app"}, {"count", 4}});
  CHECK(bench.run().empty());
  bench.report(four[0], "STOPPED");
  bench.report(four[0], "STOPPED");
  CHECK(bench.run().size() == 1);
  CHECK(bench.run().empty());
}

TEST_CASE("news of a health check is kept until the task is over") {
  Bench bench;
  bench.ready();
  bench.define("checked", Json::array({container("app", {{"healthCheck", {{"command", {"CMD", "true"}}}}})}));
  std::string arn = bench.runOne({{"taskDefinition", "checked"}});
  auto news = [&](const std::string& task, const char* status) {
    Output out;
    bench.core.onHealth(task, "app", status, bench.tick(), out);
    return out.mutations.size();
  };
  CHECK(news(arn, "HEALTHY") == 1);
  CHECK(news(arn, "HEALTHY") == 0);
  CHECK(news("nonsense", "HEALTHY") == 0);
  CHECK(news(std::string(32, 'a'), "HEALTHY") == 0);
  CHECK(bench.task(arn)["containers"][0]["healthStatus"] == "HEALTHY");
  bench.report(arn, "STOPPED");
  CHECK(news(arn, "UNHEALTHY") == 0);
}

TEST_CASE("a report that was heard before is acknowledged and stores nothing") {
  Bench bench;
  bench.ready();
  std::string arn = bench.runOne();
  Json change = bench.one("RUNNING", {{"runtimeId", "c1"}});
  bench.report(arn, "RUNNING", change);
  CHECK(bench.last.mutations.size() == 1);
  int64_t version = bench.task(arn)["version"];
  bench.report(arn, "RUNNING", change);
  CHECK(bench.last.mutations.empty());
  bench.call("SubmitContainerStateChange", {{"task", arn}, {"containerName", "app"}, {"status", "RUNNING"}});
  CHECK(bench.last.mutations.empty());
  CHECK(bench.task(arn)["version"] == version);
}
