#include "controller/callers/needs.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

const std::string kArn = "arn:aws:ecs:us-east-1:000000000000:";

struct AskedFor {
  Bench bench;

  std::vector<Need> needs(std::string_view operation, const Json& input = Json::object()) const {
    return needsOf(operation, input, bench.names, bench.core.state());
  }
  /// The one need of a call, as "resource" or "resource in cluster", without what all ARNs begin with.
  std::string need(std::string_view operation, const Json& input = Json::object()) const {
    const auto all = needs(operation, input);
    REQUIRE(all.size() == 1);
    return shortened(all[0].resource) + (all[0].cluster.empty() ? "" : " in " + shortened(all[0].cluster));
  }
  static std::string shortened(const std::string& text) {
    return text.starts_with(kArn) ? text.substr(kArn.size()) : text;
  }
};

TEST_CASE("every operation of the API says what it needs") {
  for (const auto& [operation, declared] : ecs::model().operations()) {
    INFO(operation);
    CHECK(isKnownOperation(operation));
  }
  CHECK_FALSE(isKnownOperation("RunTasks"));
}

TEST_CASE("a task definition is the revision that would run") {
  AskedFor asked;
  asked.bench.define("app");
  asked.bench.define("app");
  CHECK(asked.need("RunTask", {{"taskDefinition", "app"}}) == "task-definition/app:2 in cluster/default");
  CHECK(asked.need("RunTask", {{"taskDefinition", "app:1"}, {"cluster", "prod"}}) ==
        "task-definition/app:1 in cluster/prod");
  CHECK(asked.need("StartTask", {{"taskDefinition", kArn + "task-definition/app"},
                                 {"cluster", kArn + "cluster/x"}}) == "task-definition/app:2 in cluster/x");
  CHECK(asked.need("RunTask", {{"taskDefinition", "none"}}) == "task-definition/none in cluster/default");
  CHECK(asked.need("RegisterTaskDefinition", {{"family", "app"}}) == "task-definition/app:*");
  CHECK(asked.needs("DeleteTaskDefinitions", {{"taskDefinitions", {"app:1", "app:2"}}}).size() == 2);
}

TEST_CASE("tasks and instances are in the cluster that they are looked for in") {
  AskedFor asked;
  CHECK(asked.need("StopTask", {{"task", "t1"}}) == "task/default/t1 in cluster/default");
  CHECK(asked.need("StopTask", {{"task", kArn + "task/t1"}, {"cluster", "prod"}}) ==
        "task/prod/t1 in cluster/prod");
  CHECK(asked.need("StopTask", {{"task", kArn + "task/live/t1"}, {"cluster", "prod"}}) ==
        "task/live/t1 in cluster/live");
  const auto both = asked.needs("DescribeTasks", {{"tasks", {"a", "b"}}, {"cluster", "prod"}});
  REQUIRE(both.size() == 2);
  CHECK(both[1] == Need{kArn + "task/prod/b", kArn + "cluster/prod"});
  CHECK(asked.need("PutAttributes", {{"attributes", {{{"name", "a"}, {"targetId", "i1"}}}}}) ==
        "container-instance/default/i1 in cluster/default");
  CHECK(asked.need("ListTasks", {{"cluster", "prod"}}) == "* in cluster/prod");
  CHECK(asked.need("ListServices", {{"cluster", "prod"}}) == "* in cluster/prod");
  CHECK(asked.need("DescribeTaskSets", {{"cluster", "prod"}, {"service", kArn + "service/prod/web"}}) ==
        "task-set/prod/web/* in cluster/prod");
  CHECK(asked.need("UpdateTaskSet", {{"cluster", "prod"}, {"service", "web"}, {"taskSet", "ecs-svc/1"}}) ==
        "task-set/prod/web/ecs-svc/1 in cluster/prod");
}

TEST_CASE("clusters and what is in none") {
  AskedFor asked;
  CHECK(asked.need("CreateCluster") == "cluster/default");
  CHECK(asked.need("CreateCluster", {{"clusterName", "prod"}}) == "cluster/prod");
  CHECK(asked.need("DescribeClusters") == "cluster/default");
  CHECK(asked.needs("DescribeClusters", {{"clusters", {"a", "b"}}}).size() == 2);
  CHECK(asked.need("DeleteCluster", {{"cluster", kArn + "cluster/prod"}}) == "cluster/prod");
  CHECK(asked.need("CreateCapacityProvider", {{"name", "spot"}}) == "capacity-provider/spot");
  CHECK(asked.need("ListClusters") == "*");
  CHECK(asked.need("DescribeTaskDefinition", {{"taskDefinition", "app"}}) == "*");
  const auto command = asked.needs("ExecuteCommand", {{"cluster", "prod"}, {"task", "t1"}});
  REQUIRE(command.size() == 2);
  CHECK(command[0].resource == kArn + "cluster/prod");
  CHECK(command[1].resource == kArn + "task/prod/t1");
}

TEST_CASE("an ARN of the old format means the resource in its cluster") {
  AskedFor asked;
  asked.bench.cluster("prod");
  const std::string arn = asked.bench.host("prod");
  const std::string id = arn.substr(arn.rfind('/') + 1);
  const std::string wanted = "container-instance/prod/" + id + " in cluster/prod";
  CHECK(asked.need("TagResource", {{"resourceArn", arn}}) == wanted);
  CHECK(asked.need("TagResource", {{"resourceArn", kArn + "container-instance/" + id}}) == wanted);
  CHECK(asked.need("TagResource", {{"resourceArn", kArn + "cluster/prod"}}) == "cluster/prod");
  CHECK(asked.need("DeleteDaemon", {{"daemonArn", kArn + "daemon/prod/d"}}) ==
        "daemon/prod/d in cluster/prod");
  CHECK(asked.need("StopTask", {{"task", "arn:aws:ecs:eu-west-1:1:task/prod/t"}}) ==
        "arn:aws:ecs:eu-west-1:1:task/prod/t in cluster/prod");
}

TEST_CASE("what is malformed counts as absent, as the call is refused for it") {
  AskedFor asked;
  CHECK(asked.need("StopTask", {{"task", 5}, {"cluster", {"a"}}}) == "* in cluster/a");
  CHECK(asked.need("DescribeTasks", {{"tasks", nullptr}}) == "* in cluster/default");
  CHECK(asked.need("PutAttributes", {{"attributes", {1, {{"targetId", 2}}}}}) == "* in cluster/default");
  CHECK(asked.need("StopTask", {{"task", "no id"}}) == "no id");
  CHECK(asked.need("Nonsense", Json::array()) == "*");
}

TEST_CASE("a policy's action names an operation, or is of another service") {
  CHECK(namesOperation("ecs:RunTask"));
  CHECK(namesOperation("ECS:run*"));
  CHECK(namesOperation("ecs:Poll"));
  CHECK(namesOperation("*"));
  CHECK(namesOperation("ecr:*"));
  CHECK_FALSE(namesOperation("ecs:RunTasks"));
  CHECK(namesOperation("berth:Why"));
  CHECK(namesOperation("berth:Discovery"));
  CHECK(namesOperation("berth:*"));
  CHECK_FALSE(namesOperation("berth:RunTask"));
  CHECK_FALSE(namesOperation("ecs:Why"));
}

TEST_CASE("the extension's questions need the thing that they are about") {
  AskedFor asked;
  CHECK(asked.need("berth:Why", {{"resource", kArn + "task/prod/t"}}) == "task/prod/t in cluster/prod");
  CHECK(asked.need("berth:Why", {{"resource", kArn + "cluster/prod"}}) == "cluster/prod");
  CHECK(asked.need("berth:Events", {{"resource", "*"}}) == "*");
  CHECK(actionOf("berth:Why") == "berth:Why");
  CHECK(actionOf("RunTask") == "ecs:RunTask");
}

}  // namespace
}  // namespace berth::controller
