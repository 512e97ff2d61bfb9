#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

Json deleted(Bench& bench, const std::vector<std::string>& references) {
  return bench.call("DeleteTaskDefinitions", {{"taskDefinitions", references}});
}

}  // namespace

TEST_CASE(
    "a definition that is INACTIVE is deleted once no task names it, and its number is not given again") {
  Bench bench;
  bench.ready();
  const std::string task = bench.runOne();
  bench.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  const Json reply = deleted(bench, {"app:1"});
  CHECK(reply["failures"].empty());
  CHECK(reply["taskDefinitions"][0]["status"] == "DELETE_IN_PROGRESS");
  CHECK(reply["taskDefinitions"][0].contains("deleteRequestedAt"));
  const Json again = deleted(bench, {"app:1"})["taskDefinitions"][0];
  CHECK(again["deleteRequestedAt"] == reply["taskDefinitions"][0]["deleteRequestedAt"]);
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app:1"}}) ==
        "ClientException: TaskDefinition is inactive");
  const auto listed = [&](const char* status) {
    return bench.call("ListTaskDefinitions", {{"status", status}})["taskDefinitionArns"].size();
  };
  CHECK(listed("DELETE_IN_PROGRESS") == 1);
  CHECK(listed("INACTIVE") == 0);

  bench.wait(120);
  CHECK(listed("DELETE_IN_PROGRESS") == 1);
  bench.call("StopTask", {{"task", task}});
  bench.report(task, "STOPPED");
  bench.wait(120);
  CHECK(listed("DELETE_IN_PROGRESS") == 1);
  bench.wait(3600);
  bench.wait(120);
  CHECK(listed("DELETE_IN_PROGRESS") == 0);
  CHECK_THAT(bench.refusal("DescribeTaskDefinition", {{"taskDefinition", "app:1"}}),
             Catch::StartsWith("ClientException: Unable to describe"));
  CHECK_THAT(bench.define("app"), Catch::EndsWith("/app:2"));
}

TEST_CASE("what can't be deleted is told by reference and reason") {
  Bench bench;
  bench.ready();
  const std::string arn = bench.define("app");
  const Json reply = deleted(bench, {"app", "no name:1", "app:9", arn});
  CHECK(reply["taskDefinitions"].empty());
  const std::string invalid =
      "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.";
  CHECK(reply["failures"] ==
        Json::array({{{"arn", "app"}, {"reason", invalid}},
                     {{"arn", "no name:1"}, {"reason", invalid}},
                     {{"arn", "app:9"},
                      {"reason",
                       "The specified task definition does not exist. Specify a valid account, family, "
                       "revision and try again."}},
                     {{"arn", arn},
                      {"reason",
                       "The specified task definition is still in ACTIVE status. Please deregister the "
                       "target and try again."}}}));
  CHECK(bench.refusal("DeleteTaskDefinitions", {{"taskDefinitions", Json::array()}}) ==
        "InvalidParameterException: size of TaskDefinition references list must be greater than 0");
  CHECK(
      bench.refusal("DeleteTaskDefinitions", {{"taskDefinitions", std::vector<std::string>(11, "app:1")}}) ==
      "InvalidParameterException: Size of TaskDefinition references list cannot exceed 10");
}
