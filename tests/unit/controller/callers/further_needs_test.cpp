#include "controller/callers/further_needs.hpp"

#include <catch2/catch.hpp>

#include "controller/callers/authorize.hpp"
#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller {
namespace {

using sample::Bench;

const std::string kOfEcs = "arn:aws:ecs:us-east-1:000000000000:";
const std::string kRole = "arn:aws:iam::000000000000:role/";

struct Further {
  Bench bench;

  /// "action resource key=value" of each, without what the ARNs of the account begin with.
  std::vector<std::string> of(std::string_view operation, const Json& input) const {
    const auto own = needsOf(operation, input, bench.names, bench.core.state());
    std::vector<std::string> out;
    for (const FurtherNeed& one : furtherNeedsOf(operation, input, own, bench.names, bench.core.state())) {
      std::string resource = one.need.resource;
      for (const std::string& known : {kOfEcs, kRole}) {
        if (resource.starts_with(known)) resource = resource.substr(known.size());
      }
      out.push_back(one.action + " " + resource + " " + one.conditionKey + "=" + one.conditionValue);
    }
    return out;
  }
  std::vector<std::string> tagged(std::string_view operation, Json input = Json::object()) const {
    input["tags"] = Json::array({{{"key", "team"}, {"value", "web"}}});
    return of(operation, input);
  }
};

using Texts = std::vector<std::string>;

Texts tagging(const std::string& resource, const std::string& operation) {
  return {"ecs:TagResource " + resource + " ecs:createaction=" + operation};
}

Texts passing(const Texts& roles, const std::string& service = "ecs-tasks.amazonaws.com") {
  Texts out;
  for (const std::string& role : roles)
    out.push_back("iam:PassRole " + role + " iam:passedtoservice=" + service);
  return out;
}

TEST_CASE("tags at a creation take the right to tag what is made") {
  Further further;
  CHECK(further.tagged("CreateCluster", {{"clusterName", "prod"}}) ==
        tagging("cluster/prod", "CreateCluster"));
  CHECK(further.tagged("CreateCapacityProvider", {{"name", "spot"}}) ==
        tagging("capacity-provider/spot", "CreateCapacityProvider"));
  CHECK(further.tagged("CreateService", {{"cluster", "prod"}, {"serviceName", "web"}}) ==
        tagging("service/prod/web", "CreateService"));
  CHECK(further.tagged("CreateTaskSet", {{"cluster", "prod"}, {"service", "web"}}) ==
        tagging("task-set/prod/web/*", "CreateTaskSet"));
  CHECK(further.tagged("RegisterTaskDefinition", {{"family", "web"}}) ==
        tagging("task-definition/web:*", "RegisterTaskDefinition"));
  CHECK(further.tagged("RegisterContainerInstance", {{"cluster", kOfEcs + "cluster/prod"}}) ==
        tagging("container-instance/prod/*", "RegisterContainerInstance"));
  for (const char* operation : {"RunTask", "StartTask"})
    CHECK(further.tagged(operation, {{"taskDefinition", "web"}}) == tagging("task/default/*", operation));
}

TEST_CASE("a call without tags, or that makes nothing, takes no right to tag") {
  Further further;
  CHECK(further.of("CreateCluster", {{"clusterName", "prod"}}).empty());
  CHECK(further.of("CreateCluster", {{"tags", Json::array()}}).empty());
  CHECK(further.of("RunTask", {{"tags", "no list"}}).empty());
  CHECK(further.tagged("TagResource", {{"resourceArn", kOfEcs + "cluster/prod"}}).empty());
  CHECK(further.of("Nonsense", Json::array()).empty());
}

TEST_CASE("the roles of a definition are passed by who registers and who runs it") {
  Further further;
  const Json roles{{"taskRoleArn", kRole + "app"}, {"executionRoleArn", "pull"}};
  Json definition = roles;
  definition["family"] = "web";
  CHECK(further.of("RegisterTaskDefinition", definition) == passing({"app", "pull"}));
  further.bench.cluster();
  further.bench.define("web", Json::array({sample::container()}), roles);
  further.bench.define("plain");
  CHECK(further.of("RunTask", {{"taskDefinition", "web"}}) == passing({"app", "pull"}));
  CHECK(further.of("StartTask", {{"taskDefinition", "web:1"}}) == passing({"app", "pull"}));
  CHECK(further.of("RunTask", {{"taskDefinition", "plain"}}).empty());
  CHECK(further.of("RunTask", {{"taskDefinition", "none:3"}}).empty());
  // In place of the definition's.
  CHECK(further.of("RunTask", {{"taskDefinition", "web"}, {"overrides", {{"taskRoleArn", "other"}}}}) ==
        passing({"other", "pull"}));
  CHECK(further.of("RunTask", {{"taskDefinition", "plain"}, {"overrides", "no object"}}).empty());
  CHECK(further.of("CreateService", {{"serviceName", "web"}, {"role", "balancer"}}) ==
        passing({"balancer"}, "ecs.amazonaws.com"));
}

TEST_CASE("a denial of a further right names its action and what it is about") {
  Further further;
  KnownCaller caller{"arn:aws:iam::000000000000:user/ann", Rights::Policies, {}};
  const auto allow = [&](const std::string& statement) {
    const auto one = aws::parsePolicy(R"({"Statement": [)" + statement + "]}", "p", callerPolicyRules());
    REQUIRE(one.ok());
    caller.policies.push_back(*one);
  };
  const auto ask = [&](const std::string& operation, const Json& input) {
    const auto needs = needsOf(operation, input, further.bench.names, further.bench.core.state());
    const auto error = authorize(caller, {operation, input, "10.0.0.1", false}, needs, further.bench.names,
                                 further.bench.core.state());
    return error ? error->type + ": " + error->message : "ok";
  };
  const Json tags = Json::array({{{"key", "team"}, {"value", "web"}}});
  const Json run{{"taskDefinition", "web"}, {"tags", tags}, {"overrides", {{"taskRoleArn", "app"}}}};
  allow(R"({"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"})");
  CHECK_THAT(ask("RunTask", run),
             Catch::Contains("not authorized to perform: ecs:TagResource on resource: " + kOfEcs +
                             "task/default/* because no identity-based policy"));
  allow(R"({"Effect": "Allow", "Action": "ecs:TagResource", "Resource": "*",
            "Condition": {"StringEquals": {"ecs:CreateAction": ["RunTask", "CreateCluster"]}}})");
  CHECK_THAT(
      ask("RunTask", run),
      Catch::Contains("not authorized to perform: iam:PassRole on resource: " + kRole + "app because"));
  allow(R"({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ")" + kRole + R"(app",
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}})");
  CHECK(ask("RunTask", run) == "ok");
  // What is there already is not made.
  CHECK_THAT(ask("TagResource", {{"resourceArn", kOfEcs + "cluster/prod"}, {"tags", tags}}),
             Catch::Contains("ecs:TagResource on resource: " + kOfEcs + "cluster/prod because"));
  const std::string endless(5000, 'x');
  CHECK_THAT(ask("RunTask", {{"taskDefinition", "web"}, {"overrides", {{"taskRoleArn", endless}}}}),
             Catch::StartsWith("InvalidParameterException"));
}

}  // namespace
}  // namespace berth::controller
