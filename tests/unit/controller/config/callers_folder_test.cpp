#include "controller/config/callers_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.hpp"

namespace berth::controller {
namespace {

constexpr const char* kAll =
    R"({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}})";

/// A folder of callers, each with a key.
struct CallersDir {
  TempDir dir;

  void file(const std::string& name, const std::string& text, mode_t mode = 0640) const {
    ::chmod(dir.write(name, text).c_str(), mode);
  }
  void key(const std::string& caller, const std::string& id, mode_t mode = 0600) const {
    file(caller + "/credentials",
         "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = EXAMPLESECRET\n", mode);
  }
  Result<CallerBook> read() const { return readCallers(dir.path(), "000000000000"); }
  /// What is wrong, without the folder's own path.
  std::string wrong() const {
    const auto book = read();
    REQUIRE_FALSE(book.ok());
    CHECK(book.error().code == Code::InvalidArgument);
    std::string text = book.error().message;
    CHECK(text.find("EXAMPLESECRET") == std::string::npos);
    for (size_t at = text.find(dir.path()); at != std::string::npos; at = text.find(dir.path()))
      text.erase(at, dir.path().size() + 1);
    return text;
  }
};

TEST_CASE("a folder of callers is read: keys, policies and roles") {
  const CallersDir callers;
  callers.key("deploy", "AKIA1");
  callers.file("deploy/run.json", kAll);
  callers.file("deploy/stop.json", kAll);
  callers.file("deploy/.run.json.swp", "anything");
  callers.file("deploy/run.json~", "anything");
  callers.file("host-1/credentials",
               "[new]\naws_access_key_id = AKIA2\naws_secret_access_key = a\n"
               "[old]\naws_access_key_id = AKIA3\naws_secret_access_key = b\n");
  callers.file("host-1/role", "agent\n");
  const auto book = callers.read();
  INFO((book ? "" : book.error().message));
  REQUIRE(book.ok());
  CHECK(book->size() == 3);
  const KnownCaller& deploy = *book->find("AKIA1")->caller;
  CHECK(deploy.principal == "arn:aws:iam::000000000000:user/deploy");
  CHECK(deploy.rights == Rights::Policies);
  CHECK(deploy.policies.size() == 2);
  const KnownCaller& host = *book->find("AKIA2")->caller;
  CHECK(host.principal == "arn:aws:iam::000000000000:user/host-1");
  CHECK(host.rights == Rights::Agent);
  CHECK(book->find("AKIA3")->caller.get() == &host);
  CHECK(book->credentials("AKIA3")->secretAccessKey == "b");
}

TEST_CASE("an empty folder has no callers, and one that is not there is refused") {
  const CallersDir callers;
  REQUIRE(callers.read().ok());
  CHECK(callers.read()->size() == 0);
  CHECK_FALSE(readCallers(callers.dir.path("none"), "000000000000").ok());
}

TEST_CASE("all that is wrong with callers is told at once") {
  const CallersDir callers;
  callers.key("a", "AKIA1", 0644);
  callers.file("a/p.json", "{");
  callers.key("b", "AKIA2");
  callers.file("b/role", "admin");
  callers.file("stray", "");
  CHECK(callers.wrong() ==
        "a/credentials: others can use these secrets: chmod 0600 it, or 0640\n"
        "a/p.json: it is no valid JSON\n"
        "b/role: must hold the word agent, the only role\n"
        "stray: has no place here: each caller has a folder of its name");
}

TEST_CASE("a caller needs a key, and either policies or a role") {
  SECTION("no key") {
    const CallersDir callers;
    callers.file("a/p.json", kAll);
    CHECK(callers.wrong() == "a: it has no file credentials with an access key");
  }
  SECTION("no rights") {
    const CallersDir callers;
    callers.key("a", "AKIA1");
    CHECK(callers.wrong() == "a: give it a policy (*.json), or a file role with the word agent");
  }
  SECTION("both") {
    const CallersDir callers;
    callers.key("a", "AKIA1");
    callers.file("a/p.json", kAll);
    callers.file("a/role", "agent");
    CHECK(callers.wrong() == "a: give either policies (*.json) or a role");
  }
}

TEST_CASE("what would give a right to the wrong one is refused") {
  SECTION("one key of two callers") {
    const CallersDir callers;
    for (const char* name : {"a", "b"}) {
      callers.key(name, "AKIA1");
      callers.file(std::string(name) + "/p.json", kAll);
    }
    CHECK(callers.wrong() == "b: the access key AKIA1 is there twice, here or at another caller");
  }
  SECTION("a policy that everyone can change") {
    const CallersDir callers;
    callers.key("a", "AKIA1");
    callers.file("a/p.json", kAll, 0666);
    CHECK_THAT(callers.wrong(), Catch::Contains("a/p.json: everyone can change it: chmod o-w it"));
  }
  SECTION("temporary keys") {
    const CallersDir callers;
    callers.file("a/credentials",
                 "[a]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token = t\n");
    callers.file("a/p.json", kAll);
    CHECK_THAT(callers.wrong(), Catch::Contains("temporary keys"));
  }
  SECTION("an action that is none") {
    const CallersDir callers;
    callers.key("a", "AKIA1");
    callers.file("a/p.json",
                 R"({"Statement": {"Effect": "Deny", "Action": "ecs:RunTasks", "Resource": "*"}})");
    CHECK_THAT(callers.wrong(), Catch::Contains("a/p.json: Action 'ecs:RunTasks' is no operation of ECS"));
  }
  SECTION("a file that has no place there") {
    const CallersDir callers;
    callers.key("a", "AKIA1");
    callers.file("a/p.jsn", kAll);
    CHECK_THAT(callers.wrong(),
               Catch::Contains("a/p.jsn: has no place here: there are credentials, role and *.json"));
  }
  SECTION("a name that no principal has") {
    const CallersDir callers;
    callers.key("a b", "AKIA1");
    callers.file("a b/role", "agent");
    CHECK_THAT(callers.wrong(), Catch::Contains("a b: a caller's name has up to 64 letters"));
  }
}

}  // namespace
}  // namespace berth::controller
