#include "agent/endpoints/credentials.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

using Kind = PeerOwner::Kind;

PeerCheck peersAre(std::vector<PeerOwner> owners) {
  return [owners = std::move(owners)](const std::string&) { return owners; };
}

/// Two tasks: kArn, and "other" with container `otherId`.
const std::string kOtherId(64, 'c');
Directory& withTwoTasks(Directory& directory) {
  directory.put(shared(sampleTask()));
  TaskView other = sampleTask("other");
  other.containers = {sampleContainer("x", "e", kOtherId, "172.17.0.8")};
  directory.put(shared(other));
  return directory;
}

Access accessOf(const std::string& from, const PeerCheck& peers = {}) {
  Directory directory;
  withTwoTasks(directory);
  const CredentialsState state{kArn, RoleCredentials::Role::Task,
                               std::make_shared<const RoleCredentials>(sampleCredentials())};
  return credentialsAccess(state, from, directory, peers);
}

TEST_CASE("Both forms of the path name the credentials") {
  CHECK(credentialsRequest(get("/v2/credentials/abc"))->id == "abc");
  CHECK(credentialsRequest(get("/v2/credentials/abc"))->auditPath == "/v2/credentials");
  CHECK(credentialsRequest(get("/v2/credentials/"))->id.empty());
  CHECK(credentialsRequest(get("/v1/credentials?id=abc"))->id == "abc");
  CHECK(credentialsRequest(get("/v1/credentials"))->prefix == "CredentialsV1Request: ");
  CHECK_FALSE(credentialsRequest(get("/v2/credentials/a/b")));
  CHECK_FALSE(credentialsRequest(get("/v4/x/task")));
}

TEST_CASE("A container gets its own task's credentials and no others") {
  const PeerCheck mustNotAsk = [](const std::string&) -> std::vector<PeerOwner> {
    FAIL("the address is a container's");
    return {};
  };
  CHECK(accessOf("172.17.0.2", mustNotAsk) == Access::Granted);
  CHECK(accessOf("::ffff:172.17.0.3", mustNotAsk) == Access::Granted);
  CHECK(accessOf("172.17.0.8", mustNotAsk) == Access::Refused);
}

TEST_CASE("A process on the host's network is judged by its container") {
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Container, kWebId}})) == Access::Granted);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Container, kOtherId}})) == Access::Refused);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Host, ""}})) == Access::Granted);
}

TEST_CASE("Who can't be told apart from another is not served") {
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Container, kWebId}, {Kind::Container, kOtherId}})) ==
        Access::Unsure);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Host, ""}, {Kind::Container, kOtherId}})) == Access::Unsure);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Host, ""}, {Kind::Container, kWebId}})) == Access::Granted);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Unclear, ""}})) == Access::Unsure);
  CHECK(accessOf("10.9.9.9", peersAre({{Kind::Elsewhere, ""}})) == Access::Unsure);
  CHECK(accessOf("10.9.9.9", peersAre({})) == Access::Unsure);
  CHECK(accessOf("127.0.0.1", peersAre({{Kind::Container, std::string(64, 'd')}})) == Access::Unsure);
}

TEST_CASE("Without a check of peers the id alone decides for unknown addresses") {
  CHECK(accessOf("127.0.0.1") == Access::Granted);
  CHECK(accessOf("172.17.0.8") == Access::Refused);
}

TEST_CASE("Answers have the members and codes of the original") {
  const CredentialsRequest request{"abc", "CredentialsV2Request: ", "/v2/credentials"};
  CHECK(json::parse(credentialsFound(sampleCredentials()).body) ==
        json({{"RoleArn", "arn:aws:iam::1:role/web"},
              {"AccessKeyId", "AKIAEXAMPLE"},
              {"SecretAccessKey", "the secret"},
              {"Token", "a token"},
              {"Expiration", "2024-06-29T10:00:00Z"}}));
  struct Case {
    Response response;
    int status;
    std::string code, message;
  };
  const std::vector<Case> cases = {
      {credentialsWithoutId(request), 400, "NoIdInRequest", "No Credential ID in the request"},
      {credentialsUnknown(request), 400, "InvalidIdInRequest", "Credentials not found"},
      {credentialsNotYet(request), 503, "CredentialsUninitialized", "Credentials uninitialized for ID"},
      {credentialsRefused(request, "172.17.0.8"), 403, "AccessDenied",
       "only containers of a task get its credentials, and 172.17.0.8 is not known as one of this task's "
       "containers"}};
  for (const Case& one : cases) {
    CHECK(one.response.status == one.status);
    CHECK(json::parse(one.response.body) == json({{"code", one.code},
                                                  {"message", "CredentialsV2Request: " + one.message},
                                                  {"HTTPErrorCode", one.status}}));
  }
}

}  // namespace
}  // namespace berth::agent::endpoints::test
