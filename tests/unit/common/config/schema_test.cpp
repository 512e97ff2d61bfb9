#include "common/config/schema.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using namespace berth::config;

namespace {

/// Whether this schema ends the program.
bool aborts(const std::vector<Setting>& settings) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    const Schema schema(settings);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

const Schema kHelpSchema({string("cluster", "the cluster"), string("region", "the region"),
                          choice("runtime.kind", {"docker", "auto"}, "the runtime"),
                          string("runtime.socket", "where it answers")});

}  // namespace

TEST_CASE("a schema knows its keys and its sections") {
  REQUIRE(kHelpSchema.find("runtime.kind") != nullptr);
  CHECK(kHelpSchema.find("runtime.kind")->doc == "the runtime");
  CHECK(kHelpSchema.find("runtime") == nullptr);
  CHECK(kHelpSchema.isSection("runtime"));
  CHECK(kHelpSchema.isSection(""));
  CHECK_FALSE(kHelpSchema.isSection("region"));
  CHECK_FALSE(kHelpSchema.isSection("run"));
}

TEST_CASE("an unknown key gets the nearest key or section") {
  CHECK(kHelpSchema.suggest("regoin") == "did you mean 'region'?");
  CHECK(kHelpSchema.suggest("runtime.soket") == "did you mean 'runtime.socket'?");
  CHECK(kHelpSchema.suggest("runtme") == "did you mean 'runtime'?");
  CHECK(kHelpSchema.suggest("socket") == "did you mean 'runtime.socket'?");
  CHECK(kHelpSchema.suggest("colour") ==
        "remove it; the keys are cluster, region, runtime.kind, runtime.socket");
}

TEST_CASE("refining a setting leaves the original as it was") {
  const Setting plain = integer("a", "");
  const Setting refined = plain.between(1, 2).byDefault("1").secret();
  CHECK_FALSE(plain.fallback);
  CHECK_FALSE(plain.isSecret);
  CHECK(refined.fallback == "1");
  CHECK(refined.isSecret);
  CHECK(plain.required().isRequired);
}

TEST_CASE("a schema that contradicts itself ends the program") {
  CHECK_FALSE(aborts({string("a", ""), string("b.c_d", ""), string("b.e2", "")}));
  CHECK(aborts({string("a", ""), string("a", "")}));
  CHECK(aborts({string("a", ""), string("a.b", "")}));
  CHECK(aborts({integer("a", "").byDefault("x")}));
  CHECK(aborts({integer("a", "").between(1, 2).byDefault("3")}));
  CHECK(aborts({string("a", "").byDefault("x").required()}));
  for (const char* key : {"", ".", "A", "a-b", "a..b", "a.", "_a", "a_", "a__b", "a._b", "2a", "a.2b"}) {
    CAPTURE(key);
    CHECK(aborts({string(key, "")}));
  }
}
