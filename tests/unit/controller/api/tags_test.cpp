#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

Json tags(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Json out = Json::array();
  for (const auto& [key, value] : pairs) out.push_back({{"key", key}, {"value", value}});
  return out;
}

Json listed(Bench& bench, const std::string& arn) {
  return bench.call("ListTagsForResource", {{"resourceArn", arn}})["tags"];
}

}  // namespace

TEST_CASE("clusters, definitions, instances and tasks are tagged, changed and untagged") {
  Bench bench;
  const std::string host = bench.ready();
  const std::string cluster = bench.call("DescribeClusters")["clusters"][0]["clusterArn"];
  const std::string definition = bench.call(
      "DescribeTaskDefinition", {{"taskDefinition", "app"}})["taskDefinition"]["taskDefinitionArn"];
  const std::string task = bench.runOne();
  for (const std::string& arn : {cluster, definition, host, task}) {
    INFO(arn);
    CHECK(listed(bench, arn) == Json::array());
    bench.call("TagResource", {{"resourceArn", arn}, {"tags", tags({{"b", "1"}, {"a", "2"}})}});
    bench.call("TagResource", {{"resourceArn", arn}, {"tags", tags({{"c", "3"}, {"b", "4"}})}});
    CHECK(listed(bench, arn) == tags({{"b", "4"}, {"a", "2"}, {"c", "3"}}));
    bench.call("UntagResource", {{"resourceArn", arn}, {"tagKeys", {"a", "none"}}});
    CHECK(listed(bench, arn) == tags({{"b", "4"}, {"c", "3"}}));
  }
  CHECK(bench.task(task)["version"] == 4);
  CHECK(bench.call("DescribeTasks", {{"tasks", {task}}, {"include", {"TAGS"}}})["tasks"][0]["tags"] ==
        tags({{"b", "4"}, {"c", "3"}}));
}

TEST_CASE("the tag that is a name in DNS is one that DNS can have") {
  Bench bench;
  bench.ready();
  const std::string task =
      bench.runOne({{"taskDefinition", "app"}, {"tags", tags({{"berth:dns", "web-1"}})}});
  for (const std::string& wrong : {std::string("a.b"), std::string(), std::string(64, 'x')}) {
    const Json named = tags({{"berth:dns", wrong.c_str()}});
    const std::string said =
        "InvalidParameterException: The tag berth:dns is a name in DNS: it must have 1 to 63 "
        "letters, digits, '-' and '_', and '" +
        wrong + "' has not.";
    CHECK(bench.refusal("TagResource", {{"resourceArn", task}, {"tags", named}}) == said);
    CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"tags", named}}) == said);
  }
}

TEST_CASE("a resource that is not there has no tags, and says so as its kind does") {
  Bench bench;
  bench.ready();
  const std::string start = "arn:aws:ecs:us-east-1:000000000000:";
  const std::string id(32, 'a');
  const auto refusal = [&](const std::string& arn) {
    return bench.refusal("ListTagsForResource", {{"resourceArn", arn}});
  };
  CHECK(refusal(start + "cluster/none") == "ClusterNotFoundException: Cluster not found.");
  CHECK(refusal(start + "task-definition/app:7") == "ClientException: Unable to describe task definition.");
  CHECK(refusal(start + "service/default/web") == "ServiceNotFoundException: Service not found.");
  for (const std::string& rest :
       {"task/default/" + id, "container-instance/default/" + id, std::string("capacity-provider/c"),
        std::string("task-set/default/web/1")}) {
    CHECK(refusal(start + rest) ==
          "ResourceNotFoundException: The specified resource was not found: " + start + rest);
  }
  for (const std::string& wrong : {std::string("default"), std::string("arn:aws:s3:::bucket"),
                                   start + "ship/x", start + "task-definition/app", start + "task/no id"}) {
    CHECK(refusal(wrong) == "InvalidParameterException: The ARN provided is invalid.");
  }
}

TEST_CASE("tags have rules, wherever they are given") {
  Bench bench;
  bench.ready();
  const std::string cluster = bench.call("DescribeClusters")["clusters"][0]["clusterArn"];
  const std::string reserved =
      "InvalidParameterException: The tag key 'AWS:x' is reserved: keys that begin with aws: can't be set.";
  const Json theirs = tags({{"AWS:x", "1"}});
  CHECK(bench.refusal("TagResource", {{"resourceArn", cluster}, {"tags", theirs}}) == reserved);
  CHECK(bench.refusal("CreateCluster", {{"clusterName", "new"}, {"tags", theirs}}) == reserved);
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"tags", theirs}}) == reserved);
  CHECK(bench.refusal("RegisterTaskDefinition", {{"family", "f"},
                                                 {"containerDefinitions", Json::array({sample::container()})},
                                                 {"tags", theirs}}) == reserved);
  CHECK(bench.refusal("TagResource", {{"resourceArn", cluster}, {"tags", Json::array({{{"value", "1"}}})}}) ==
        "InvalidParameterException: A tag needs a key.");

  Json many = Json::array();
  for (int i = 0; i < 50; ++i) many.push_back({{"key", "k" + std::to_string(i)}, {"value", ""}});
  bench.call("TagResource", {{"resourceArn", cluster}, {"tags", many}});
  CHECK(bench.refusal("TagResource", {{"resourceArn", cluster}, {"tags", tags({{"one", "more"}})}}) ==
        "LimitExceededException: The quota of 50 tags per resource is reached: it would have 51; remove some "
        "with "
        "UntagResource.");
  bench.call("TagResource", {{"resourceArn", cluster}, {"tags", tags({{"k7", "changed"}})}});
  CHECK(listed(bench, cluster)[7]["value"] == "changed");
}

TEST_CASE("of a key that is given twice the last value counts") {
  Bench bench;
  bench.ready();
  const std::string task =
      bench.runOne({{"taskDefinition", "app"}, {"tags", tags({{"a", "1"}, {"b", "2"}, {"a", "3"}})}});
  CHECK(listed(bench, task) == tags({{"a", "3"}, {"b", "2"}}));
}

TEST_CASE("managed tags tell a task's cluster, beside the tags that it is given") {
  Bench bench;
  bench.ready();
  const Json run{{"taskDefinition", "app"},
                 {"enableECSManagedTags", true},
                 {"tags", Json::array({{{"key", "team"}, {"value", "blue"}}})}};
  CHECK(bench.call("RunTask", run)["tasks"][0]["tags"] ==
        Json::array(
            {{{"key", "team"}, {"value", "blue"}}, {{"key", "aws:ecs:clusterName"}, {"value", "default"}}}));
}
