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

TEST_CASE("a set of counters is exact, and its sum ends at the greatest number") {
  CounterSet set;
  for (uint64_t value : {uint64_t{9'007'199'254'740'993}, uint64_t{2}}) set.add(value);
  CHECK(set == CounterSet{2, 9'007'199'254'740'993, 9'007'199'254'740'995, 2});
  set.add(UINT64_MAX - 5);
  CHECK(set.max == UINT64_MAX - 5);
  CHECK(set.sum == UINT64_MAX);
}

}  // namespace berth::tcs
