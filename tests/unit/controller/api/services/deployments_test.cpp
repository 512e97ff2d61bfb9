// Service deployments and revisions: the history of a service.
#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::container;
using sample::kArns;
using sample::merged;
using sample::ServiceBench;

namespace {

Json history(ServiceBench& bench, const Json& more = Json::object()) {
  return bench.call("ListServiceDeployments", merged({{"service", "web"}}, more))["serviceDeployments"];
}

Json deploymentOf(ServiceBench& bench, const std::string& arn) {
  return bench.call("DescribeServiceDeployments", {{"serviceDeploymentArns", {arn}}})["serviceDeployments"]
      .at(0);
}

Json revisionOf(ServiceBench& bench, const std::string& arn) {
  return bench.call("DescribeServiceRevisions", {{"serviceRevisionArns", {arn}}})["serviceRevisions"].at(0);
}

const std::string kNone = kArns + "service-deployment/default/web/none";

}  // namespace

TEST_CASE("a deployment's record says what it replaces by what, and how") {
  ServiceBench bench;
  const Json rules{{"deploymentCircuitBreaker", {{"enable", true}, {"rollback", false}}}};
  const Json first = bench.create(ServiceBench::wanted({{"deploymentConfiguration", rules}}));
  bench.put('a', "service:web", first["deployments"][0]["id"]);
  const std::string source = first["currentServiceRevisions"][0]["arn"];
  const Json second = bench.update({{"forceNewDeployment", true}});
  const std::string arn = second["currentServiceDeployment"];
  const Json shown = deploymentOf(bench, arn);
  CHECK(shown["serviceDeploymentArn"] == arn);
  CHECK(shown["serviceArn"] == kArns + "service/default/web");
  CHECK(shown["clusterArn"] == kArns + "cluster/default");
  CHECK(shown["status"] == "PENDING");
  CHECK(shown["createdAt"] == second["deployments"][0]["createdAt"]);
  CHECK_FALSE(shown.contains("finishedAt"));
  CHECK(
      shown["sourceServiceRevisions"] ==
      Json::array(
          {{{"arn", source}, {"requestedTaskCount", 0}, {"runningTaskCount", 1}, {"pendingTaskCount", 0}}}));
  CHECK(shown["targetServiceRevision"] == Json{{"arn", second["currentServiceRevisions"][0]["arn"]},
                                               {"requestedTaskCount", 2},
                                               {"runningTaskCount", 0},
                                               {"pendingTaskCount", 0}});
  CHECK(shown["deploymentConfiguration"] == second["deploymentConfiguration"]);
  CHECK(shown["deploymentCircuitBreaker"] ==
        Json{{"status", "MONITORING"}, {"failureCount", 0}, {"threshold", 3}});
}

TEST_CASE("a deployment that goes on wants what its service wants, one that is over what it wanted") {
  ServiceBench bench;
  const std::string first = bench.create()["currentServiceDeployment"];
  bench.update({{"desiredCount", 5}});
  const auto requested = [&] {
    return deploymentOf(bench, first)["targetServiceRevision"]["requestedTaskCount"];
  };
  CHECK(requested() == 5);
  bench.update({{"forceNewDeployment", true}, {"desiredCount", 7}});
  CHECK(requested() == 5);
}

TEST_CASE("a deployment that a newer one replaces is STOPPED, unless it was done") {
  ServiceBench bench;
  const std::string first = bench.create()["currentServiceDeployment"];
  const std::string second = bench.update({{"forceNewDeployment", true}})["currentServiceDeployment"];
  const Json stopped = deploymentOf(bench, first);
  CHECK(stopped["status"] == "STOPPED");
  CHECK(stopped["statusReason"] == "A newer deployment of the service has replaced it.");
  CHECK(stopped["stoppedAt"] == stopped["finishedAt"]);
  CHECK(stopped["deploymentCircuitBreaker"]["status"] == "DISABLED");
  bench.complete();
  bench.update({{"forceNewDeployment", true}});
  CHECK(deploymentOf(bench, second)["status"] == "SUCCESSFUL");
}

TEST_CASE("a revision is what was deployed, whatever the service became") {
  ServiceBench bench;
  bench.define("two", Json::array({container("a"), container("b", {{"image", "registry/b:2"}})}));
  const Json made = bench.create(ServiceBench::wanted({{"taskDefinition", "two"}}));
  const std::string arn = made["currentServiceRevisions"][0]["arn"];
  const Json revision{{"serviceRevisionArn", arn},
                      {"serviceArn", kArns + "service/default/web"},
                      {"clusterArn", kArns + "cluster/default"},
                      {"taskDefinition", kArns + "task-definition/two:1"},
                      {"launchType", "EC2"},
                      {"createdAt", made["createdAt"]},
                      {"containerImages",
                       {{{"containerName", "a"}, {"image", "registry/app:1"}},
                        {{"containerName", "b"}, {"image", "registry/b:2"}}}}};
  CHECK(revisionOf(bench, arn) == revision);
  const Json strategy = Json::array({{{"capacityProvider", "p"}, {"weight", 1}}});
  const Json updated = bench.update({{"taskDefinition", "app"}, {"capacityProviderStrategy", strategy}});
  CHECK(revisionOf(bench, arn) == revision);
  const Json next = revisionOf(bench, updated["currentServiceRevisions"][0]["arn"]);
  CHECK(next["capacityProviderStrategy"] == strategy);
  CHECK_FALSE(next.contains("launchType"));
}

TEST_CASE("deployments are listed the newest first, a page at a time, by status and time") {
  ServiceBench bench;
  bench.create();
  for (int i = 0; i < 24; ++i) bench.update({{"forceNewDeployment", true}});
  const Json page = bench.call("ListServiceDeployments", {{"service", "web"}});
  CHECK(page["serviceDeployments"].size() == 20);
  const Json rest =
      bench.call("ListServiceDeployments", {{"service", "web"}, {"nextToken", page["nextToken"]}});
  CHECK(rest["serviceDeployments"].size() == 5);
  CHECK_FALSE(rest.contains("nextToken"));
  const Json all = history(bench, {{"maxResults", 100}});
  REQUIRE(all.size() == 25);
  for (size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1]["createdAt"] > all[i]["createdAt"]);
  CHECK(all[0]["serviceDeploymentArn"] == bench.described()["currentServiceDeployment"]);
  CHECK(all[0]["targetServiceRevisionArn"] == bench.described()["currentServiceRevisions"][0]["arn"]);
  CHECK(history(bench, {{"status", {"PENDING"}}}) == Json::array({all[0]}));
  CHECK(history(bench, {{"status", {"SUCCESSFUL", "ROLLBACK_FAILED"}}}).empty());
  const Json between{{"after", all[24]["createdAt"]}, {"before", all[20]["createdAt"]}};
  CHECK(history(bench, {{"createdAt", between}}) == Json::array({all[21], all[22], all[23]}));
}

TEST_CASE("a list of deployments is of a service that is there") {
  ServiceBench bench;
  bench.create();
  CHECK(bench.refusal("ListServiceDeployments", {{"service", "none"}}) ==
        "ServiceNotFoundException: Service not found.");
  CHECK(bench.refusal("ListServiceDeployments", {{"service", "web"}, {"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
  CHECK(bench.refusal("ListServiceDeployments", {{"service", "web"}, {"maxResults", 101}}) ==
        "InvalidParameterException: maxResults must be between 1 and 100, not 101");
}

TEST_CASE("up to 20 deployments or revisions are described, the missing ones told of") {
  ServiceBench bench;
  bench.create();
  for (const auto& [operation, member, shown] :
       {std::tuple("DescribeServiceDeployments", "serviceDeploymentArns", "serviceDeployments"),
        std::tuple("DescribeServiceRevisions", "serviceRevisionArns", "serviceRevisions")}) {
    CHECK(bench.refusal(operation, {{member, Json::array()}}) ==
          std::string("InvalidParameterException: ") + member + " cannot be empty.");
    CHECK(bench.refusal(operation, {{member, std::vector<std::string>(21, kNone)}}) ==
          std::string("InvalidParameterException: ") + member + " can have at most 20 items.");
    const Json reply = bench.call(operation, {{member, {kNone, "web"}}});
    CHECK(reply[shown].empty());
    CHECK(reply["failures"] ==
          Json::array({{{"arn", kNone}, {"reason", "MISSING"}}, {{"arn", "web"}, {"reason", "MISSING"}}}));
  }
}

TEST_CASE("a deployment under way is stopped where it is, or rolled back to the one that was done") {
  ServiceBench bench;
  const Json first = bench.create();
  bench.complete();
  const std::string arn = bench.update({{"forceNewDeployment", true}})["currentServiceDeployment"];
  CHECK(bench.call("StopServiceDeployment", {{"serviceDeploymentArn", arn}})["serviceDeploymentArn"] == arn);
  const Json rolling = deploymentOf(bench, arn);
  CHECK(rolling["status"] == "ROLLBACK_REQUESTED");
  CHECK(rolling["rollback"]["serviceRevisionArn"] == first["currentServiceRevisions"][0]["arn"]);
  CHECK(rolling["rollback"]["startedAt"] == rolling["updatedAt"]);

  const std::string other = bench.update({{"forceNewDeployment", true}})["currentServiceDeployment"];
  bench.call("StopServiceDeployment", {{"serviceDeploymentArn", other}, {"stopType", "ABORT"}});
  CHECK(deploymentOf(bench, other)["status"] == "STOP_REQUESTED");
  CHECK_FALSE(deploymentOf(bench, other).contains("rollback"));
}

TEST_CASE("what is not there, done, or without a way back is not stopped") {
  ServiceBench bench;
  const std::string arn = bench.create()["currentServiceDeployment"];
  const auto stop = [&](const std::string& which) {
    return bench.refusal("StopServiceDeployment", {{"serviceDeploymentArn", which}});
  };
  CHECK(stop(kNone) == "ServiceDeploymentNotFoundException: Service deployment not found: " + kNone);
  CHECK(stop("web") == "ServiceDeploymentNotFoundException: Service deployment not found: web");
  CHECK(stop(arn) ==
        "InvalidParameterException: The service web has no completed deployment to roll back to: use the "
        "stopType ABORT.");
  bench.complete();
  CHECK(
      stop(arn) ==
      "ConflictException: The service deployment is SUCCESSFUL and can't be stopped any more: only one that "
      "is PENDING or IN_PROGRESS can.");
  const auto answer = bench.answer("StopServiceDeployment", {{"serviceDeploymentArn", arn}});
  CHECK(Json::parse(std::get<ApiError>(answer).extra) == Json{{"resourceIds", {arn}}});
}

TEST_CASE("no deployment waits at a hook") {
  ServiceBench bench;
  const std::string arn = bench.create()["currentServiceDeployment"];
  const auto go = [&](const std::string& which) {
    return bench.refusal("ContinueServiceDeployment", {{"serviceDeploymentArn", which}, {"hookId", "h"}});
  };
  CHECK(go(kNone) == "ServiceDeploymentNotFoundException: Service deployment not found: " + kNone);
  CHECK(go(arn) == "InvalidParameterException: The service deployment " + arn +
                       " has no lifecycle hook h that awaits an action.");
}
