#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

ControllerOptions withQuotas(void (*change)(Quotas&)) {
  ControllerOptions out;
  change(out.quotas);
  return out;
}

}  // namespace

TEST_CASE("there are as many clusters as the quota says, those apart that are deleted") {
  Bench bench(withQuotas([](Quotas& quotas) { quotas.clusters = 2; }));
  bench.cluster("a");
  bench.cluster("b");
  const std::string refused =
      "LimitExceededException: The quota of 2 clusters is reached: delete some, or raise quotas.clusters in "
      "controller.yaml.";
  CHECK(bench.refusal("CreateCluster", {{"clusterName", "c"}}) == refused);
  bench.cluster("a");
  bench.call("DeleteCluster", {{"cluster", "b"}});
  bench.cluster("c");
  CHECK(bench.refusal("CreateCluster", {{"clusterName", "b"}}) == refused);
}

TEST_CASE("a cluster has as many container instances as the quota says, and known ones register again") {
  Bench bench(withQuotas([](Quotas& quotas) { quotas.instancesPerCluster = 1; }));
  bench.cluster();
  bench.cluster("other");
  const std::string arn = bench.host("default", {{"clientToken", "once"}});
  CHECK(bench.refusal("RegisterContainerInstance") ==
        "LimitExceededException: The quota of 1 container instances per cluster is reached: deregister some, "
        "or "
        "raise quotas.instances_per_cluster in controller.yaml.");
  CHECK(bench.host("default", {{"containerInstanceArn", arn}}) == arn);
  CHECK(bench.host("default", {{"clientToken", "once"}}) == arn);
  bench.host("other");
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  bench.host();
}

TEST_CASE("a family has as many revisions as the quota says, those counted that are gone") {
  Bench bench(withQuotas([](Quotas& quotas) { quotas.revisionsPerFamily = 2; }));
  const Json input{{"family", "app"}, {"containerDefinitions", Json::array({sample::container()})}};
  bench.define("app");
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", bench.define("app")}});
  CHECK(bench.refusal("RegisterTaskDefinition", input) ==
        "LimitExceededException: The quota of 2 revisions per task definition family is reached: register "
        "another family, or raise quotas.revisions_per_family in controller.yaml.");
  bench.define("other");
}

TEST_CASE("an instance has as many custom attributes as the quota says") {
  Bench bench(withQuotas([](Quotas& quotas) { quotas.attributesPerInstance = 11; }));
  bench.cluster();
  const std::string arn = bench.host();
  const auto put = [&](int number) {
    const Json one{{"name", "a" + std::to_string(number)}, {"targetId", arn}};
    return Json{{"attributes", Json::array({one})}};
  };
  for (int i = 0; i < 11; ++i) bench.call("PutAttributes", put(i));
  bench.call("PutAttributes", put(3));
  CHECK(bench.refusal("PutAttributes", put(11)) ==
        "AttributeLimitExceededException: The quota of 11 custom attributes of " + arn +
            " is reached: delete some, or raise quotas.attributes_per_instance in controller.yaml.");
}

TEST_CASE("a registration keeps the quota of custom attributes, and a host that had more before comes back") {
  const auto brings = [](int count) {
    Json out = Bench::capable();
    for (int i = 0; i < count; ++i) out.push_back({{"name", "a" + std::to_string(i)}});
    return out;
  };
  Bench bench;
  bench.cluster();
  CHECK_THAT(bench.refusal("RegisterContainerInstance", {{"attributes", brings(11)}}),
             Catch::StartsWith("InvalidParameterException: The quota of 10 custom attributes of "));
  const std::string arn = bench.host("default", {{"attributes", brings(10)}});
  Bench lowered(withQuotas([](Quotas& quotas) { quotas.attributesPerInstance = 4; }));
  lowered.cluster();
  lowered.core.load({*bench.core.state().instance(arn.substr(arn.rfind('/') + 1))});
  lowered.host("default", {{"containerInstanceArn", arn}, {"attributes", brings(10)}});
  CHECK_THAT(lowered.refusal("RegisterContainerInstance",
                             {{"containerInstanceArn", arn}, {"attributes", brings(11)}}),
             Catch::StartsWith("InvalidParameterException: The quota of 4 custom attributes of "));
}

TEST_CASE("a cluster has as many capacity providers as the quota says") {
  Bench bench(withQuotas([](Quotas& quotas) { quotas.providersPerCluster = 1; }));
  bench.cluster();
  const Json two{"FARGATE", "FARGATE_SPOT"};
  const std::string refused =
      "LimitExceededException: The quota of 1 capacity providers per cluster is reached: give fewer, or "
      "raise "
      "quotas.providers_per_cluster in controller.yaml.";
  CHECK(bench.refusal("CreateCluster", {{"clusterName", "new"}, {"capacityProviders", two}}) == refused);
  CHECK(bench.refusal("PutClusterCapacityProviders", {{"cluster", "default"},
                                                      {"capacityProviders", two},
                                                      {"defaultCapacityProviderStrategy", Json::array()}}) ==
        refused);
}
