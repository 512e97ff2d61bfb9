#include "agent/endpoints/protection.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

struct ProtectionSetup {
  ProtectionSetup() {
    directory.put(shared(sampleTask()));
    directory.putCredentials("cred-1", sampleCredentials());
  }
  std::variant<ProtectionCall, ProtectionNotYet, Response> ask(
      const std::string& method, const std::string& body = {},
      const std::string& endpoint = kWebEndpoint) const {
    Request request = get("/api/" + endpoint + "/task-protection/v1/state");
    request.method = method;
    request.body = body;
    return protectionCall(request, endpoint, directory);
  }
  Response refusal(const std::string& method, const std::string& body = {},
                   const std::string& endpoint = kWebEndpoint) const {
    const auto answer = ask(method, body, endpoint);
    REQUIRE(std::holds_alternative<Response>(answer));
    return std::get<Response>(answer);
  }
  Directory directory;
};

void checkError(const Response& response, int status, const std::string& code, const std::string& message,
                const std::string& arn) {
  CHECK(response.status == status);
  json expected = {{"Code", code}, {"Message", message}};
  if (!arn.empty()) expected["Arn"] = arn;
  CHECK(json::parse(response.body) == json({{"error", expected}}));
}

TEST_CASE("The path of task protection bears an endpoint id") {
  CHECK(protectionEndpointId("/api/abc/task-protection/v1/state") == "abc");
  CHECK_FALSE(protectionEndpointId("/api/abc/task-protection/v1/state/"));
  CHECK_FALSE(protectionEndpointId("/api/abc/task-protection/v2/state"));
}

TEST_CASE("A question becomes a call with the task role's credentials") {
  const ProtectionSetup setup;
  const auto answer = setup.ask("GET");
  REQUIRE(std::holds_alternative<ProtectionCall>(answer));
  const auto& call = std::get<ProtectionCall>(answer);
  CHECK(call.taskArn == kArn);
  CHECK(call.cluster == "default");
  CHECK(call.credentials->accessKeyId == "AKIAEXAMPLE");
  CHECK_FALSE(call.update);
}

TEST_CASE("An update says whether and for how long") {
  const ProtectionSetup setup;
  const auto full =
      std::get<ProtectionCall>(setup.ask("PUT", R"({"ProtectionEnabled":true,"ExpiresInMinutes":5})"));
  CHECK(full.update->enabled);
  CHECK(full.update->expiresInMinutes == 5);
  const auto off =
      std::get<ProtectionCall>(setup.ask("PUT", R"({"protectionenabled":false,"ExpiresInMinutes":null})"));
  CHECK_FALSE(off.update->enabled);
  CHECK_FALSE(off.update->expiresInMinutes);
}

TEST_CASE("An update that can't be read is refused") {
  const ProtectionSetup setup;
  for (const char* body : {"", "{", "[]", "1", R"({"ProtectionEnabled":"yes"})", R"({"Protection":true})",
                           R"({"ProtectionEnabled":true,"ExpiresInMinutes":1.5})",
                           R"({"ProtectionEnabled":true,"ExpiresInMinutes":18446744073709551615})"}) {
    INFO(body);
    checkError(setup.refusal("PUT", body), 400, "InvalidParameterException",
               "UpdateTaskProtection: failed to decode request", "");
  }
  checkError(setup.refusal("PUT", R"({"ExpiresInMinutes":5})"), 400, "InvalidParameterException",
             "Invalid request: does not contain 'ProtectionEnabled' field", kArn);
}

TEST_CASE("An unknown task and one without a role are refused") {
  ProtectionSetup setup;
  checkError(setup.refusal("GET", "", "nobody"), 404, "ResourceNotFoundException",
             "Failed to find a task for the request", "");
  CHECK(setup.refusal("POST").status == 405);
  TaskView task = sampleTask();
  task.credentialsId = "cred-2";
  setup.directory.put(shared(task));
  const char* none = "Invalid Request: no task IAM role credentials available for task";
  checkError(setup.refusal("GET"), 403, "AccessDeniedException", none, kArn);
  setup.directory.announceCredentials("cred-2", kArn, RoleCredentials::Role::Task);
  const auto early = setup.ask("GET");
  REQUIRE(std::holds_alternative<ProtectionNotYet>(early));
  checkError(std::get<ProtectionNotYet>(early).refusal, 403, "AccessDeniedException", none, kArn);
}

TEST_CASE("One protected task or one failure is an answer") {
  ProtectionResult result;
  result.tasks = {{kArn, true, wallAt(0)}};
  CHECK(json::parse(protectionResponse(kArn, result).body) ==
        json({{"protection",
               {{"ExpirationDate", "2024-06-29T08:33:20.000Z"},
                {"ProtectionEnabled", true},
                {"TaskArn", kArn}}}}));
  result.tasks[0].expires.reset();
  CHECK(json::parse(protectionResponse(kArn, result).body)["protection"]["ExpirationDate"] == nullptr);
  result.tasks.clear();
  result.failures = {{kArn, "detail", "TASK_NOT_VALID"}};
  const Response failed = protectionResponse(kArn, result);
  CHECK(failed.status == 200);
  CHECK(json::parse(failed.body) ==
        json({{"failure", {{"Arn", kArn}, {"Detail", "detail"}, {"Reason", "TASK_NOT_VALID"}}}}));
}

TEST_CASE("More or less than one is an error of the server") {
  ProtectionResult result;
  checkError(protectionResponse(kArn, result), 500, "ServerException", "Unexpected error occurred", kArn);
  result.failures.resize(2);
  CHECK(protectionResponse(kArn, result).status == 500);
  result.failures.clear();
  result.tasks.resize(2);
  CHECK(protectionResponse(kArn, result).status == 500);
}

TEST_CASE("An error of the API is passed on with its id") {
  const Response response =
      protectionResponse(kArn, ProtectionError{400, "InvalidParameterException", "no service", "r-7"});
  CHECK(response.status == 400);
  CHECK(json::parse(response.body) ==
        json({{"requestID", "r-7"},
              {"error", {{"Arn", kArn}, {"Code", "InvalidParameterException"}, {"Message", "no service"}}}}));
  checkError(protectionTimedOut(kArn), 504, "RequestCanceled", "Timed out calling ECS Task Protection API",
             kArn);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
