#include "controller/callers/authorize.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

const std::string kAnn = "arn:aws:iam::000000000000:user/ann";

struct AskedByUser {
  Bench bench;
  KnownCaller caller{kAnn, Rights::Policies, {}};
  std::string address = "10.0.0.1";
  bool tls = false;

  void allow(const std::string& statement) {
    const auto one = aws::parsePolicy(R"({"Statement": [)" + statement + "]}", "p", callerPolicyRules());
    INFO((one ? "" : one.error().message));
    REQUIRE(one.ok());
    caller.policies.push_back(*one);
  }
  /// "ok" or the message of an AccessDeniedException.
  std::string ask(const std::string& operation, const Json& input = Json::object()) const {
    const CallFacts call{operation, input, address, tls};
    const auto needs = needsOf(operation, input, bench.names, bench.core.state());
    const auto error = authorize(caller, call, needs, bench.names, bench.core.state());
    if (!error) return "ok";
    CHECK(error->type == "AccessDeniedException");
    return error->message;
  }
};

TEST_CASE("the admin may do everything, a caller without a policy nothing") {
  AskedByUser asked;
  CHECK(asked.ask("ListClusters") ==
        "User: " + kAnn +
            " is not authorized to perform: ecs:ListClusters on resource: * because "
            "no identity-based policy allows the ecs:ListClusters action");
  asked.caller.rights = Rights::All;
  CHECK(asked.ask("ListClusters") == "ok");
  CHECK(rootOf({"aws", "us-east-1", "000000000000"}) == "arn:aws:iam::000000000000:root");
  CHECK(userArn("aws", "000000000000", "ann") == kAnn);
}

TEST_CASE("RunTask is allowed by definition and cluster, and a denial names what was lacking") {
  AskedByUser asked;
  asked.allow(
      R"({"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "arn:aws:ecs:*:*:task-definition/web:*",
          "Condition": {"ArnEquals": {"ecs:cluster": "arn:aws:ecs:us-east-1:000000000000:cluster/prod"}}})");
  CHECK(asked.ask("RunTask", {{"taskDefinition", "web:1"}, {"cluster", "prod"}}) == "ok");
  CHECK_THAT(
      asked.ask("RunTask", {{"taskDefinition", "web:1"}}),
      Catch::Contains("on resource: arn:aws:ecs:us-east-1:000000000000:task-definition/web:1 because no"));
  CHECK_THAT(asked.ask("RunTask", {{"taskDefinition", "db:1"}, {"cluster", "prod"}}),
             Catch::Contains("task-definition/db:1 because no identity-based policy"));
}

TEST_CASE("an explicit deny is told as one") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
  asked.allow(R"({"Effect": "Deny", "Action": "ecs:Delete*", "Resource": "*"})");
  CHECK(asked.ask("ListClusters") == "ok");
  CHECK_THAT(asked.ask("DeleteCluster", {{"cluster", "prod"}}),
             Catch::EndsWith("cluster/prod with an explicit deny in an identity-based policy"));
}

TEST_CASE("every resource of a call must be allowed") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "arn:aws:ecs:*:*:task/prod/*"})");
  CHECK(asked.ask("DescribeTasks", {{"cluster", "prod"}, {"tasks", {"a", "b"}}}) == "ok");
  CHECK_THAT(asked.ask("DescribeTasks", {{"cluster", "prod"},
                                         {"tasks", {"a", "arn:aws:ecs:us-east-1:000000000000:task/live/b"}}}),
             Catch::Contains("task/live/b because"));
}

TEST_CASE("a denied cluster stays denied however its members are written") {
  AskedByUser asked;
  asked.bench.cluster("prod");
  const std::string arn = asked.bench.host("prod");
  const std::string id = arn.substr(arn.rfind('/') + 1);
  asked.allow(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
  asked.allow(
      R"({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:ecs:*:*:container-instance/prod/*"})");
  const std::string old_format = "arn:aws:ecs:us-east-1:000000000000:container-instance/" + id;
  for (const std::string& reference : {id, arn, old_format}) {
    CHECK_THAT(asked.ask("UpdateContainerInstancesState",
                         {{"cluster", "prod"}, {"containerInstances", {reference}}}),
               Catch::Contains("explicit deny"));
  }
  CHECK_THAT(asked.ask("TagResource", {{"resourceArn", old_format}}), Catch::Contains("explicit deny"));
}

TEST_CASE("what no operation takes is not judged") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
  const auto refused = [&](const Json& tasks) {
    const Json input{{"tasks", tasks}};
    const auto needs = needsOf("DescribeTasks", input, asked.bench.names, asked.bench.core.state());
    const auto error = authorize(asked.caller, {"DescribeTasks", input, "", false}, needs, asked.bench.names,
                                 asked.bench.core.state());
    return error ? error->type + ": " + error->message : "ok";
  };
  CHECK(refused(std::vector<std::string>(1000, "t")) == "ok");
  CHECK(refused(std::vector<std::string>(1001, "t")) ==
        "InvalidParameterException: A call can name at most 1000 resources: it names 1001.");
  CHECK(refused({std::string(3000, 'x')}) ==
        "InvalidParameterException: A resource's name can't have more than 2048 characters.");
}

TEST_CASE("conditions see the caller's address, the transport and who it is") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": "ecs:ListClusters", "Resource": "*", "Condition": {
      "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"},
      "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}}})");
  CHECK(asked.ask("ListClusters") != "ok");
  asked.tls = true;
  CHECK(asked.ask("ListClusters") == "ok");
  asked.address = "192.168.0.1";
  CHECK(asked.ask("ListClusters") != "ok");
  asked.address = "";
  CHECK(asked.ask("ListClusters") != "ok");
}

TEST_CASE("conditions see the tags of a resource, whatever the case of their keys") {
  AskedByUser asked;
  asked.bench.call("CreateCluster",
                   {{"clusterName", "prod"}, {"tags", {{{"key", "Team"}, {"value", "web"}}}}});
  asked.bench.cluster("test");
  asked.allow(R"({"Effect": "Allow", "Action": "ecs:DeleteCluster", "Resource": "*",
                  "Condition": {"StringEquals": {"aws:ResourceTag/team": "web"}}})");
  CHECK(asked.ask("DeleteCluster", {{"cluster", "prod"}}) == "ok");
  CHECK_THAT(asked.ask("DeleteCluster", {{"cluster", "test"}}), Catch::Contains("because no identity-based"));
  CHECK(asked.ask("DeleteCluster", {{"cluster", "gone"}}) != "ok");
}

TEST_CASE("tags are those of every kind of resource") {
  AskedByUser asked;
  const Json tags{{{"key", "team"}, {"value", "web"}}};
  const std::string host = asked.bench.ready();
  const std::string definition = asked.bench.names.taskDefinition("app", 1).str();
  const std::string task = asked.bench.run().front();
  const std::string service = asked.bench.call(
      "CreateService",
      {{"serviceName", "s"}, {"taskDefinition", "app"}, {"desiredCount", 0}})["service"]["serviceArn"];
  asked.allow(R"({"Effect": "Allow", "Action": "ecs:UntagResource", "Resource": "*",
                  "Condition": {"StringLike": {"aws:ResourceTag/team": "w*"}}})");
  for (const std::string& arn : {host, definition, task, service}) {
    INFO(arn);
    CHECK(asked.ask("UntagResource", {{"resourceArn", arn}}) != "ok");
    asked.bench.call("TagResource", {{"resourceArn", arn}, {"tags", tags}});
    CHECK(asked.ask("UntagResource", {{"resourceArn", arn}}) == "ok");
  }
  const std::string id = task.substr(task.rfind('/') + 1);
  CHECK(asked.ask("UntagResource",
                  {{"resourceArn", "arn:aws:ecs:us-east-1:000000000000:task/other/" + id}}) != "ok");
}

TEST_CASE("conditions see the tags that a call gives") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": ["ecs:CreateCluster", "ecs:TagResource"], "Resource": "*",
                  "Condition": {"StringEquals": {"aws:RequestTag/Team": ["web", "db"]}}})");
  const auto create = [&](const Json& tags) {
    return asked.ask("CreateCluster", {{"clusterName", "c"}, {"tags", tags}});
  };
  CHECK(create({{{"key", "team"}, {"value", "db"}}}) == "ok");
  CHECK(create({{{"key", "team"}, {"value", "ops"}}}) != "ok");
  CHECK(create("no list") != "ok");
  CHECK(asked.ask("CreateCluster", {{"clusterName", "c"}}) != "ok");
}

TEST_CASE("a command is allowed by its container") {
  AskedByUser asked;
  asked.allow(R"({"Effect": "Allow", "Action": "ecs:ExecuteCommand", "Resource": "*",
                  "Condition": {"StringEquals": {"ecs:container-name": "app"}}})");
  asked.bench.ready();
  const std::string task = asked.bench.run().front();
  CHECK(asked.ask("ExecuteCommand", {{"task", task}, {"container", "app"}}) == "ok");
  CHECK(asked.ask("ExecuteCommand", {{"task", task}, {"container", "side"}}) != "ok");
  CHECK(asked.ask("ExecuteCommand", {{"task", task}}) == "ok");
  CHECK(asked.ask("ExecuteCommand", {{"task", "unknown"}}) != "ok");
}

TEST_CASE("a source address is an IP address without the port") {
  CHECK(sourceAddress("127.0.0.1:41234") == "127.0.0.1");
  CHECK(sourceAddress("[::1]:41234") == "::1");
  CHECK(sourceAddress("[::ffff:10.0.0.1]:1") == "10.0.0.1");
  CHECK(sourceAddress("unix").empty());
}

TEST_CASE("an access key is one caller's") {
  CallerBook book;
  auto ann = std::make_shared<const KnownCaller>(KnownCaller{kAnn, Rights::Policies, {}});
  CHECK(book.add({"AKIA1", "secret", "", {}}, ann));
  CHECK(book.add({"AKIA2", "secret2", "", {}}, ann));
  CHECK_FALSE(book.add({"AKIA1", "other", "", {}}, ann));
  CHECK(book.size() == 2);
  CHECK(book.credentials("AKIA1")->secretAccessKey == "secret");
  CHECK(book.find("AKIA2")->caller->principal == kAnn);
  CHECK(book.find("AKIA3") == nullptr);
  CHECK_FALSE(book.credentials("AKIA3"));
}

}  // namespace
}  // namespace berth::controller
