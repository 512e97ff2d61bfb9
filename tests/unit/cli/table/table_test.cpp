#include "cli/table/table.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::cli;

namespace {

const std::vector<Column> kColumns{{"ID", false, true}, {"NAME", false, false}, {"N", true, false}};

}  // namespace

TEST_CASE("columns are as wide as what is in them, numbers stand right, lines end without blanks") {
  CHECK(renderTable(kColumns, {{"a", "one", "1"}, {"bb", "three", "100"}, {"c", ""}}, {}) ==
        "ID  NAME     N\n"
        "a   one      1\n"
        "bb  three  100\n"
        "c\n");
}

TEST_CASE("a narrow terminal cuts the widest column, never the whole ones") {
  Terminal terminal;
  terminal.width = 24;
  CHECK(renderTable(kColumns, {{"0123456789", "a-long-name-here", "7"}}, terminal) ==
        "ID          NAME       N\n"
        "0123456789  a-long-n…  7\n");
  terminal.width = 5;
  CHECK(renderTable(kColumns, {{"0123456789", "a-long-name-here", "7"}}, terminal) ==
        "ID          NAME  N\n"
        "0123456789  a-l…  7\n");
}

TEST_CASE("colours stand around the text only, and only where there are any") {
  Terminal terminal;
  terminal.colours = true;
  CHECK(renderTable({{"S"}, {"T"}}, {{{"UP", Tone::Good}, "x"}}, terminal) ==
        "\033[2mS\033[0m   \033[2mT\033[0m\n"
        "\033[32mUP\033[0m  x\n");
  CHECK(painted("x", Tone::Bad, {}) == "x");
}

TEST_CASE("control characters can't reach the terminal") {
  CHECK(renderTable({{"A"}}, {{"a\033[31m\n"}}, {}) == "A\na?[31m?\n");
}

TEST_CASE("characters are counted, not bytes") {
  CHECK(charactersOf("für") == 3);
  CHECK(cutTo("füüür", 3) == "fü…");
  CHECK(cutTo("für", 3) == "für");
}

TEST_CASE("ages are in their largest unit") {
  using namespace std::chrono_literals;
  CHECK(ageOf(-5s) == "0s");
  CHECK(ageOf(59s) == "59s");
  CHECK(ageOf(61s) == "1m");
  CHECK(ageOf(25h) == "1d");
  CHECK(ageOf(23h) == "23h");
}
