#include "common/text/trim.hpp"

#include <catch2/catch.hpp>

using berth::trimmed;

TEST_CASE("blanks go at the ends of a text, and nowhere else") {
  CHECK(trimmed(" \ta b\t ") == "a b");
  CHECK(trimmed("ab") == "ab");
  CHECK(trimmed("").empty());
  CHECK(trimmed(" \t ").empty());
  CHECK(trimmed("a\r\n") == "a\r\n");
  CHECK(trimmed("\r\n a\r\n", " \t\r\n") == "a");
  CHECK(trimmed("\t a ", " ") == "\t a");
}
