// Services and the capacity providers of their cluster.
#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kInvalid;
using sample::kUnsupported;
using sample::ServiceBench;

namespace {

Json shares(const std::string& provider) {
  return Json::array({{{"capacityProvider", provider}, {"base", 0}, {"weight", 1}}});
}

Json byStrategy(const std::string& provider) {
  return ServiceBench::wanted({{"capacityProviderStrategy", shares(provider)}});
}

const std::string kInUse =
    "ResourceInUseException: The specified capacity provider is in use and cannot be removed: ";

}  // namespace

TEST_CASE("a service's strategy is of providers that its cluster has") {
  ServiceBench bench;
  bench.call("CreateCapacityProvider",
             {{"name", "other"}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", "other"}}}});
  CHECK_THAT(bench.refused(byStrategy("other")),
             Catch::StartsWith(kInvalid + "The capacity provider other of the strategy is not associated"));
  bench.call("PutClusterCapacityProviders", ServiceBench::providers({"a", "other"}));
  const std::string arn = sample::kArns + "capacity-provider/other";
  CHECK(bench.create(byStrategy(arn))["capacityProviderStrategy"] == shares(arn));
}

TEST_CASE("a service without launch type and strategy has the cluster's default strategy") {
  ServiceBench bench;
  bench.call("PutClusterCapacityProviders", ServiceBench::providers({"a", "b"}, shares("b")));
  const Json made = bench.create();
  CHECK(made["capacityProviderStrategy"] == shares("b"));
  CHECK_FALSE(made.contains("launchType"));
  CHECK(made["deployments"][0]["capacityProviderStrategy"] == shares("b"));
  CHECK(bench.create() == bench.described());
  const auto named = [](const std::string& name, Json more) {
    more["serviceName"] = name;
    return ServiceBench::wanted(more);
  };
  CHECK(bench.create(named("typed", {{"launchType", "EC2"}}))["launchType"] == "EC2");
  CHECK(bench.create(named("own", {{"capacityProviderStrategy", shares("a")}}))["capacityProviderStrategy"] ==
        shares("a"));
  CHECK(bench.create(ServiceBench::daemon({{"serviceName", "all"}}))["launchType"] == "EC2");
}

TEST_CASE("a task set without launch type and strategy has the cluster's default strategy") {
  ServiceBench bench;
  bench.call("PutClusterCapacityProviders", ServiceBench::providers({"a", "b"}, shares("b")));
  const Json service = bench.create(ServiceBench::external());
  CHECK_FALSE(service.contains("capacityProviderStrategy"));
  const Json set = bench.call(
      "CreateTaskSet", {{"cluster", "default"}, {"service", "web"}, {"taskDefinition", "app"}})["taskSet"];
  CHECK(set["capacityProviderStrategy"] == shares("b"));
  CHECK(bench.refusal("PutClusterCapacityProviders", ServiceBench::providers({"a"})) ==
        kInUse +
            "b is in the strategy of the service web: give that another strategy with UpdateService and "
            "try again.");
}

TEST_CASE("a default strategy of Fargate is refused where it would be used") {
  ServiceBench bench;
  bench.call("PutClusterCapacityProviders", ServiceBench::providers({"FARGATE"}, shares("FARGATE")));
  CHECK_THAT(bench.refused(ServiceBench::wanted()), Catch::StartsWith(kUnsupported + "FARGATE"));
}

TEST_CASE("a provider in the strategy of a service is not removed until the service is gone or has another") {
  ServiceBench bench;
  bench.create(byStrategy("a"));
  CHECK_THAT(bench.refusal("PutClusterCapacityProviders", ServiceBench::providers({"b"})),
             Catch::StartsWith(kInUse + "a is in the strategy of the service web"));
  CHECK_THAT(bench.refusal("DeleteCapacityProvider", {{"capacityProvider", "a"}}),
             Catch::Contains("is associated with cluster: default"));
  bench.update({{"capacityProviderStrategy", shares("b")}});
  bench.call("PutClusterCapacityProviders", ServiceBench::providers({"b"}));
  bench.call("DeleteCapacityProvider", {{"capacityProvider", "a"}});
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  bench.call("PutClusterCapacityProviders", ServiceBench::providers(Json::array()));
}
