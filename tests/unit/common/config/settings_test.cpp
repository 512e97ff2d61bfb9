#include "common/config/settings.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>

#include "common/config/load.hpp"
#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace berth::config;
using namespace std::chrono_literals;

namespace {

bool aborts(const std::function<void()>& misuse) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    misuse();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

const Schema kSchema({string("region", "the region"), integer("limits.tasks", "tasks"),
                      boolean("imds", "use imds"), duration("limits.grace", "the grace"),
                      size("limits.log", "log"), list("names", "names"), map("attributes", "attributes"),
                      path("data_dir", "the folder"), string("secret_key", "a key").secret()});

Settings make(std::map<std::string, Value> values) {
  std::map<std::string, Given> given;
  for (auto& [key, value] : values) given[key] = Given{value, "test"};
  return Settings(kSchema, std::move(given));
}

}  // namespace

TEST_CASE("each getter gives its type") {
  const Settings settings = make({{"region", std::string("r")},
                                  {"limits.tasks", int64_t{3}},
                                  {"imds", true},
                                  {"limits.grace", Duration(5s)},
                                  {"limits.log", int64_t{1024}},
                                  {"names", std::vector<std::string>{"a"}},
                                  {"attributes", StringMap{{"a", "b"}}}});
  CHECK(settings.string("region") == "r");
  CHECK(settings.integer("limits.tasks") == 3);
  CHECK(settings.integer("limits.log") == 1024);
  CHECK(settings.boolean("imds"));
  CHECK(settings.duration("limits.grace") == 5s);
  CHECK(settings.list("names") == std::vector<std::string>{"a"});
  CHECK(settings.map("attributes") == StringMap{{"a", "b"}});
  CHECK(settings.has("region"));
  CHECK(settings.source("region") == "test");
}

TEST_CASE("a key without a value is known not to have one, lists and maps are then empty") {
  const Settings settings = make({});
  CHECK_FALSE(settings.has("region"));
  CHECK(settings.source("region").empty());
  CHECK(settings.list("names").empty());
  CHECK(settings.map("attributes").empty());
}

TEST_CASE("asking for what is not there ends the program") {
  const Settings settings = make({{"region", std::string("r")}});
  CHECK(aborts([&] { (void)settings.has("regoin"); }));
  CHECK(aborts([&] { (void)settings.string("regoin"); }));
  CHECK(aborts([&] { (void)settings.integer("region"); }));
  CHECK(aborts([&] { (void)settings.integer("limits.tasks"); }));
  CHECK(aborts([] { (void)make({{"regoin", std::string("r")}}); }));
}

TEST_CASE("the description has values, sources, and no secrets") {
  const Settings settings = make({{"region", std::string("us-east-1")},
                                  {"limits.tasks", int64_t{3}},
                                  {"limits.grace", Duration(90s)},
                                  {"attributes", StringMap{{"rack", "7"}}},
                                  {"secret_key", std::string("hunter2")}});
  CHECK(settings.describe() ==
        "region: us-east-1  # test\n"
        "limits:\n"
        "  tasks: 3  # test\n"
        "  grace: 90s  # test\n"
        "  # log: not set\n"
        "# imds: not set\n"
        "# names: not set\n"
        "attributes: {rack: \"7\"}  # test\n"
        "# data_dir: not set\n"
        "secret_key: \"***\"  # test\n");
}

TEST_CASE("the description loads to the same settings") {
  const Settings settings = make({{"region", std::string("a \"b\"\n#c: é \x7f\\")},
                                  {"limits.tasks", int64_t{-3}},
                                  {"imds", false},
                                  {"limits.grace", Duration(1ns)},
                                  {"limits.log", int64_t{0}},
                                  {"names", std::vector<std::string>{"true", "1,2", "[x]", "- y"}},
                                  {"attributes", StringMap{{"a: b", ""}, {"null", "no"}}},
                                  {"data_dir", std::string("/a b")}});
  const TempDir folder;
  Sources sources;
  sources.yamlFile = folder.write("agent.yaml", settings.describe());
  sources.envPrefix = "BERTH_TEST_";
  const auto loaded = load(kSchema, sources);
  if (!loaded) FAIL(loaded.error().message);
  CHECK(loaded->string("region") == settings.string("region"));
  CHECK(loaded->integer("limits.tasks") == -3);
  CHECK_FALSE(loaded->boolean("imds"));
  CHECK(loaded->duration("limits.grace") == 1ns);
  CHECK(loaded->integer("limits.log") == 0);
  CHECK(loaded->list("names") == settings.list("names"));
  CHECK(loaded->map("attributes") == settings.map("attributes"));
  CHECK(loaded->string("data_dir") == "/a b");
}

TEST_CASE("settings are the same by their values, whatever the source") {
  Settings one = make({{"region", std::string("r")}});
  std::map<std::string, Given> given;
  given["region"] = Given{std::string("r"), "elsewhere", Origin::Environment};
  given["imds"] = Given{true, "elsewhere", Origin::Environment};
  Settings other(kSchema, given);
  CHECK(one.same(other, "region"));
  CHECK_FALSE(one.same(other, "imds"));
  CHECK(one.same(other, "names"));
  CHECK_FALSE(one.same(make({{"region", std::string("s")}}), "region"));
}

TEST_CASE("live settings come from the other, the rest stays, what is gone is gone") {
  const Schema schema({string("fixed", "f"), string("a", "a").live(), string("b", "b").live()});
  const auto given = [](const char* text) { return Given{std::string(text), "test"}; };
  const Settings running(schema, {{"fixed", given("old")}, {"a", given("old")}});
  const Settings fresh(schema, {{"fixed", given("new")}, {"b", given("new")}});
  const Settings merged = running.withLive(fresh);
  CHECK(merged.string("fixed") == "old");
  CHECK_FALSE(merged.has("a"));
  CHECK(merged.string("b") == "new");
}
