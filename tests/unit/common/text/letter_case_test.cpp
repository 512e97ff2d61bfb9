#include "common/text/letter_case.hpp"

#include <catch2/catch.hpp>

using berth::equalsIgnoreCase;
using berth::lowered;

TEST_CASE("letters of ASCII have a case, other bytes have none") {
  CHECK(lowered("AZaz@[`{09-_") == "azaz@[`{09-_");
  CHECK(lowered("\xc3\x84\xff") == "\xc3\x84\xff");
  CHECK(lowered("").empty());
}

TEST_CASE("names are equal in any case") {
  CHECK(equalsIgnoreCase("Content-Length", "CONTENT-length"));
  CHECK(equalsIgnoreCase("", ""));
  CHECK_FALSE(equalsIgnoreCase("Host", "Hosts"));
  CHECK_FALSE(equalsIgnoreCase("a@", "a`"));
}
