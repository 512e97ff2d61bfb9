#include "agent/secrets/fetch_plan.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::agent;

namespace {

const std::string kArn = "arn:aws:secretsmanager:us-west-2:1:secret:db-AbCdEf";

SecretRequest parameterRequest(std::string valueFrom, std::string region = {}) {
  return SecretRequest{"NAME", std::move(valueFrom), "ssm", std::move(region)};
}
SecretRequest managedRequest(std::string valueFrom, std::string region = {}) {
  return SecretRequest{"NAME", std::move(valueFrom), "asm", std::move(region)};
}

}  // namespace

TEST_CASE("parameters go ten a call, by region, and none twice") {
  std::vector<SecretRequest> requests;
  for (int i = 0; i < 12; ++i) requests.push_back(parameterRequest("p" + std::to_string(i)));
  requests.push_back(parameterRequest("p3"));
  requests.push_back(parameterRequest("p11"));
  requests.push_back(parameterRequest("p0", "eu-west-1"));
  requests.push_back(parameterRequest("arn:aws:ssm:eu-west-1:1:parameter/x"));
  const Result<FetchPlan> plan = planFetch(requests, "us-east-1");
  REQUIRE(plan.ok());
  REQUIRE(plan->batches.size() == 3);
  CHECK(plan->batches[0].region == "us-east-1");
  CHECK(plan->batches[0].names.size() == 10);
  CHECK(plan->batches[1] == ParameterBatch{"us-east-1", {"p10", "p11"}});
  CHECK(plan->batches[2] == ParameterBatch{"eu-west-1", {"p0", "arn:aws:ssm:eu-west-1:1:parameter/x"}});
  REQUIRE(plan->picks.size() == requests.size());
  CHECK(plan->picks[12].call == 0);
  CHECK(plan->picks[13].call == 1);
  CHECK(plan->picks[14].call == 2);
  CHECK(plan->picks[14].name == "p0");
}

TEST_CASE("a secret is fetched once for all its members, and once for each version") {
  const Result<FetchPlan> plan = planFetch(
      {managedRequest(kArn + ":user::"), managedRequest(kArn + ":password::"), managedRequest(kArn),
       managedRequest(kArn + "::AWSPREVIOUS:"), managedRequest("named"), managedRequest(kArn, "eu-west-1")},
      "us-east-1");
  REQUIRE(plan.ok());
  REQUIRE(plan->secrets.size() == 4);
  CHECK(plan->secrets[0].region == "us-west-2");
  CHECK(plan->secrets[0].ref.secretId == kArn);
  CHECK(plan->secrets[0].valueFrom == kArn + ":user::");
  CHECK(plan->secrets[1].ref.versionStage == "AWSPREVIOUS");
  CHECK(plan->secrets[2].region == "us-east-1");
  CHECK(plan->secrets[3].region == "eu-west-1");
  CHECK(plan->picks[1].call == 0);
  CHECK(plan->picks[1].jsonKey == "password");
  CHECK(plan->picks[2].jsonKey.empty());
}

TEST_CASE("a request that makes no sense fails with the words of a task's reason") {
  const auto failure = [](SecretRequest request) {
    const Result<FetchPlan> plan = planFetch({std::move(request)}, "us-east-1");
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().code == Code::InvalidArgument);
    CHECK_FALSE(plan.error().retryable);
    return plan.error().message;
  };
  CHECK_THAT(
      failure({"N", "x", "vault", ""}),
      Catch::Equals("Trying to retrieve secret with value x resulted in error: \"vault\" is not a provider "
                    "of secrets: use ssm or asm"));
  CHECK_THAT(failure(parameterRequest("x", "evil.example/")), Catch::Contains("is not a region"));
  CHECK_THAT(failure(managedRequest(kArn + ":k")), Catch::Contains("is not the ARN of a secret"));
}

TEST_CASE("reasons have the words that users of ECS know, and a bounded length") {
  const Error error = makeError(Code::Unavailable, "busy");
  CHECK(parametersFailed("us-east-1", error).message ==
        "Fetching secret data from SSM Parameter Store in us-east-1: busy");
  CHECK(parametersFailed("us-east-1", error).retryable);
  CHECK(secretFailed("v", error).message == "Trying to retrieve secret with value v resulted in error: busy");
  CHECK(environmentFileFailed({"b", "k", "aws"}, error).message ==
        "Unable to download env file with key k from bucket b, error: busy");
  CHECK(noExecutionRole().message == "Unable to find execution role credentials");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xC3\xA4";
  const Error shortened = secretFailed("v", makeError(Code::Internal, "x" + text));
  CHECK(shortened.message.size() < 800);
  CHECK(isPlainText(shortened.message));
  const Error longName = secretFailed(text, error);
  CHECK(longName.message.size() < 500);
  CHECK(isPlainText(longName.message));
}
