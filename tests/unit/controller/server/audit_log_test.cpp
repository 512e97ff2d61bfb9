#include "controller/server/audit_log.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/log/capture.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::controller {
namespace {

AuditEntry entry(std::string outcome = "ok") {
  AuditEntry out;
  out.time = WallTime(std::chrono::milliseconds(1'719'650'000'123));
  out.requestId = "id-1";
  out.principal = "arn:aws:iam::000000000000:user/ann";
  out.accessKeyId = "AKIA1";
  out.source = "10.0.0.1:1234";
  out.operation = "RunTask";
  out.resources = {"arn:aws:ecs:us-east-1:000000000000:task-definition/web:3"};
  out.outcome = std::move(outcome);
  return out;
}

TEST_CASE("a line of the audit log says who did what, and is one line whatever it holds") {
  CHECK(
      auditLine(entry()) ==
      R"({"time":"2024-06-29T08:33:20.123Z","request_id":"id-1",)"
      R"("principal":"arn:aws:iam::000000000000:user/ann","access_key_id":"AKIA1","source":"10.0.0.1:1234",)"
      R"("operation":"RunTask","resources":["arn:aws:ecs:us-east-1:000000000000:task-definition/web:3"],)"
      R"("outcome":"ok"})");
  AuditEntry odd = entry();
  odd.accessKeyId = "a\n\xff\"";
  odd.leftOut = 3;
  const std::string line = auditLine(odd);
  CHECK(line.find('\n') == std::string::npos);
  CHECK_THAT(line, Catch::Contains(R"("a\n\ufffd\"")") && Catch::EndsWith(R"("left_out":3})"));
}

TEST_CASE("the audit log is appended to, is its owner's alone, and begins anew where it was moved away") {
  const TempDir dir;
  CaptureLog log;
  AuditLog audit(dir.path("audit.log"), log);
  REQUIRE(audit.open().ok());
  CHECK(audit.on());
  CHECK(audit.write(entry("one")));
  struct stat info{};
  REQUIRE(::stat(dir.path("audit.log").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  std::filesystem::rename(dir.path("audit.log"), dir.path("audit.log.1"));
  CHECK(audit.write(entry("two")));
  REQUIRE(audit.open().ok());
  CHECK(audit.write(entry("three")));
  CHECK(dir.read("audit.log.1") == auditLine(entry("one")) + "\n" + auditLine(entry("two")) + "\n");
  CHECK(dir.read("audit.log") == auditLine(entry("three")) + "\n");
}

TEST_CASE("an audit log that can't be opened is an error, and the one before stays") {
  const TempDir dir;
  CaptureLog log;
  AuditLog never(dir.path("none/audit.log"), log);
  const Status opened = never.open();
  REQUIRE_FALSE(opened.ok());
  CHECK_THAT(opened.error().message, Catch::Contains("none/audit.log"));
  AuditLog audit(dir.path("a/audit.log"), log);
  dir.write("a/audit.log", "");
  REQUIRE(audit.open().ok());
  std::filesystem::rename(dir.path("a"), dir.path("b"));
  CHECK_FALSE(audit.open().ok());
  CHECK(audit.write(entry()));
  CHECK(dir.read("b/audit.log") == auditLine(entry()) + "\n");
}

TEST_CASE("lines that a full disk does not take are lost, and the log says so once") {
  CaptureLog log;
  AuditLog audit("/dev/full", log);
  REQUIRE(audit.open().ok());
  CHECK_FALSE(audit.write(entry()));
  CHECK_FALSE(audit.write(entry()));
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines()[0].message == "the audit log can't be written: calls go on unrecorded");
  CHECK(log.lines()[0].field("file") == "/dev/full");
}

TEST_CASE("without a path there is no audit log") {
  CaptureLog log;
  AuditLog audit(std::nullopt, log);
  CHECK(audit.open().ok());
  CHECK_FALSE(audit.on());
  CHECK(audit.write(entry()));
}

}  // namespace
}  // namespace berth::controller
