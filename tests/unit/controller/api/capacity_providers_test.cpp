#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

const std::string kProviderArn = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/";

Json provider(const std::string& name, Json group = Json::object()) {
  group.emplace("autoScalingGroupArn", name + "-group");
  return {{"name", name}, {"autoScalingGroupProvider", std::move(group)}};
}

Json scaled(const std::string& name) { return provider(name, {{"managedScaling", {{"status", "ENABLED"}}}}); }

Json attach(const std::string& cluster, Json providers, Json strategy = Json::array()) {
  return {{"cluster", cluster},
          {"capacityProviders", std::move(providers)},
          {"defaultCapacityProviderStrategy", std::move(strategy)}};
}

std::vector<std::string> namesIn(const Json& reply) {
  std::vector<std::string> out;
  for (const Json& one : reply["capacityProviders"]) out.push_back(one["name"]);
  return out;
}

}  // namespace

TEST_CASE("a capacity provider is created with its defaults, described, updated and deleted") {
  Bench bench;
  Json input = provider("rack");
  input["tags"] = Json::array({{{"key", "a"}, {"value", "1"}}});
  const Json made = bench.call("CreateCapacityProvider", input)["capacityProvider"];
  const Json expected = Json::parse(R"({
    "capacityProviderArn": "arn:aws:ecs:us-east-1:000000000000:capacity-provider/rack",
    "name": "rack", "status": "ACTIVE", "type": "EC2_AUTOSCALING", "updateStatus": "CREATE_COMPLETE",
    "autoScalingGroupProvider": {
      "autoScalingGroupArn": "rack-group",
      "managedScaling": {"status": "DISABLED", "targetCapacity": 100, "minimumScalingStepSize": 1,
                         "maximumScalingStepSize": 10000, "instanceWarmupPeriod": 300},
      "managedTerminationProtection": "DISABLED", "managedDraining": "ENABLED"},
    "tags": [{"key": "a", "value": "1"}]})");
  CHECK(made == expected);
  const Json change{{"name", kProviderArn + "rack"},
                    {"autoScalingGroupProvider",
                     {{"managedScaling", {{"status", "ENABLED"}, {"targetCapacity", 90}}},
                      {"managedTerminationProtection", "ENABLED"}}}};
  const Json changed = bench.call("UpdateCapacityProvider", change)["capacityProvider"];
  CHECK(changed["updateStatus"] == "UPDATE_COMPLETE");
  const Json& group = changed["autoScalingGroupProvider"];
  CHECK(group["managedScaling"]["targetCapacity"] == 90);
  CHECK(group["managedScaling"]["instanceWarmupPeriod"] == 300);
  CHECK(group["managedTerminationProtection"] == "ENABLED");
  CHECK(group["autoScalingGroupArn"] == "rack-group");
  const Json deleted =
      bench.call("DeleteCapacityProvider", {{"capacityProvider", "rack"}})["capacityProvider"];
  CHECK(deleted["status"] == "INACTIVE");
  CHECK(deleted["updateStatus"] == "DELETE_COMPLETE");
  const Json described = bench.call("DescribeCapacityProviders", {{"capacityProviders", {"rack"}}});
  CHECK(described["capacityProviders"][0]["status"] == "INACTIVE");
  CHECK(namesIn(bench.call("DescribeCapacityProviders")) ==
        std::vector<std::string>{"FARGATE", "FARGATE_SPOT"});
  CHECK(bench.call("CreateCapacityProvider", provider("rack"))["capacityProvider"]["tags"].empty());
}

TEST_CASE("capacity providers are described by name, by cluster, or all, a page at a time") {
  Bench bench;
  for (char c = 'a'; c <= 'i'; ++c) bench.call("CreateCapacityProvider", provider(std::string(1, c)));
  const Json first = bench.call("DescribeCapacityProviders");
  CHECK(first["capacityProviders"].size() == 10);
  const Json rest = bench.call("DescribeCapacityProviders", {{"nextToken", first["nextToken"]}});
  CHECK(rest["capacityProviders"].size() == 1);
  CHECK_FALSE(rest.contains("nextToken"));
  CHECK(bench.refusal("DescribeCapacityProviders", {{"maxResults", 11}}) ==
        "InvalidParameterException: maxResults must be between 1 and 10, not 11");
  const Json named = bench.call("DescribeCapacityProviders",
                                {{"capacityProviders", {"c", "none", kProviderArn + "FARGATE_SPOT", "a/b"}}});
  CHECK(namesIn(named) == std::vector<std::string>{"c", "FARGATE_SPOT"});
  CHECK(named["capacityProviders"][1]["type"] == "FARGATE_SPOT");
  CHECK(named["failures"] == Json::array({{{"arn", kProviderArn + "none"}, {"reason", "MISSING"}},
                                          {{"arn", "a/b"}, {"reason", "MISSING"}}}));
  bench.call("CreateCluster", {{"capacityProviders", {"b", "FARGATE"}}});
  const Json ours = bench.call("DescribeCapacityProviders", {{"cluster", "default"}});
  CHECK(namesIn(ours) == std::vector<std::string>{"FARGATE", "b"});
  const Json foreign =
      bench.call("DescribeCapacityProviders", {{"cluster", "default"}, {"capacityProviders", {"c"}}});
  CHECK(foreign["failures"][0]["reason"] == "MISSING");
  CHECK(bench.refusal("DescribeCapacityProviders", {{"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
  Json many = Json::array();
  for (int i = 0; i < 101; ++i) many.push_back("a");
  CHECK(bench.refusal("DescribeCapacityProviders", {{"capacityProviders", many}}) ==
        "InvalidParameterException: Capacity Providers can have at most 100 items.");
}

TEST_CASE("a provider's tags are shown when they are asked for, and changed") {
  Bench bench;
  bench.call("CreateCapacityProvider", provider("rack"));
  const std::string arn = kProviderArn + "rack";
  bench.call("TagResource", {{"resourceArn", arn}, {"tags", {{{"key", "a"}, {"value", "1"}}}}});
  CHECK(bench.call("ListTagsForResource", {{"resourceArn", arn}})["tags"].size() == 1);
  const auto tags = [&](Json input) {
    input["capacityProviders"] = {"rack"};
    return bench.call("DescribeCapacityProviders", input)["capacityProviders"][0]["tags"].size();
  };
  CHECK(tags(Json::object()) == 0);
  CHECK(tags({{"include", {"TAGS"}}}) == 1);
  bench.call("UntagResource", {{"resourceArn", arn}, {"tagKeys", {"a"}}});
  CHECK(tags({{"include", {"TAGS"}}}) == 0);
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "rack"}});
  CHECK_THAT(bench.refusal("ListTagsForResource", {{"resourceArn", arn}}),
             Catch::StartsWith("ResourceNotFoundException: "));
}

TEST_CASE("a capacity provider has a name of its own and one group of its own") {
  Bench bench;
  bench.call("CreateCapacityProvider", provider("rack"));
  CHECK(bench.refusal("CreateCapacityProvider", provider("rack")) ==
        "ClientException: The specified capacity provider already exists. To change the configuration of an "
        "existing capacity provider, update the capacity provider.");
  for (const char* name : {"awsome", "ECS-1", "Fargate"}) {
    CHECK(bench.refusal("CreateCapacityProvider", provider(name)) ==
          "InvalidParameterException: Invalid capacity provider name '" + std::string(name) +
              "': names that begin with aws, ecs or fargate are the service's.");
  }
  CHECK_THAT(bench.refusal("CreateCapacityProvider", provider("a b")),
             Catch::StartsWith("InvalidParameterException: Invalid capacity provider name 'a b'"));
  const std::string taken =
      "ClientException: The specified Auto Scaling group ARN is already being used by another capacity "
      "provider. Specify a unique Auto Scaling group ARN and try again.";
  Json second = provider("two");
  const std::string group = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:1:";
  for (const std::string& reference :
       {std::string("rack-group"), group + "autoScalingGroupName/rack-group"}) {
    second["autoScalingGroupProvider"]["autoScalingGroupArn"] = reference;
    CHECK(bench.refusal("CreateCapacityProvider", second) == taken);
  }
  const std::string elsewhere = "arn:aws:autoscaling:eu-west-1:000000000000:autoScalingGroup:1:";
  for (const std::string& reference :
       {std::string(), elsewhere + "autoScalingGroupName/g", group, std::string("a:b")}) {
    second["autoScalingGroupProvider"]["autoScalingGroupArn"] = reference;
    CHECK_THAT(bench.refusal("CreateCapacityProvider", second),
               Catch::StartsWith("InvalidParameterException: Invalid autoScalingGroupArn"));
  }
}

TEST_CASE("the settings of a provider's group fit each other") {
  Bench bench;
  CHECK(bench.refusal("CreateCapacityProvider", {{"name", "rack"}}) ==
        "InvalidParameterException: A capacity provider needs an autoScalingGroupProvider.");
  const Json steps{{"managedScaling", {{"minimumScalingStepSize", 5}, {"maximumScalingStepSize", 4}}}};
  const std::string steps_refused =
      "InvalidParameterException: minimumScalingStepSize must not be greater than maximumScalingStepSize.";
  CHECK(bench.refusal("CreateCapacityProvider", provider("rack", steps)) == steps_refused);
  const Json guarded{{"managedTerminationProtection", "ENABLED"}};
  const std::string guard_refused =
      "InvalidParameterException: managedTerminationProtection ENABLED needs managed scaling: give "
      "managedScaling the status ENABLED.";
  CHECK(bench.refusal("CreateCapacityProvider", provider("rack", guarded)) == guard_refused);
  bench.call("CreateCapacityProvider", provider("rack"));
  for (const auto& [change, refused] : {std::pair(steps, steps_refused), std::pair(guarded, guard_refused)}) {
    CHECK(bench.refusal("UpdateCapacityProvider", {{"name", "rack"}, {"autoScalingGroupProvider", change}}) ==
          refused);
  }
  CHECK_THAT(bench.refusal("CreateCapacityProvider",
                           provider("two", {{"managedScaling", {{"targetCapacity", 101}}}})),
             Catch::Contains("targetCapacity"));
}

TEST_CASE("managed instances are refused by name, and so are providers of one cluster") {
  Bench bench;
  bench.cluster();
  const Json managed{{"name", "m"},
                     {"managedInstancesProvider",
                      {{"infrastructureRoleArn", "arn"},
                       {"instanceLaunchTemplate",
                        {{"ec2InstanceProfileArn", "arn"}, {"networkConfiguration", Json::object()}}}}}};
  CHECK_THAT(bench.refusal("CreateCapacityProvider", managed),
             Catch::StartsWith("UnsupportedFeatureException: Managed instances are not offered"));
  bench.call("CreateCapacityProvider", provider("rack"));
  const auto calls = [](const std::string& cluster) {
    Json create = provider("two");
    create["cluster"] = cluster;
    return std::vector<std::pair<std::string, Json>>{
        {"CreateCapacityProvider", create},
        {"UpdateCapacityProvider", {{"name", "rack"}, {"cluster", cluster}}},
        {"DeleteCapacityProvider", {{"capacityProvider", "rack"}, {"cluster", cluster}}}};
  };
  for (const auto& [operation, input] : calls("default")) {
    CHECK_THAT(bench.refusal(operation, input),
               Catch::StartsWith("UnsupportedFeatureException: Capacity providers of one cluster (default)"));
  }
  for (const auto& [operation, input] : calls("none")) {
    CHECK(bench.refusal(operation, input) == "ClusterNotFoundException: Cluster not found.");
  }
}

TEST_CASE("a provider that is not there, or is predefined, is not changed") {
  Bench bench;
  for (const auto& [operation, member] : {std::pair("UpdateCapacityProvider", "name"),
                                          std::pair("DeleteCapacityProvider", "capacityProvider")}) {
    CHECK(
        bench.refusal(operation, {{member, "none"}}) ==
        "ClientException: The specified capacity provider 'none' was not found. Specify a valid name or ARN "
        "and try again.");
    CHECK(bench.refusal(operation, {{member, "FARGATE"}}) ==
          "ClientException: The capacity provider FARGATE is predefined: it can't be changed or deleted.");
    CHECK_THAT(bench.refusal(operation, {{member, "a/b"}}), Catch::StartsWith("InvalidParameterException: "));
  }
}

TEST_CASE("a cluster is given providers and a default strategy, both replaced at once") {
  Bench bench;
  bench.call("CreateCapacityProvider", provider("a"));
  bench.call("CreateCapacityProvider", provider("b"));
  const Json strategy = Json::array({{{"capacityProvider", "a"}, {"base", 1}, {"weight", 4}}});
  const Json made = bench.call("CreateCluster", {{"capacityProviders", {"a", kProviderArn + "b"}},
                                                 {"defaultCapacityProviderStrategy", strategy}})["cluster"];
  CHECK(made["capacityProviders"] == Json({"a", "b"}));
  CHECK(made["defaultCapacityProviderStrategy"] == strategy);
  CHECK(made["status"] == "ACTIVE");
  const Json put = bench.call("PutClusterCapacityProviders", attach("default", {"b"}))["cluster"];
  CHECK(put["capacityProviders"] == Json({"b"}));
  CHECK(put["defaultCapacityProviderStrategy"].empty());
  CHECK(put["attachmentsStatus"] == "UPDATE_COMPLETE");
  const Json described = bench.call("DescribeClusters")["clusters"][0];
  CHECK(described["capacityProviders"] == Json({"b"}));
  CHECK_FALSE(described.contains("attachmentsStatus"));
  CHECK(bench.refusal("DeleteCapacityProvider", {{"capacityProvider", "b"}}) ==
        "ClientException: The capacity provider cannot be deleted because it is associated with cluster: "
        "default. Remove the capacity provider from the cluster with PutClusterCapacityProviders and try "
        "again.");
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "a"}});
  CHECK(bench.call("DeleteCluster", {{"cluster", "default"}})["cluster"]["capacityProviders"].empty());
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "b"}});
}

TEST_CASE("a cluster's providers are there, ACTIVE, and each once") {
  Bench bench;
  bench.cluster();
  bench.call("CreateCapacityProvider", provider("gone"));
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "gone"}});
  const std::pair<Json, std::string> kCases[] = {
      {{"none"},
       "The specified capacity provider 'none' was not found. Specify a valid name or ARN and try again."},
      {{"gone"},
       "The specified capacity provider 'gone' is not in an ACTIVE state. Specify a valid capacity provider "
       "and try again."},
      {{"FARGATE", "FARGATE"}, "The capacity provider FARGATE stands twice."}};
  for (const auto& [providers, refused] : kCases) {
    CHECK(bench.refusal("PutClusterCapacityProviders", attach("default", providers)) ==
          "InvalidParameterException: " + refused);
    CHECK(bench.refusal("CreateCluster", {{"clusterName", "new"}, {"capacityProviders", providers}}) ==
          "InvalidParameterException: " + refused);
  }
  CHECK_THAT(bench.refusal("PutClusterCapacityProviders", attach("default", {"a/b"})),
             Catch::StartsWith("InvalidParameterException: Invalid identifier 'a/b'"));
  CHECK(bench.refusal("PutClusterCapacityProviders", attach("none", Json::array())) ==
        "ClusterNotFoundException: Cluster not found.");
}

TEST_CASE("a provider with managed scaling serves one cluster") {
  Bench bench;
  bench.cluster();
  bench.call("CreateCapacityProvider", scaled("rack"));
  bench.call("PutClusterCapacityProviders", attach("default", {"rack"}));
  bench.call("PutClusterCapacityProviders", attach("default", {"rack"}));
  CHECK(bench.refusal("CreateCluster", {{"clusterName", "two"}, {"capacityProviders", {"rack"}}}) ==
        "InvalidParameterException: The capacity provider rack has managed scaling and so serves one cluster "
        "alone, which is default: remove it there, or disable its managed scaling.");
  const auto scale = [](const char* status) {
    return Json{{"name", "rack"}, {"autoScalingGroupProvider", {{"managedScaling", {{"status", status}}}}}};
  };
  bench.call("UpdateCapacityProvider", scale("DISABLED"));
  bench.call("CreateCluster", {{"clusterName", "two"}, {"capacityProviders", {"rack"}}});
  CHECK(bench.refusal("UpdateCapacityProvider", scale("ENABLED")) ==
        "InvalidParameterException: A capacity provider with managed scaling serves one cluster alone, and "
        "rack serves default and two.");
}
