#include "common/config/table.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::config;
using namespace std::chrono_literals;

namespace {

Result<Translated> asIs(const Setting&, const Alias&, std::string_view text) {
  return Translated{Value(std::string(text)), {}};
}

bool anything(std::string_view) { return true; }

Alias named(const char* variable) {
  Alias alias;
  alias.variable = variable;
  alias.translate = asIs;
  return alias;
}

}  // namespace

TEST_CASE("each type tells what values it takes") {
  CHECK(valuesOf(path("p", "d")) == "an absolute path");
  CHECK(valuesOf(choice("c", {"a", "b"}, "d")) == "`a`, `b`");
  CHECK(valuesOf(integer("i", "d").between(1, 64)) == "a whole number, 1 to 64");
  CHECK(valuesOf(integer("i", "d")) == "a whole number");
  CHECK(valuesOf(boolean("b", "d")) == "`true`, `false`");
  CHECK(valuesOf(duration("t", "d").between(Duration(1s), Duration(2h))) == "a duration, 1s to 2h");
  CHECK(valuesOf(size("s", "d").between(0, 1 << 20)) == "a size, 0 to 1MiB");
  CHECK(valuesOf(list("l", "d")) == "a list");
  CHECK(valuesOf(list("l", "d").matching(anything, "must be ports")) == "a list: ports");
  CHECK(valuesOf(map("m", "d")) == "a map");
  CHECK(valuesOf(string("s", "d")) == "text");
  CHECK(valuesOf(string("s", "d").matching(anything, "must be a URL")) == "a URL");
}

TEST_CASE("the table has a line for each setting") {
  const Schema schema(
      {string("a.b", "what | it is").byDefault("x").live().from(named("ECS_A")).from(named("ECS_B")),
       string("c", "a key").secret(), string("d", "needed").required()});
  CHECK(settingsTable(schema, "theirs") ==
        "| key | what it is | value | default | theirs | while running |\n"
        "|---|---|---|---|---|---|\n"
        "| `a.b` | what \\| it is | text | `x` | `ECS_A`, `ECS_B` | yes |\n"
        "| `c` | a key; secret | text | none |  |  |\n"
        "| `d` | needed | text | required |  |  |\n");
}
