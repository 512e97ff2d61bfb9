#include "agent/endpoints/audit.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

AuditEntry sampleEntry() {
  return {wallAt(250), 200, "172.17.0.2", "/v2/credentials", "aws-cli/2", kArn, RoleCredentials::Role::Task};
}

TEST_CASE("A line of the audit log has the original's fields in their order") {
  CHECK(auditLine(sampleEntry(), {"default", "arn:ci", "1"}) ==
        "2024-06-29T08:33:20Z 200 172.17.0.2 \"/v2/credentials\" \"aws-cli/2\" " + kArn +
            " GetCredentials 2 default arn:ci");
  AuditEntry execution = sampleEntry();
  execution.role = RoleCredentials::Role::Execution;
  CHECK_THAT(auditLine(execution, {"default", "", ""}),
             Catch::EndsWith(" GetCredentialsExecutionRole 2 default -"));
}

TEST_CASE("What is missing is a dash, and without a role there is no event") {
  AuditEntry bare;
  bare.at = wallAt(0);
  bare.status = 400;
  CHECK(auditLine(bare, {"default", "arn:ci", "1"}) == "2024-06-29T08:33:20Z 400 - - - -");
}

TEST_CASE("A user agent can't forge a line") {
  AuditEntry bad = sampleEntry();
  bad.userAgent = "x\" 200\n2024 forged\\\x7f" + std::string(1000, 'y');
  const std::string line = auditLine(bad, {});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(std::count(line.begin(), line.end(), '"') == 4);
  CHECK(line.size() < 600);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
