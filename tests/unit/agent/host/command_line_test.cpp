#include "agent/host/command_line.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

using Action = CommandLine::Action;

struct Parsed {
  std::variant<CommandLine, int> result;
  std::string out;
  std::string err;

  const CommandLine& line() const {
    INFO(err);
    REQUIRE(std::holds_alternative<CommandLine>(result));
    return std::get<CommandLine>(result);
  }
  int code() const { return std::holds_alternative<int>(result) ? std::get<int>(result) : -1; }
};

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "berth-agent");
  std::ostringstream out;
  std::ostringstream err;
  auto result = parseCommandLine("1.2.3", static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {std::move(result), out.str(), err.str()};
}

}  // namespace

TEST_CASE("without a command it is the daemon") {
  CHECK(parse({}).line().action == Action::Run);
  CHECK_FALSE(parse({}).line().configFile);
  CHECK(parse({"--config", "/f"}).line().configFile == "/f");
}

TEST_CASE("each command has an option, with one dash or two") {
  CHECK(parse({"--check-config", "--config=/f"}).line().action == Action::CheckConfig);
  CHECK(parse({"--describe-config"}).line().action == Action::DescribeConfig);
  CHECK(parse({"--activate"}).line().action == Action::Activate);
  CHECK(parse({"--healthcheck"}).line().action == Action::HealthCheck);
  CHECK(parse({"-healthcheck"}).line().action == Action::HealthCheck);
  CHECK(parse({"-ecs-attributes"}).line().action == Action::ShowAttributes);
  CHECK(parse({"-version"}).out == "berth-agent 1.2.3\n");
  CHECK(parse({"--version"}).code() == 0);
  CHECK_THAT(parse({"--help"}).out, Catch::Contains("--drain") && Catch::Contains("--stop-tasks"));
}

TEST_CASE("a drain says what becomes of the tasks, how long it may take, and why") {
  const CommandLine least = parse({"--drain"}).line();
  CHECK(least.action == Action::Drain);
  CHECK_FALSE(least.stopTasks);
  CHECK(least.timeout == 2min);
  CHECK(least.reason == "The container instance is shut down");
  const CommandLine whole =
      parse({"--drain", "--stop-tasks", "--timeout", "80s", "--reason", "moved", "--at-shutdown"}).line();
  CHECK(whole.stopTasks);
  CHECK(whole.atShutdown);
  CHECK(whole.timeout == 80s);
  CHECK(whole.reason == "moved");
  CHECK(parse({"--activate", "--after-shutdown", "--timeout", "5m"}).line().afterShutdown);
}

TEST_CASE("what doesn't go together is refused, naming both") {
  const std::pair<std::vector<const char*>, const char*> kWrong[] = {
      {{"--stop-tasks"}, "--stop-tasks requires --drain"},
      {{"--at-shutdown", "--activate"}, "--at-shutdown requires --drain"},
      {{"--after-shutdown", "--drain"}, "--after-shutdown requires --activate"},
      {{"--drain", "--reason", "r"}, "--reason requires --stop-tasks"},
      {{"--drain", "--activate"}, "excludes"},
      {{"--timeout", "5s"}, "--timeout requires --drain or --activate"},
      {{"--drain", "--timeout", "soon"}, "'soon' must be a duration above zero, like 90s or 2m"},
      {{"--drain", "--timeout", "0s"}, "'0s' must be a duration above zero"},
      {{"--drian"}, "--drian"},
      {{"drain"}, "drain"},
  };
  for (const auto& [arguments, text] : kWrong) {
    const Parsed parsed = parse(arguments);
    CHECK(parsed.code() == 2);
    CHECK_THAT(parsed.err, Catch::Contains(text));
  }
  const std::string longest(256, 'r');
  CHECK_THAT(parse({"--drain", "--stop-tasks", "--reason", longest.c_str()}).err,
             Catch::Contains("must have at most 255 characters, this has 256"));
}
