#include "common/config/suggest.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace berth::config;

TEST_CASE("edits are counted, a swap of neighbours as one") {
  CHECK(editDistance("", "") == 0);
  CHECK(editDistance("abc", "") == 3);
  CHECK(editDistance("", "abc") == 3);
  CHECK(editDistance("region", "region") == 0);
  CHECK(editDistance("region", "regions") == 1);
  CHECK(editDistance("region", "rgion") == 1);
  CHECK(editDistance("region", "ragion") == 1);
  CHECK(editDistance("regoin", "region") == 1);
  CHECK(editDistance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest candidate is found, the first of equals") {
  const std::vector<std::string> keys = {"cluster", "region", "runtime.kind", "runtime.king"};
  CHECK(nearest("regoin", keys) == "region");
  CHECK(nearest("clustre", keys) == "cluster");
  CHECK(nearest("runtime.kin", keys) == "runtime.kind");
}

TEST_CASE("what is far from all candidates has no suggestion") {
  const std::vector<std::string> keys = {"cluster", "region"};
  CHECK_FALSE(nearest("colour", keys));
  CHECK_FALSE(nearest("x", keys));
  CHECK_FALSE(nearest("region", {}));
}
