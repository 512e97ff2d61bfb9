#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::kInvalid;
using sample::merged;
using sample::ServiceBench;

namespace {

struct SetBench : ServiceBench {
  SetBench() { create(external()); }

  Json named(const Json& more = Json::object()) const {
    return merged({{"cluster", "default"}, {"service", "web"}}, more);
  }
  Json set(const Json& more = Json::object()) {
    return call("CreateTaskSet", named(merged({{"taskDefinition", "app"}}, more)))["taskSet"];
  }
  std::string refusedSet(const Json& more) {
    return refusal("CreateTaskSet", named(merged({{"taskDefinition", "app"}}, more)));
  }
  Json scaled(const std::string& id, double percent) {
    return call("UpdateTaskSet",
                named({{"taskSet", id}, {"scale", {{"value", percent}, {"unit", "PERCENT"}}}}))["taskSet"];
  }
  Json deleted(const std::string& id, bool force = false) {
    return call("DeleteTaskSet", named({{"taskSet", id}, {"force", force}}))["taskSet"];
  }
  Json sets(const Json& more = Json::object()) { return call("DescribeTaskSets", named(more)); }
};

}  // namespace

TEST_CASE("a task set has the defaults of what it does not say") {
  SetBench bench;
  const Json made = bench.set();
  const std::string id = made["id"];
  CHECK_THAT(id, Catch::Matches("ecs-svc/[0-9]{19}"));
  const int64_t now = 1'790'000'000 + bench.second;
  CHECK(made == Json{{"id", id},
                     {"taskSetArn", kArns + "task-set/default/web/" + id},
                     {"serviceArn", kArns + "service/default/web"},
                     {"clusterArn", kArns + "cluster/default"},
                     {"status", "ACTIVE"},
                     {"taskDefinition", kArns + "task-definition/app:1"},
                     {"computedDesiredCount", 4},
                     {"pendingCount", 0},
                     {"runningCount", 0},
                     {"createdAt", now},
                     {"updatedAt", now},
                     {"launchType", "EC2"},
                     {"loadBalancers", Json::array()},
                     {"serviceRegistries", Json::array()},
                     {"scale", {{"value", 100.0}, {"unit", "PERCENT"}}},
                     {"stabilityStatus", "STABILIZING"},
                     {"stabilityStatusAt", now},
                     {"tags", Json::array()}});
  CHECK(bench.sets({{"include", {"TAGS"}}})["taskSets"] == Json::array({made}));
}

TEST_CASE("what a task set is given is kept and shown") {
  SetBench bench;
  const Json strategy = Json::array({{{"capacityProvider", "p"}, {"weight", 1}}});
  const Json made = bench.set({{"externalId", "mine"},
                               {"scale", {{"value", 30.0}, {"unit", "PERCENT"}}},
                               {"capacityProviderStrategy", strategy},
                               {"tags", {{{"key", "a"}, {"value", "1"}}}}});
  CHECK(made["externalId"] == "mine");
  CHECK(made["computedDesiredCount"] == 2);
  CHECK(made["capacityProviderStrategy"] == strategy);
  CHECK_FALSE(made.contains("launchType"));
  CHECK(made["tags"].size() == 1);
  CHECK(bench.set({{"scale", {{"value", 0.0}}}})["stabilityStatus"] == "STEADY_STATE");
}

TEST_CASE("task sets are shown in the order of their creation, with their service and alone") {
  SetBench bench;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(bench.set()["id"]);
  const Json all = bench.sets()["taskSets"];
  REQUIRE(all.size() == 5);
  for (size_t i = 0; i < 5; ++i) CHECK(all[i]["id"] == ids[i]);
  CHECK(bench.described()["taskSets"] == all);
  CHECK(bench.refusedSet(Json::object()) ==
        "LimitExceededException: The service web has 5 task sets, and can't have more: delete one.");
}

TEST_CASE("task sets are meant by id or ARN, and missing ones told of") {
  SetBench bench;
  const Json made = bench.set();
  const std::string foreign = kArns + "task-set/default/other/ecs-svc/1";
  const Json reply = bench.sets({{"taskSets", {made["taskSetArn"], "ecs-svc/7", made["id"], foreign}}});
  CHECK(reply["taskSets"].size() == 2);
  CHECK(reply["failures"] ==
        Json::array({{{"arn", kArns + "task-set/default/web/ecs-svc/7"}, {"reason", "MISSING"}},
                     {{"arn", foreign}, {"reason", "MISSING"}}}));
  CHECK_FALSE(reply["taskSets"][0].contains("tags"));
}

TEST_CASE("a token means its task set") {
  SetBench bench;
  const Json made = bench.set({{"clientToken", "t"}});
  CHECK(bench.set({{"clientToken", "t"}}) == made);
  CHECK(bench.last.mutations.empty());
  CHECK(bench.refusedSet({{"clientToken", "t"}, {"externalId", "x"}}) ==
        kInvalid + "The clientToken was used before with other parameters.");
  CHECK_THAT(bench.refusedSet({{"clientToken", std::string(37, 'x')}}),
             Catch::StartsWith(kInvalid + "clientToken"));
}

TEST_CASE("a task set keeps the rules of what it runs") {
  SetBench bench;
  CHECK(bench.refusedSet({{"taskDefinition", ""}}) == kInvalid + "TaskDefinition can not be blank.");
  CHECK(bench.refusedSet({{"taskDefinition", "none"}}) == "ClientException: TaskDefinition not found.");
  for (const double wrong : {-1.0, 100.5}) {
    CHECK_THAT(bench.refusedSet({{"scale", {{"value", wrong}}}}),
               Catch::StartsWith(kInvalid + "The scale of a task set must be between 0 and 100 percent"));
  }
  CHECK(bench.refusedSet({{"platformVersion", "LATEST"}}) ==
        kInvalid + "The platform version must be null when specifying an EC2 launch type.");
  CHECK(bench.refusedSet(
            {{"launchType", "EC2"}, {"capacityProviderStrategy", {{{"capacityProvider", "p"}}}}}) ==
        kInvalid + "Specify either launchType or capacityProviderStrategy, not both.");
  CHECK_THAT(bench.refusedSet({{"capacityProviderStrategy", {{{"capacityProvider", "FARGATE"}}}}}),
             Catch::StartsWith("UnsupportedFeatureException"));
  CHECK_THAT(bench.refusedSet({{"tags", {{{"key", "aws:"}, {"value", ""}}}}}), Catch::Contains("reserved"));
}

TEST_CASE("task sets are for services whose controller is EXTERNAL") {
  SetBench bench;
  bench.create(ServiceBench::wanted({{"serviceName", "own"}}));
  const Json own = bench.named({{"service", "own"}});
  const std::string wrong =
      kInvalid + "Task sets are for services with the EXTERNAL deployment controller; that of own is ECS.";
  CHECK(bench.refusal("CreateTaskSet", merged(own, {{"taskDefinition", "app"}})) == wrong);
  CHECK(bench.refusal("UpdateTaskSet", merged(own, {{"taskSet", "t"}, {"scale", {{"value", 1.0}}}})) ==
        wrong);
  CHECK(bench.refusal("UpdateServicePrimaryTaskSet", merged(own, {{"primaryTaskSet", "t"}})) == wrong);
  CHECK(bench.refusal("DeleteTaskSet", merged(own, {{"taskSet", "t"}})) == wrong);
  CHECK(bench.refusal("DescribeTaskSets", own) == wrong);
}

TEST_CASE("each action on task sets names what is not there") {
  SetBench bench;
  const std::pair<const char*, Json> kCalls[] = {
      {"CreateTaskSet", {{"taskDefinition", "app"}}},
      {"UpdateTaskSet", {{"taskSet", "ecs-svc/1"}, {"scale", {{"value", 1.0}}}}},
      {"UpdateServicePrimaryTaskSet", {{"primaryTaskSet", "ecs-svc/1"}}},
      {"DeleteTaskSet", {{"taskSet", "ecs-svc/1"}}},
      {"DescribeTaskSets", Json::object()}};
  for (const auto& [operation, more] : kCalls) {
    CAPTURE(operation);
    CHECK(bench.refusal(operation, bench.named(merged(more, {{"cluster", "none"}}))) ==
          "ClusterNotFoundException: Cluster not found.");
    CHECK(bench.refusal(operation, bench.named(merged(more, {{"service", "none"}}))) ==
          "ServiceNotFoundException: Service not found.");
    if (!more.contains("taskSet") && !more.contains("primaryTaskSet")) continue;
    CHECK(bench.refusal(operation, bench.named(more)) ==
          "TaskSetNotFoundException: The service web has no task set ecs-svc/1.");
  }
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  for (const auto& [operation, more] : kCalls) {
    CHECK(bench.refusal(operation, bench.named(more)) ==
          "ServiceNotActiveException: Service was not ACTIVE.");
  }
}

TEST_CASE("a task set is scaled, and is steady once its tasks are there") {
  SetBench bench;
  const std::string id = bench.set()["id"];
  Json changed = bench.scaled(id, 25);
  CHECK(changed["computedDesiredCount"] == 1);
  CHECK(changed["scale"]["value"] == 25.0);
  CHECK(changed["stabilityStatus"] == "STABILIZING");
  CHECK(changed["updatedAt"] > changed["createdAt"]);
  bench.put('a', "service:web", id);
  changed = bench.scaled(id, 10);
  CHECK(changed["runningCount"] == 1);
  CHECK(changed["stabilityStatus"] == "STEADY_STATE");
  CHECK(bench.scaled(id, 0)["stabilityStatus"] == "STABILIZING");
  CHECK_THAT(bench.refusal("UpdateTaskSet", bench.named({{"taskSet", id}, {"scale", {{"value", 101.0}}}})),
             Catch::StartsWith(kInvalid + "The scale"));
}

TEST_CASE("one task set is PRIMARY, and the service takes over what it runs") {
  SetBench bench;
  bench.define("other");
  const std::string first = bench.set()["id"];
  const Json strategy = Json::array({{{"capacityProvider", "p"}, {"weight", 1}}});
  const std::string second =
      bench.set({{"taskDefinition", "other"}, {"capacityProviderStrategy", strategy}})["id"];
  const auto choose = [&](const std::string& id) {
    return bench.call("UpdateServicePrimaryTaskSet", bench.named({{"primaryTaskSet", id}}))["taskSet"];
  };
  const auto statuses = [&] {
    const Json sets = bench.sets()["taskSets"];
    return sets[0]["status"].get<std::string>() + " " + sets[1]["status"].get<std::string>();
  };
  CHECK(choose(second)["status"] == "PRIMARY");
  CHECK(statuses() == "ACTIVE PRIMARY");
  CHECK(bench.described()["taskDefinition"] == kArns + "task-definition/other:1");
  CHECK(bench.described()["capacityProviderStrategy"] == strategy);
  choose(first);
  CHECK(statuses() == "PRIMARY ACTIVE");
  CHECK(bench.described()["taskDefinition"] == kArns + "task-definition/app:1");
  CHECK(bench.described()["launchType"] == "EC2");
  CHECK_FALSE(bench.described().contains("capacityProviderStrategy"));
}

TEST_CASE("a task set is deleted at a scale of 0 or by force, and drains while it has tasks") {
  SetBench bench;
  const std::string id = bench.set()["id"];
  CHECK(bench.refusal("DeleteTaskSet", bench.named({{"taskSet", id}})) ==
        kInvalid + "The task set can't be deleted while its scale is above 0: set it to 0, or use force.");
  bench.put('a', "service:web", id);
  const Json draining = bench.deleted(id, true);
  CHECK(draining["status"] == "DRAINING");
  CHECK(draining["computedDesiredCount"] == 0);
  CHECK(bench.sets()["taskSets"][0]["status"] == "DRAINING");
  const std::string gone = kInvalid + "The task set " + id + " is being deleted.";
  CHECK(bench.refusal("UpdateTaskSet", bench.named({{"taskSet", id}, {"scale", {{"value", 1.0}}}})) == gone);
  CHECK(bench.refusal("UpdateServicePrimaryTaskSet", bench.named({{"primaryTaskSet", id}})) == gone);
  bench.put('a', "service:web", id, TaskStatus::Stopped);
  CHECK(bench.deleted(id)["status"] == "DRAINING");
  CHECK(bench.sets()["taskSets"].empty());
}
