#include "agent/session/backoff.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

TEST_CASE("delays grow to their most, and jitter only adds") {
  SeededRandom random(1);
  Backoff backoff({100ms, 1s, 2.0, 0.2}, random);
  for (Duration base :
       {Duration(100ms), Duration(200ms), Duration(400ms), Duration(800ms), Duration(1s), Duration(1s)}) {
    Duration delay = backoff.next();
    CHECK(delay >= base);
    CHECK(delay <= base * 6 / 5);
  }
}

TEST_CASE("a reset begins anew") {
  SeededRandom random(1);
  Backoff backoff({100ms, 1s, 2.0, 0.0}, random);
  CHECK(backoff.next() == 100ms);
  CHECK(backoff.next() == 200ms);
  backoff.reset();
  CHECK(backoff.next() == 100ms);
}

TEST_CASE("agents that fail together do not come back together") {
  SeededRandom one(1);
  SeededRandom other(2);
  CHECK(Backoff({1s, 1s, 1.0, 0.2}, one).next() != Backoff({1s, 1s, 1.0, 0.2}, other).next());
}
