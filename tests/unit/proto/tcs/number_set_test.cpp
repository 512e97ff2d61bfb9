#include <catch2/catch.hpp>

#include "proto/tcs/messages.hpp"

namespace berth::tcs {

TEST_CASE("a set keeps the least, the most, the sum and the count") {
  NumberSet set;
  for (double value : {4.0, 1.0, 7.0}) set.add(value);
  CHECK(set.min == 1.0);
  CHECK(set.max == 7.0);
  CHECK(set.sum == 12.0);
  CHECK(set.sampleCount == 3);
}

TEST_CASE("the first sample sets both ends, also below zero") {
  NumberSet set;
  set.add(-3.0);
  CHECK(set.min == -3.0);
  CHECK(set.max == -3.0);
}

}  // namespace berth::tcs
