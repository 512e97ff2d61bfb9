#include "controller/scheduler/distribution.hpp"

#include <catch2/catch.hpp>
#include <numeric>

using namespace berth::controller;

namespace {

using Counts = std::vector<int64_t>;

}  // namespace

TEST_CASE("A base comes first, and the rest goes by the weights") {
  CHECK(distribute({{"A", 1, 1}, {"B", 0, 4}}, 11) == Counts{3, 8});
  CHECK(distribute({{"A", 1, 1}, {"B", 0, 4}}, 1) == Counts{1, 0});
  CHECK(distribute({{"A", 0, 1}, {"B", 5, 1}}, 3) == Counts{0, 3});
  CHECK(distribute({{"A", 0, 1}, {"B", 5, 1}}, 7) == Counts{1, 6});
}

TEST_CASE("A weight of zero gets nothing beyond its base, unless there is nobody else") {
  CHECK(distribute({{"A", 2, 0}, {"B", 0, 1}}, 10) == Counts{2, 8});
  CHECK(distribute({{"A", 0, 0}}, 10) == Counts{10});
  CHECK(distribute({{"A", 3, 0}}, 10) == Counts{10});
}

TEST_CASE("Equal weights take turns, the first one first") {
  const std::vector<ProviderShare> strategy{{"A", 0, 1}, {"B", 0, 1}, {"C", 0, 1}};
  CHECK(distribute(strategy, 1) == Counts{1, 0, 0});
  CHECK(distribute(strategy, 2) == Counts{1, 1, 0});
  CHECK(distribute(strategy, 7) == Counts{3, 2, 2});
}

TEST_CASE("What providers have already counts") {
  const std::vector<ProviderShare> strategy{{"A", 1, 1}, {"B", 0, 4}};
  CHECK(distribute(strategy, 1, {1, 0}) == Counts{0, 1});
  CHECK(distribute(strategy, 4, {1, 8}) == Counts{2, 2});
  CHECK(distribute(strategy, 1, {0, 8}) == Counts{1, 0});
  // One by one or all at once comes to the same.
  Counts has{0, 0};
  for (int i = 0; i < 11; ++i) {
    const Counts next = distribute(strategy, 1, has);
    for (size_t item = 0; item < has.size(); ++item) has[item] += next[item];
  }
  CHECK(has == Counts{3, 8});
}

TEST_CASE("Each share stays within one task of what the weights ask for, and every task has a place") {
  const std::vector<ProviderShare> strategy{{"A", 0, 7}, {"B", 0, 2}, {"C", 0, 0}, {"D", 0, 1}};
  for (int64_t count = 0; count <= 200; ++count) {
    const Counts shares = distribute(strategy, count);
    CHECK(std::accumulate(shares.begin(), shares.end(), int64_t{0}) == count);
    CHECK(shares[2] == 0);
    for (size_t i = 0; i < strategy.size(); ++i) {
      const double wanted = static_cast<double>(strategy[i].weight * count) / 10.0;
      CHECK(std::abs(static_cast<double>(shares[i]) - wanted) < 1.0);
    }
  }
}

TEST_CASE("No tasks and no strategy share nothing out") {
  CHECK(distribute({}, 5).empty());
  CHECK(distribute({{"A", 1, 1}}, 0) == Counts{0});
}
