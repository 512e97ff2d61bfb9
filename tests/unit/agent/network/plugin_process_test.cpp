#include "agent/network/plugin_process.hpp"

#include <signal.h>

#include "common/text/number.hpp"
#include "tests/support/loop/run_loop.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent::network {
namespace {

using namespace std::chrono_literals;

ProgramCall shell(const std::string& script) {
  ProgramCall call;
  call.command = {"/bin/sh", "-c", script};
  call.environment = {"PATH=/usr/bin:/bin", "GREETING=hello"};
  return call;
}

Result<ProgramEnd> ran(ProgramCall call) {
  boost::asio::io_context io;
  CaptureLog log;
  std::optional<Result<ProgramEnd>> end;
  test::runLoop(io, log, [&]() -> Async<void> { end.emplace(co_await runProgram(call)); });
  return std::move(*end);
}

bool lives(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST_CASE("A program reads its input and its environment, and is read") {
  ProgramCall call = shell("cat; echo $GREETING; env | wc -l >&2; exit 3");
  call.input = std::string(300000, 'x');
  const auto end = ran(call);
  REQUIRE(end);
  CHECK(end->code == 3);
  CHECK(end->output == call.input + "hello\n");
  // PATH, GREETING and what a shell adds: PWD, OLDPWD or _; none of this process's own.
  CHECK(parseNumber<int>(end->errors.substr(0, end->errors.find('\n'))).value_or(99) <= 5);
}

TEST_CASE("A program that a signal ended says which") {
  CHECK(ran(shell("kill -TERM $$"))->code == 128 + SIGTERM);
}

TEST_CASE("A program that does not exist is not found") {
  ProgramCall call = shell("");
  call.command = {"/no/such/plugin"};
  const auto end = ran(call);
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::NotFound);
  CHECK(end.error().message.find("/no/such/plugin") != std::string::npos);
}

TEST_CASE("A program that hangs is killed in time, with all that it has started") {
  const TempDir folder;
  ProgramCall call = shell("sleep 600 & echo $! >" + folder.path("child") + "; echo $$ >" +
                           folder.path("leader") + "; wait");
  call.limit = 300ms;
  const auto end = ran(call);
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::DeadlineExceeded);
  CHECK(end.error().message.find("/bin/sh") != std::string::npos);
  for (const char* who : {"child", "leader"}) {
    const std::string text = folder.read(who);
    const auto pid = parseNumber<pid_t>(text.substr(0, text.find('\n')));
    REQUIRE(pid);
    // The child's new parent takes a moment to notice.
    for (int i = 0; i < 200 && lives(*pid); ++i) CHECK(ran(shell("sleep 0.02")));
    CHECK_FALSE(lives(*pid));
  }
}

TEST_CASE("A program that ended is over, although something that it started has its output open") {
  const auto end = ran(shell("sleep 600 & echo done"));
  REQUIRE(end);
  CHECK(end->output == "done\n");
}

}  // namespace
}  // namespace berth::agent::network
