// Services of callers whose account setting serviceLongArnFormat is disabled.
#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::kInvalid;
using sample::ServiceBench;

namespace {

const std::string kOld = kArns + "service/web";
const std::string kLong = kArns + "service/default/web";
const Json kTags = Json::array({{{"key", "a"}, {"value", "1"}}});

struct Old : ServiceBench {
  Old() { setting("disabled"); }
  void setting(const std::string& value) {
    call("PutAccountSetting", {{"name", "serviceLongArnFormat"}, {"value", value}});
  }
};

}  // namespace

TEST_CASE("a service of the old format has an ARN without the cluster, wherever it is shown") {
  Old bench;
  CHECK(bench.create()["serviceArn"] == kOld);
  CHECK(bench.described()["serviceArn"] == kOld);
  CHECK(bench.call("ListServices")["serviceArns"] == Json::array({kOld}));
  const Json listed = bench.call("ListServiceDeployments", {{"service", kOld}})["serviceDeployments"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["serviceArn"] == kOld);
  // What belongs to a service has but one format, which tells the cluster.
  CHECK_THAT(listed[0]["serviceDeploymentArn"].get<std::string>(),
             Catch::StartsWith(kArns + "service-deployment/default/web/"));
  const Json deployment = bench.call("DescribeServiceDeployments",
                                     {{"serviceDeploymentArns", {listed[0]["serviceDeploymentArn"]}}});
  CHECK(deployment["serviceDeployments"][0]["serviceArn"] == kOld);
  const Json revision = bench.call("DescribeServiceRevisions",
                                   {{"serviceRevisionArns", {listed[0]["targetServiceRevisionArn"]}}});
  CHECK(revision["serviceRevisions"][0]["serviceArn"] == kOld);
}

TEST_CASE("a task set tells its service by the ARN that the service has") {
  Old bench;
  bench.create(ServiceBench::external());
  const Json set = bench.call(
      "CreateTaskSet", {{"cluster", "default"}, {"service", kOld}, {"taskDefinition", "app"}})["taskSet"];
  CHECK(set["serviceArn"] == kOld);
  CHECK_THAT(set["taskSetArn"].get<std::string>(),
             Catch::StartsWith(kArns + "task-set/default/web/ecs-svc/"));
}

TEST_CASE("a service of the old format is meant by its name and by both of its ARNs") {
  Old bench;
  bench.create();
  for (const std::string& reference : {std::string("web"), kOld, kLong}) {
    CAPTURE(reference);
    CHECK(bench.call("DescribeServices", {{"services", {reference}}})["services"].size() == 1);
    CHECK(bench.call("UpdateService",
                     {{"service", reference}, {"desiredCount", 3}})["service"]["serviceArn"] == kOld);
    CHECK(bench.call("ListTasks", {{"serviceName", reference}})["taskArns"].empty());
  }
  CHECK(bench.call("DeleteService", {{"service", kOld}, {"force", true}})["service"]["serviceArn"] == kOld);
}

TEST_CASE("the format of a service is fixed when it is made") {
  Old bench;
  bench.create();
  bench.setting("enabled");
  CHECK(bench.described()["serviceArn"] == kOld);
  // The same call once more makes nothing new.
  CHECK(bench.create()["serviceArn"] == kOld);
  CHECK(bench.create(ServiceBench::wanted({{"serviceName", "b"}}))["serviceArn"] ==
        kArns + "service/default/b");
  bench.call("DeleteService", {{"service", "web"}, {"force", true}});
  CHECK(bench.create()["serviceArn"] == kLong);
}

TEST_CASE("a service of the old format has no tags") {
  Old bench;
  CHECK(bench.refusal("CreateService", ServiceBench::wanted({{"tags", kTags}})) ==
        kInvalid +
            "The new ARN and resource ID format must be enabled to add tags to the service. Set the account "
            "setting serviceLongArnFormat to enabled and try again.");
  bench.create();
  for (const std::string& arn : {kOld, kLong}) {
    CHECK_THAT(
        bench.refusal("TagResource", {{"resourceArn", arn}, {"tags", kTags}}),
        Catch::StartsWith(kInvalid + "Services are tagged by their long ARN") && Catch::EndsWith(arn + "."));
  }
  CHECK(bench.described()["tags"].empty());
}
