#include "agent/secrets/environment_file.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::agent;

TEST_CASE("an environment file is NAME=value lines, taken as they are") {
  const Result<Environment> file = parseEnvironmentFile(
      "# a comment=no\n"
      "A=1\n"
      "B = two words \r\n"
      "URL=postgres://u:p@h/db?a=b#c\n"
      "QUOTED=\"x\"\n"
      "\n"
      "no equals sign\n"
      "=no name\n"
      "EMPTY=\n"
      " # X=indented, so no comment\n"
      "LAST=end");
  REQUIRE(file.ok());
  CHECK(*file == Environment{{"A", "1"},
                             {"B ", " two words "},
                             {"URL", "postgres://u:p@h/db?a=b#c"},
                             {"QUOTED", "\"x\""},
                             {" # X", "indented, so no comment"},
                             {"LAST", "end"}});
}

TEST_CASE("of two lines with one name the later counts, and a byte order mark is no part of a name") {
  CHECK(*parseEnvironmentFile("\xEF\xBB\xBF"
                              "A=1\nA=2\n") == Environment{{"A", "2"}});
  CHECK(parseEnvironmentFile("")->empty());
  CHECK(parseEnvironmentFile("\n\n\n")->empty());
}

TEST_CASE("a file that is no text is refused with the line") {
  const Result<Environment> file = parseEnvironmentFile("A=1\nB=\xff\xfe\n");
  REQUIRE_FALSE(file.ok());
  CHECK(file.error().code == Code::InvalidArgument);
  CHECK_THAT(file.error().message, Catch::Contains("line 2") && Catch::Contains("UTF-8"));
  CHECK_FALSE(parseEnvironmentFile(std::string_view("A=\0", 3)).ok());
}

TEST_CASE("a container's own variables win over files, and an earlier file over a later one") {
  const Environment merged =
      mergeEnvironment({{"A", "own"}, {"EMPTY", ""}}, {{{"A", "first"}, {"B", "first"}, {"EMPTY", "x"}},
                                                       {{"A", "second"}, {"B", "second"}, {"C", "second"}}});
  CHECK(merged == Environment{{"A", "own"}, {"B", "first"}, {"C", "second"}, {"EMPTY", ""}});
}
