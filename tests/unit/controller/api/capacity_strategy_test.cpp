// Strategies of capacity providers: what they must be, and where they send tasks.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

Json share(const std::string& provider, int64_t base, int64_t weight) {
  return {{"capacityProvider", provider}, {"base", base}, {"weight", weight}};
}

/// A cluster with the providers a, b and idle, and a connected host of each of the first two.
struct Provided {
  Bench bench;
  std::map<std::string, std::string> hosts;  ///< ARNs by provider

  explicit Provided(Json strategy = Json::array()) {
    for (const char* name : {"a", "b", "idle"}) {
      bench.call("CreateCapacityProvider",
                 {{"name", name}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", name}}}});
    }
    bench.call("CreateCluster", {{"capacityProviders", {"a", "b", "idle", "FARGATE", "FARGATE_SPOT"}},
                                 {"defaultCapacityProviderStrategy", std::move(strategy)}});
    bench.define("app", Json::array({sample::container("app", {{"cpu", 64}, {"memory", 64}})}));
    for (const char* name : {"a", "b"}) {
      Json attributes = Bench::capable();
      attributes.push_back({{"name", "berth.capacity-provider"}, {"value", name}});
      hosts[name] = bench.host("default", {{"attributes", attributes}});
      bench.join(hosts[name]);
    }
  }

  static Json wish(const std::vector<Json>& strategy, int count = 1) {
    return {{"taskDefinition", "app"}, {"count", count}, {"capacityProviderStrategy", std::move(strategy)}};
  }
  /// How many tasks a call starts on each provider's host; each must show its provider.
  std::map<std::string, int> shares(const Json& input) {
    std::map<std::string, int> out;
    const Json reply = bench.call("RunTask", input);
    CHECK(reply["failures"].empty());
    for (const Json& task : reply["tasks"]) {
      const std::string provider = task["capacityProviderName"];
      CHECK(task["containerInstanceArn"] == hosts[provider]);
      CHECK_FALSE(task.contains("launchType"));
      ++out[provider];
    }
    return out;
  }
  std::string refusal(const std::vector<Json>& strategy) { return bench.refusal("RunTask", wish(strategy)); }
};

using Shares = std::map<std::string, int>;

}  // namespace

TEST_CASE("a strategy shares tasks out by base and weight, each on a host of its provider") {
  Provided provided;
  CHECK(provided.shares(Provided::wish({share("a", 1, 1), share("b", 0, 4)}, 10)) ==
        Shares{{"a", 3}, {"b", 7}});
  CHECK(provided.shares(Provided::wish({share("b", 0, 0)}, 2)) == Shares{{"b", 2}});
}

TEST_CASE("a cluster's default strategy is for calls that give neither strategy nor launch type") {
  Provided provided(Json::array({share("b", 0, 1)}));
  CHECK(provided.shares({{"taskDefinition", "app"}, {"count", 3}}) == Shares{{"b", 3}});
  CHECK(provided.shares(Provided::wish({share("a", 0, 1)})) == Shares{{"a", 1}});
  const Json typed =
      provided.bench.call("RunTask", {{"taskDefinition", "app"}, {"launchType", "EC2"}})["tasks"][0];
  CHECK(typed["launchType"] == "EC2");
  CHECK_FALSE(typed.contains("capacityProviderName"));
  const Json started = provided.bench.call(
      "StartTask", {{"taskDefinition", "app"}, {"containerInstances", {provided.hosts["a"]}}})["tasks"][0];
  CHECK(started["launchType"] == "EC2");
}

TEST_CASE("a host shows its provider, which an attribute names") {
  Provided provided;
  const auto shown = [&](const std::string& host) {
    return provided.bench.call("DescribeContainerInstances",
                               {{"containerInstances", {host}}})["containerInstances"][0];
  };
  CHECK(shown(provided.hosts["a"])["capacityProviderName"] == "a");
  provided.bench.call(
      "PutAttributes",
      {{"attributes",
        {{{"name", "berth.capacity-provider"}, {"value", "idle"}, {"targetId", provided.hosts["a"]}}}}});
  CHECK(shown(provided.hosts["a"])["capacityProviderName"] == "idle");
  provided.hosts["idle"] = provided.hosts["a"];
  CHECK(provided.shares(Provided::wish({share("idle", 0, 1)})) == Shares{{"idle", 1}});
}

TEST_CASE("a provider without a host that fits says so of each host") {
  Provided provided;
  const Json reply =
      provided.bench.call("RunTask", Provided::wish({share("idle", 1, 0), share("a", 0, 1)}, 2));
  CHECK(reply["tasks"].size() == 1);
  REQUIRE(reply["failures"].size() == 2);
  CHECK(reply["failures"][0]["reason"] == "ATTRIBUTE");
  CHECK_THAT(
      reply["failures"][0]["detail"].get<std::string>(),
      Catch::StartsWith("the instance lacks the attribute berth.capacity-provider with the value idle"));
}

TEST_CASE("a strategy that makes no sense is refused, of a call as of a cluster") {
  Provided provided;
  Json many = Json::array();
  for (int i = 0; i < 21; ++i) many.push_back(share("a", 0, 1));
  provided.bench.call("CreateCapacityProvider",
                      {{"name", "far"}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", "far"}}}});
  const std::pair<Json, std::string> kCases[] = {
      {Json::array({share("a", 0, 1), share("FARGATE", 0, 1)}),
       "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups "
       "and "
       "Fargate providers. Specify one or the other and try again."},
      {Json::array({share("a", 1, 1), share("b", 1, 1)}),
       "Only one capacity provider of a strategy can have a base."},
      {Json::array({share("a", 1, 0), share("b", 0, 0)}),
       "A strategy with several capacity providers needs at least one with a weight greater than zero."},
      {Json::array({share("a", 0, 1), share("a", 0, 1)}),
       "The capacity provider a stands twice in the strategy."},
      {Json::array({share("far", 0, 1)}),
       "The capacity provider far of the strategy is not associated with the cluster: associate it with "
       "PutClusterCapacityProviders and try again."},
      {Json::array({share("none", 0, 1)}),
       "The specified capacity provider 'none' was not found. Specify a valid name or ARN and try again."},
      {many, "A capacity provider strategy can contain at most 20 capacity providers."}};
  for (const auto& [strategy, refused] : kCases) {
    CHECK(provided.refusal(strategy) == "InvalidParameterException: " + refused);
    const Json put{{"cluster", "default"},
                   {"capacityProviders", {"a", "b", "FARGATE"}},
                   {"defaultCapacityProviderStrategy", strategy}};
    CHECK(provided.bench.refusal("PutClusterCapacityProviders", put) ==
          "InvalidParameterException: " + refused);
  }
  CHECK_THAT(provided.refusal({share("a", 0, 1001)}), Catch::Contains("weight"));
  CHECK_THAT(provided.refusal({share("a", 100001, 0)}), Catch::Contains("base"));
  Json both = Provided::wish({share("a", 0, 1)});
  both["launchType"] = "EC2";
  CHECK(provided.bench.refusal("RunTask", both) ==
        "InvalidParameterException: Specify either launchType or capacityProviderStrategy, not both.");
}

TEST_CASE("a strategy of Fargate is kept, and refused by name when it is to run something") {
  Provided provided(Json::array({share("FARGATE", 1, 1), share("FARGATE_SPOT", 0, 3)}));
  const std::string refused =
      "UnsupportedFeatureException: Capacity provider FARGATE is not offered by this version of Berth: use "
      "one "
      "of an Auto Scaling group, or the launch type EC2.";
  CHECK(provided.bench.refusal("RunTask", {{"taskDefinition", "app"}}) == refused);
  CHECK(provided.refusal({share("FARGATE", 0, 1)}) == refused);
}

TEST_CASE("a provider stays in its cluster while it has tasks there") {
  Provided provided;
  const std::string task = provided.bench.runOne(Provided::wish({share("a", 0, 1)}));
  const Json put{{"cluster", "default"},
                 {"capacityProviders", {"b"}},
                 {"defaultCapacityProviderStrategy", Json::array()}};
  CHECK(provided.bench.refusal("PutClusterCapacityProviders", put) ==
        "ResourceInUseException: The specified capacity provider is in use and cannot be removed: a has the "
        "task " +
            task + ".");
  provided.bench.report(task, "STOPPED");
  CHECK(provided.bench.call("PutClusterCapacityProviders", put)["cluster"]["capacityProviders"] ==
        Json({"b"}));
}

TEST_CASE("a token stands for the tasks of a strategy, too") {
  Provided provided;
  Json input = Provided::wish({share("a", 0, 1), share("b", 0, 1)}, 2);
  input["clientToken"] = "once";
  const Json first = provided.bench.call("RunTask", input);
  CHECK(first["tasks"].size() == 2);
  CHECK(provided.bench.call("RunTask", input)["tasks"].size() == 2);
  CHECK(provided.bench.call("ListTasks")["taskArns"].size() == 2);
}
