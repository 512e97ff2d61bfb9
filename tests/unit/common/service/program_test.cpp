#include "common/service/program.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

using namespace berth;

namespace {

struct Parsed {
  std::variant<ProgramOptions, int> outcome;
  std::string out;
  std::string err;

  int code() const { return std::get<int>(outcome); }
  const ProgramOptions& options() const { return std::get<ProgramOptions>(outcome); }
};

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/berth-agent");
  std::ostringstream out, err;
  const ProgramInfo info{"berth-agent", "1.2.3", "Runs the tasks of this host"};
  auto outcome = parseCommandLine(info, static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {std::move(outcome), out.str(), err.str()};
}

}  // namespace

TEST_CASE("no flags mean no file and no check") {
  const Parsed parsed = parse({});
  CHECK_FALSE(parsed.options().configFile);
  CHECK_FALSE(parsed.options().checkConfig);
}

TEST_CASE("flags are read") {
  CHECK(parse({"--config", "/etc/berth/agent.yaml"}).options().configFile == "/etc/berth/agent.yaml");
  CHECK(parse({"--config=a.yaml", "--check-config"}).options().configFile == "a.yaml");
  CHECK(parse({"--config=a.yaml", "--check-config"}).options().checkConfig);
}

TEST_CASE("the version goes to the output") {
  const Parsed parsed = parse({"--version"});
  CHECK(parsed.code() == exit_code::kStopped);
  CHECK(parsed.out == "berth-agent 1.2.3\n");
  CHECK(parsed.err.empty());
}

TEST_CASE("the help names every flag") {
  const Parsed parsed = parse({"--help"});
  CHECK(parsed.code() == exit_code::kStopped);
  for (const char* text :
       {"Runs the tasks of this host", "--config FILE", "--check-config", "--version", "--help"}) {
    CHECK_THAT(parsed.out, Catch::Contains(text));
  }
  CHECK(parsed.err.empty());
}

TEST_CASE("a bad command line is explained, with exit code 2") {
  const std::vector<std::vector<const char*>> lines = {
      {"--confg", "x"}, {"extra"}, {"--config"}, {"--config", "a", "--config", "b"}, {"-h"}};
  for (const auto& line : lines) {
    const Parsed parsed = parse(line);
    CAPTURE(line);
    CHECK(parsed.code() == exit_code::kUsage);
    CHECK_FALSE(parsed.err.empty());
    CHECK(parsed.out.empty());
  }
  CHECK_THAT(parse({"--confg", "x"}).err, Catch::Contains("--confg"));
}

TEST_CASE("exit codes are the ones that the units know") {
  CHECK(exit_code::kStopped == 0);
  CHECK(exit_code::kFailed == 1);
  CHECK(exit_code::kUsage == 2);
  CHECK(exit_code::kTerminal == 5);
}

TEST_CASE("only a program that describes something has the flag for it") {
  CHECK(parse({"--describe-tasks"}).code() == exit_code::kUsage);
  std::ostringstream out, err;
  const ProgramInfo info{"berth-agent", "1.2.3", "Runs the tasks of this host", "--describe-tasks",
                         "Say all"};
  const std::vector<const char*> arguments = {"/usr/bin/berth-agent", "--describe-tasks"};
  const auto outcome = parseCommandLine(info, 2, arguments.data(), out, err);
  REQUIRE(std::holds_alternative<ProgramOptions>(outcome));
  CHECK(std::get<ProgramOptions>(outcome).describe);
}
