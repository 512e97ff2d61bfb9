#include "common/aws/policy.hpp"

#include <catch2/catch.hpp>

namespace berth::aws {
namespace {

const PolicyRules kIdentity{PolicyKind::Identity, {"ecs:cluster", "aws:sourceip", "aws:securetransport"}};
const PolicyRules kOfResource{PolicyKind::Resource, {}};

Policy policy(std::string_view text, const PolicyRules& rules = kIdentity) {
  const auto parsed = parsePolicy(text, "p.json", rules);
  INFO((parsed ? "" : parsed.error().message));
  REQUIRE(parsed.ok());
  return *parsed;
}

std::string refusal(std::string_view text, const PolicyRules& rules = kIdentity) {
  const auto parsed = parsePolicy(text, "p.json", rules);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().code == Code::InvalidArgument);
  CHECK_THAT(parsed.error().message, Catch::StartsWith("p.json: "));
  return parsed.error().message.substr(8);
}

/// A policy of one statement that allows.
std::string allowing(const std::string& members) {
  return R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow", )" + members + "}}";
}

Decision decide(const Policy& one, PolicyRequest request) { return evaluate({&one, 1}, request); }

PolicyRequest runTask(std::map<std::string, std::string> context = {}) {
  return {"arn:aws:iam::000000000000:user/ann", "ecs:RunTask",
          "arn:aws:ecs:us-east-1:000000000000:task-definition/web:3", std::move(context)};
}

TEST_CASE("what no statement allows is denied, and an explicit deny comes before every allow") {
  const Policy all = policy(allowing(R"("Action": "*", "Resource": "*")"));
  const Policy none = policy(R"({"Statement": [{"Effect": "Deny", "Action": "ecs:Run*", "Resource": "*"}]})");
  const Policy other = policy(allowing(R"("Action": "ecs:StopTask", "Resource": "*")"));
  CHECK(evaluate({}, runTask()) == Decision::ImplicitDeny);
  CHECK(decide(other, runTask()) == Decision::ImplicitDeny);
  CHECK(decide(all, runTask()) == Decision::Allow);
  CHECK(evaluate(std::vector<Policy>{all, none}, runTask()) == Decision::ExplicitDeny);
  CHECK(evaluate(std::vector<Policy>{none, all}, runTask()) == Decision::ExplicitDeny);
}

TEST_CASE("actions are matched without regard to case, resources with it") {
  const char* kMine = R"("Action": ["ECS:run?ask"], "Resource": "arn:aws:ecs:*:*:task-definition/web:*")";
  CHECK(decide(policy(allowing(kMine)), runTask()) == Decision::Allow);
  PolicyRequest other = runTask();
  other.resource = "arn:aws:ecs:us-east-1:000000000000:task-definition/WEB:3";
  CHECK(decide(policy(allowing(kMine)), other) == Decision::ImplicitDeny);
}

TEST_CASE("NotAction and NotResource mean everything else") {
  const Policy not_stop = policy(allowing(R"("NotAction": ["ecs:Stop*"], "Resource": "*")"));
  CHECK(decide(not_stop, runTask()) == Decision::Allow);
  PolicyRequest stop = runTask();
  stop.action = "ecs:StopTask";
  CHECK(decide(not_stop, stop) == Decision::ImplicitDeny);
  const Policy not_web =
      policy(allowing(R"("Action": "*", "NotResource": "arn:aws:ecs:*:*:task-definition/web:*")"));
  CHECK(decide(not_web, runTask()) == Decision::ImplicitDeny);
  CHECK(decide(not_web, stop) == Decision::ImplicitDeny);
  stop.resource = "arn:aws:ecs:us-east-1:000000000000:task/default/1";
  CHECK(decide(not_web, stop) == Decision::Allow);
}

TEST_CASE("a wildcard in an ARN stays in its segment unless it ends it") {
  CHECK(wildcardMatch("arn:aws:ecs:*", "arn:aws:ecs:us-east-1:0:task/a", true));
  CHECK(wildcardMatch("arn:aws:ecs:*:task/a", "arn:aws:ecs:us-east-1:0:task/a", true));
  CHECK_FALSE(wildcardMatch("arn:*k/a", "arn:aws:ecs:us-east-1:0:task/a", true));
  CHECK(wildcardMatch("arn:*k/a", "arn:aws:ecs:us-east-1:0:task/a"));
  CHECK_FALSE(wildcardMatch("arn?aws", "arn:aws", true));
  CHECK(wildcardMatch("arn?aws", "arn:aws"));
  CHECK(wildcardMatch("a*b*c", "a--b--b--c"));
  CHECK_FALSE(wildcardMatch("a*b*c", "a--b--b--"));
  CHECK(wildcardMatch("ab", "ab"));
  CHECK_FALSE(wildcardMatch("ab", "abc"));
  CHECK_FALSE(wildcardMatch("abc", "ab"));
  CHECK(wildcardMatch("ab*", "ab"));
  CHECK(wildcardMatch("***", ""));
  CHECK(wildcardMatch("", ""));
  CHECK_FALSE(wildcardMatch("", "a"));
  CHECK_FALSE(wildcardMatch("?", ""));
}

TEST_CASE("conditions must all hold, one value of each is enough, and a missing key fails unless IfExists") {
  const std::string kProd = "arn:aws:ecs:us-east-1:000000000000:cluster/prod";
  const auto with = [](const std::string& condition) {
    return policy(allowing(R"("Action": "*", "Resource": "*", "Condition": )" + condition));
  };
  const Policy prod =
      with(R"({"ArnEquals": {"ecs:Cluster": ["arn:aws:ecs:*:*:cluster/x", ")" + kProd + R"("]}})");
  CHECK(decide(prod, runTask({{"ecs:cluster", kProd}})) == Decision::Allow);
  CHECK(decide(prod, runTask({{"ecs:cluster", kProd + "2"}})) == Decision::ImplicitDeny);
  CHECK(decide(prod, runTask()) == Decision::ImplicitDeny);
  const Policy maybe = with(R"({"ArnLikeIfExists": {"ecs:cluster": "arn:aws:ecs:*:*:cluster/p*"}})");
  CHECK(decide(maybe, runTask()) == Decision::Allow);
  CHECK(decide(maybe, runTask({{"ecs:cluster", "arn:aws:ecs:us-east-1:0:cluster/x"}})) ==
        Decision::ImplicitDeny);
  const Policy both = with(R"({"ArnEquals": {"ecs:cluster": ")" + kProd +
                           R"("}, "IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "fd00::/8"]}})");
  CHECK(decide(both, runTask({{"ecs:cluster", kProd}, {"aws:sourceip", "10.127.0.1"}})) == Decision::Allow);
  CHECK(decide(both, runTask({{"ecs:cluster", kProd}, {"aws:sourceip", "fd12::1"}})) == Decision::Allow);
  CHECK(decide(both, runTask({{"ecs:cluster", kProd}, {"aws:sourceip", "10.128.0.1"}})) ==
        Decision::ImplicitDeny);
  CHECK(decide(both, runTask({{"aws:sourceip", "10.127.0.1"}})) == Decision::ImplicitDeny);
}

TEST_CASE("negated operators hold where no value fits or the key is missing") {
  const Policy not_prod = policy(allowing(
      R"("Action": "*", "Resource": "*", "Condition": {"StringNotLike": {"ecs:cluster": ["*/prod", "*/live"]}})"));
  CHECK(decide(not_prod, runTask({{"ecs:cluster", "arn/test"}})) == Decision::Allow);
  CHECK(decide(not_prod, runTask({{"ecs:cluster", "arn/live"}})) == Decision::ImplicitDeny);
  CHECK(decide(not_prod, runTask()) == Decision::Allow);
}

TEST_CASE("Bool compares truth, Null asks whether the key is there") {
  const Policy tls = policy(
      allowing(R"("Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}})"));
  CHECK(decide(tls, runTask({{"aws:securetransport", "true"}})) == Decision::Allow);
  CHECK(decide(tls, runTask({{"aws:securetransport", "false"}})) == Decision::ImplicitDeny);
  const Policy no_cluster =
      policy(allowing(R"("Action": "*", "Resource": "*", "Condition": {"Null": {"ecs:cluster": "true"}})"));
  CHECK(decide(no_cluster, runTask()) == Decision::Allow);
  CHECK(decide(no_cluster, runTask({{"ecs:cluster", "x"}})) == Decision::ImplicitDeny);
}

TEST_CASE("a resource's policy says for whom it is: everyone, an account, one of it") {
  const auto is_for = [](const std::string& who) {
    const Policy one = policy(
        R"({"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Principal": )" + who + "}]}", kOfResource);
    return decide(one, {"arn:aws:iam::000000000000:user/ann",
                        "ecr:BatchGetImage",
                        "arn:aws:ecr:us-east-1:000000000000:repository/r",
                        {}}) == Decision::Allow;
  };
  CHECK(is_for(R"("*")"));
  CHECK(is_for(R"({"AWS": "*"})"));
  CHECK(is_for(R"({"AWS": ["111111111111", "000000000000"]})"));
  CHECK(is_for(R"({"AWS": "arn:aws:iam::000000000000:root"})"));
  CHECK(is_for(R"({"AWS": "arn:aws:iam::000000000000:user/ann"})"));
  CHECK_FALSE(is_for(R"({"AWS": "arn:aws:iam::000000000000:user/bob"})"));
  CHECK_FALSE(is_for(R"({"AWS": "arn:aws:iam::111111111111:root"})"));
}

TEST_CASE("whatever a document has that would not count is refused by name") {
  CHECK(refusal("{") == "it is no valid JSON");
  CHECK(refusal("[]") == "a policy is a JSON object with Version and Statement");
  CHECK(refusal("{}") == "it has no Statement");
  CHECK(refusal(R"({"Statement": []})") == "Statement is empty");
  CHECK(refusal(R"({"Statement": 1})") == "statement 1: must be a JSON object");
  CHECK_THAT(refusal(R"({"Version": "2013-01-01", "Statement": []})"), Catch::Contains("write 2012-10-17"));
  CHECK_THAT(refusal(R"({"Statements": []})"), Catch::Contains("'Statements' is not known here"));
  CHECK_THAT(refusal(R"({"Statement": {"Sid": "A", "Effect": "allow", "Action": "*", "Resource": "*"}})"),
             Catch::Equals("statement 1 (A): Effect must be Allow or Deny"));
  CHECK_THAT(
      refusal(R"({"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}})"),
      Catch::Equals("'Effect' is there twice; keep one"));
  CHECK_THAT(refusal(allowing(R"("Action": "*")")), Catch::Contains("give either Resource or NotResource"));
  CHECK_THAT(refusal(allowing(R"("Action": "*", "NotAction": "*", "Resource": "*")")),
             Catch::Contains("give either Action or NotAction"));
  CHECK_THAT(refusal(allowing(R"("Action": [], "Resource": "*")")), Catch::Contains("Action is empty"));
  CHECK_THAT(refusal(allowing(R"("Action": [1], "Resource": "*")")), Catch::Contains("Action must be text"));
  CHECK_THAT(refusal(allowing(R"("Action": "RunTask", "Resource": "*")")),
             Catch::Contains("'RunTask' must be like ecs:RunTask"));
  CHECK_THAT(refusal(allowing(R"("Action": "*", "Resource": "web")")), Catch::Contains("'web' is no ARN"));
  CHECK_THAT(refusal(allowing(R"("Action": "*", "Resource": "arn:aws:ecs:::cluster/${aws:username}")")),
             Catch::Contains("variables are not offered"));
  CHECK_THAT(refusal(allowing(R"("Action": "*", "Resource": "*", "Principal": "*")")),
             Catch::Contains("Principal has no place here"));
}

TEST_CASE("an unknown operator, condition key or form of value is refused by name") {
  const auto wrong = [](const std::string& condition) {
    return refusal(allowing(R"("Action": "*", "Resource": "*", "Condition": )" + condition));
  };
  CHECK_THAT(wrong(R"({"NumericEquals": {"ecs:cluster": "1"}})"),
             Catch::Contains("the condition operator 'NumericEquals' is not offered: use StringEquals"));
  CHECK_THAT(wrong(R"({"ForAnyValue:StringLike": {"ecs:cluster": "1"}})"), Catch::Contains("is not offered"));
  CHECK_THAT(wrong(R"({"NullIfExists": {"ecs:cluster": "true"}})"), Catch::Contains("is not offered"));
  CHECK_THAT(
      wrong(R"({"StringEquals": {"aws:ResourceTag/team": "a"}})"),
      Catch::Contains("the condition key 'aws:ResourceTag/team' is not offered: use aws:securetransport, "
                      "aws:sourceip, ecs:cluster"));
  CHECK_THAT(wrong(R"({"StringEquals": {"aws:RequestTag/": "a"}})"),
             Catch::Contains("the condition key 'aws:RequestTag/' is not offered"));
  CHECK_THAT(wrong(R"({"Bool": {"aws:SecureTransport": "yes"}})"), Catch::Contains("takes true or false"));
  CHECK_THAT(wrong(R"({"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}})"), Catch::Contains("takes addresses"));
  CHECK_THAT(wrong(R"({"ArnLike": {"ecs:cluster": "prod"}})"), Catch::Contains("takes ARNs"));
  CHECK_THAT(wrong(R"({"StringLike": {}})"), Catch::Contains("must name keys"));
  CHECK_THAT(wrong(R"({"StringLike": {"ecs:cluster": []}})"), Catch::Contains("has no value"));
  CHECK_THAT(wrong("[]"), Catch::Contains("Condition must be a JSON object"));
}

TEST_CASE("a resource's policy needs a principal of AWS") {
  const auto wrong = [](const std::string& members) {
    return refusal(R"({"Statement": [{"Effect": "Allow", "Action": "*")" + members + "}]}", kOfResource);
  };
  CHECK_THAT(wrong(""), Catch::Contains("it needs a Principal"));
  CHECK_THAT(wrong(R"(, "Principal": "ann")"), Catch::Contains("Principal must be"));
  CHECK_THAT(wrong(R"(, "Principal": {"Service": "x"})"), Catch::Contains("'Service' is not known here"));
  CHECK_THAT(wrong(R"(, "Principal": {"AWS": "ann"})"), Catch::Contains("'ann' must be an ARN"));
  CHECK_THAT(wrong(R"(, "NotPrincipal": {"AWS": "*"})"), Catch::Contains("NotPrincipal is not offered"));
}

}  // namespace
}  // namespace berth::aws
