// What every operation makes of the cluster it is told, and of members that are missing or wrong.
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

struct Call {
  const char* operation;
  Json input;  ///< whole, but for the cluster
};

/// The operations that work in a cluster.
std::vector<Call> clusterCalls() {
  std::string id(32, 'a');
  return {{"DeleteCluster", Json::object()},
          {"DeregisterContainerInstance", {{"containerInstance", id}}},
          {"DescribeContainerInstances", {{"containerInstances", {id}}}},
          {"DescribeTasks", {{"tasks", {id}}}},
          {"ListContainerInstances", Json::object()},
          {"ListTasks", Json::object()},
          {"RegisterContainerInstance", Json::object()},
          {"RunTask", {{"taskDefinition", "app"}}},
          {"StartTask", {{"taskDefinition", "app"}, {"containerInstances", {id}}}},
          {"StopTask", {{"task", id}}},
          {"SubmitAttachmentStateChanges", {{"attachments", Json::array()}}},
          {"SubmitContainerStateChange", {{"task", id}}},
          {"SubmitTaskStateChange", {{"task", id}, {"status", "STOPPED"}}},
          {"UpdateContainerInstancesState", {{"containerInstances", {id}}, {"status", "DRAINING"}}}};
}

std::string nullAt(const std::string& member) {
  return "1 validation error detected: Value null at '" + member +
         "' failed to satisfy constraint: Member must not be null";
}

}  // namespace

TEST_CASE("an operation in a cluster that it can't have is refused, whatever the operation") {
  Bench bench;
  bench.cluster("gone");
  bench.call("DeleteCluster", {{"cluster", "gone"}});
  bench.define("app");
  const std::pair<const char*, const char*> kCases[] = {
      {"none", "ClusterNotFoundException: Cluster not found."},
      {"arn:aws:ecs:us-east-1:000000000000:cluster/none", "ClusterNotFoundException: Cluster not found."},
      {"gone", "ClusterNotFoundException: The referenced cluster was inactive."},
      {"a b",
       "InvalidParameterException: Invalid identifier 'a b': a cluster has up to 255 letters, digits, '_' "
       "and "
       "'-'"},
      {"arn:aws:ecs:eu-west-1:000000000000:cluster/gone",
       "InvalidParameterException: Invalid identifier 'arn:aws:ecs:eu-west-1:000000000000:cluster/gone': it "
       "is "
       "of another region or account than us-east-1, 000000000000"},
      {"arn:aws:ecs:us-east-1:000000000000:service/gone",
       "InvalidParameterException: Invalid identifier 'arn:aws:ecs:us-east-1:000000000000:service/gone': it "
       "is "
       "no cluster"}};
  for (Call& call : clusterCalls()) {
    for (const auto& [cluster, refusal] : kCases) {
      CAPTURE(call.operation, cluster);
      call.input["cluster"] = cluster;
      CHECK(bench.refusal(call.operation, call.input) == refusal);
    }
  }
}

TEST_CASE("an operation that is told no cluster works in the default one") {
  Bench bench;
  bench.define("app");
  for (const Call& call : clusterCalls()) {
    if (std::string(call.operation) == "DeleteCluster") continue;
    CAPTURE(call.operation);
    CHECK(bench.refusal(call.operation, call.input) == "ClusterNotFoundException: Cluster not found.");
  }
}

TEST_CASE("a required member that is missing is named, in the operation's own exception") {
  Bench bench;
  bench.cluster();
  CHECK(bench.refusal("DeleteCluster") == "InvalidParameterException: " + nullAt("cluster"));
  CHECK(bench.refusal("RegisterTaskDefinition", {{"containerDefinitions", {sample::container()}}}) ==
        "ClientException: " + nullAt("family"));
  CHECK(bench.refusal("DescribeTaskDefinition") == "InvalidParameterException: " + nullAt("taskDefinition"));
  CHECK(bench.refusal("DeregisterTaskDefinition") ==
        "InvalidParameterException: " + nullAt("taskDefinition"));
  CHECK(bench.refusal("RunTask") == "InvalidParameterException: " + nullAt("taskDefinition"));
  CHECK(bench.refusal("StartTask", {{"taskDefinition", "app"}}) ==
        "ClientException: Container Instances cannot be empty.");
  CHECK(bench.refusal("StopTask") == "InvalidParameterException: " + nullAt("task"));
  CHECK(bench.refusal("DescribeTasks") == "InvalidParameterException: Tasks cannot be empty.");
  CHECK(bench.refusal("DescribeContainerInstances") ==
        "ClientException: Container Instances cannot be empty.");
  CHECK(bench.refusal("DeregisterContainerInstance") ==
        "InvalidParameterException: " + nullAt("containerInstance"));
  CHECK(bench.refusal("SubmitAttachmentStateChanges") ==
        "InvalidParameterException: " + nullAt("attachments"));
}

TEST_CASE("a null stands for a member that was left out, and unknown members for nothing") {
  Bench bench;
  bench.call("CreateCluster", {{"clusterName", nullptr}, {"futureMember", {{"a", 1}}}});
  CHECK(bench.call("ListClusters")["clusterArns"].size() == 1);
  CHECK(bench.refusal("StopTask", {{"task", nullptr}}) == "InvalidParameterException: " + nullAt("task"));
}

TEST_CASE("a value of the wrong type, or that is none of an enum's, is refused") {
  Bench bench;
  bench.ready();
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"count", "3"}}) ==
        "SerializationException: STRING_VALUE cannot be converted to Integer (at 'count')");
  CHECK(bench.refusal("DescribeTasks", {{"tasks", "all"}}) ==
        "SerializationException: STRING_VALUE cannot be converted to List (at 'tasks')");
  CHECK(bench.refusal("RunTask", {{"taskDefinition", "app"}, {"launchType", "MOON"}}) ==
        "InvalidParameterException: launch type should be one of [EC2,FARGATE,EXTERNAL]");
  CHECK(bench.refusal("ListTasks", {{"desiredStatus", "DONE"}}) ==
        "InvalidParameterException: 1 validation error detected: Value 'DONE' at 'desiredStatus' failed to "
        "satisfy constraint: Member must satisfy enum value set: [RUNNING, PENDING, STOPPED]");
}

TEST_CASE("a list of names has its greatest length") {
  Bench bench;
  bench.ready();
  auto many = [](int count) {
    Json out = Json::array();
    for (int i = 0; i < count; ++i) out.push_back("n" + std::to_string(i));
    return out;
  };
  CHECK(bench.call("DescribeClusters", {{"clusters", many(100)}})["failures"].size() == 100);
  CHECK(bench.refusal("DescribeClusters", {{"clusters", many(101)}}) ==
        "InvalidParameterException: Clusters can have at most 100 items.");
  CHECK(bench.call("DescribeTasks", {{"tasks", many(100)}})["failures"].size() == 100);
  CHECK(bench.refusal("DescribeTasks", {{"tasks", many(101)}}) ==
        "InvalidParameterException: Tasks can have at most 100 items.");
  CHECK(bench.call("DescribeContainerInstances", {{"containerInstances", many(100)}})["failures"].size() ==
        100);
  CHECK(bench.refusal("DescribeContainerInstances", {{"containerInstances", many(101)}}) ==
        "InvalidParameterException: Container Instances can have at most 100 items.");
  Json start{{"taskDefinition", "app"}, {"containerInstances", many(10)}};
  CHECK(bench.call("StartTask", start)["failures"].size() == 10);
  start["containerInstances"] = many(11);
  CHECK(bench.refusal("StartTask", start) ==
        "InvalidParameterException: Container Instances can have at most 10 items.");
}

TEST_CASE("a description's failure gives the reference back as an ARN where it can be one") {
  Bench bench;
  bench.ready();
  Json tasks = bench.call("DescribeTasks", {{"tasks", {"x", "no id"}}})["failures"];
  CHECK(tasks[0] ==
        Json{{"arn", "arn:aws:ecs:us-east-1:000000000000:task/default/x"}, {"reason", "MISSING"}});
  CHECK(tasks[1] == Json{{"arn", "no id"}, {"reason", "MISSING"}});
  Json hosts = bench.call("DescribeContainerInstances", {{"containerInstances", {"x", "no id"}}})["failures"];
  CHECK(hosts[0]["arn"] == "arn:aws:ecs:us-east-1:000000000000:container-instance/default/x");
  CHECK(hosts[1]["arn"] == "no id");
  Json clusters = bench.call("DescribeClusters", {{"clusters", {"default", "no name"}}});
  CHECK(clusters["clusters"].size() == 1);
  CHECK(clusters["failures"][0] == Json{{"arn", "no name"}, {"reason", "MISSING"}});
}

TEST_CASE("an ARN of another region, account, cluster or kind is refused, whatever the operation") {
  Bench bench;
  bench.ready();
  const Json attribute{{"name", "rack"}};
  struct Case {
    const char* operation;
    const char* member;
    const char* kind;
    Json more;
  };
  const Case kCases[] = {
      {"DescribeTasks", "tasks", "task", Json::object()},
      {"StopTask", "task", "task", Json::object()},
      {"ListTasks", "containerInstance", "container-instance", Json::object()},
      {"DescribeContainerInstances", "containerInstances", "container-instance", Json::object()},
      {"DeregisterContainerInstance", "containerInstance", "container-instance", Json::object()},
      {"UpdateContainerInstancesState", "containerInstances", "container-instance", {{"status", "DRAINING"}}},
      {"StartTask", "containerInstances", "container-instance", {{"taskDefinition", "app"}}},
      {"PutAttributes", "attributes", "container-instance", Json::object()},
      {"DeleteAttributes", "attributes", "container-instance", Json::object()}};
  for (const Case& one : kCases) {
    CAPTURE(one.operation);
    const std::string member = one.member;
    const auto refusal = [&](const std::string& arn) {
      Json input = one.more;
      if (member == "attributes") {
        input[member] = Json::array({{{"name", "rack"}, {"targetId", arn}}});
      } else {
        input[member] = member.ends_with('s') ? Json::array({arn}) : Json(arn);
      }
      return bench.refusal(one.operation, input);
    };
    const std::string kind = one.kind;
    const std::string here = "arn:aws:ecs:us-east-1:000000000000:";
    const std::string elsewhere = "it is of another region or account than us-east-1, 000000000000";
    CHECK_THAT(refusal("arn:aws:ecs:eu-west-1:000000000000:" + kind + "/default/x"),
               Catch::StartsWith("InvalidParameterException: ") && Catch::EndsWith(elsewhere));
    CHECK_THAT(refusal("arn:aws:ecs:us-east-1:111111111111:" + kind + "/x"), Catch::EndsWith(elsewhere));
    CHECK(refusal(here + kind + "/other/x") ==
          "InvalidParameterException: Invalid identifier: Identifier is for cluster other. Your cluster is "
          "default");
    CHECK_THAT(refusal(here + "service/default/x"), Catch::EndsWith("it is no " + kind));
  }
}
