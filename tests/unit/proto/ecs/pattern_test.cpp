#include "proto/ecs/pattern.hpp"

#include <catch2/catch.hpp>

namespace berth::ecs {
namespace {

TEST_CASE("A pattern matches text of its characters alone") {
  const auto pattern = Pattern::parse("[a-c0\\-\\.]+");
  REQUIRE(pattern);
  CHECK(pattern->text() == "[a-c0\\-\\.]+");
  CHECK(pattern->matches("abc0-."));
  CHECK_FALSE(pattern->matches("abd"));
  CHECK_FALSE(pattern->matches("a\\"));
  CHECK_FALSE(pattern->matches(""));
}

TEST_CASE("A starred pattern matches the empty text") {
  const auto pattern = Pattern::parse("([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)");
  REQUIRE(pattern);
  CHECK(pattern->matches(""));
  CHECK(pattern->matches("Team A_1.:/=+-@"));
  CHECK(
      pattern->matches("Gr\xc3\xb6\xc3\x9f"
                       "e"));
  CHECK_FALSE(pattern->matches("a#b"));
  CHECK_FALSE(pattern->matches("a\nb"));
}

TEST_CASE("What is not one repeated character class is no pattern") {
  const auto text = GENERATE(as<std::string>(), "", "a", "[a]", "[a", "a]+", "[]+", "[\\]+", "[\\p{X}]+",
                             "[\\p{L", "([a]+", "[\\p{L]*", "[a]+b");
  CAPTURE(text);
  const auto pattern = Pattern::parse(text);
  REQUIRE_FALSE(pattern);
  CHECK_THAT(pattern.error().message, Catch::Contains("'" + text + "'"));
}

}  // namespace
}  // namespace berth::ecs
