#include "common/ids/random.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <set>
#include <vector>

using namespace berth;

namespace {

/// Gives the values it was made with, then zeros.
class Scripted final : public Random {
 public:
  explicit Scripted(std::deque<uint64_t> values) : values_(std::move(values)) {}
  uint64_t next() override {
    if (values_.empty()) return 0;
    const uint64_t value = values_.front();
    values_.pop_front();
    return value;
  }
  size_t left() const { return values_.size(); }

 private:
  std::deque<uint64_t> values_;
};

}  // namespace

TEST_CASE("uniform covers 0 up to but without 1") {
  Scripted ends({0, UINT64_MAX});
  CHECK(ends.uniform() == 0.0);
  const double top = ends.uniform();
  CHECK(top < 1.0);
  CHECK(top > 0.9999999999999998 - 1e-15);
}

TEST_CASE("below stays below, reaches everything and knows 0") {
  SeededRandom random(1);
  std::vector<int> seen(6);
  for (int i = 0; i < 6000; ++i) ++seen.at(random.below(6));
  for (int count : seen) CHECK(count > 800);
  CHECK(random.below(1) == 0);
  CHECK(random.below(0) == 0);
}

TEST_CASE("below draws again where a remainder would be too likely") {
  // 2^64 mod 3 is 1, so the one value 0 is left out.
  Scripted random({0, 5});
  CHECK(random.below(3) == 2);
  CHECK(random.left() == 0);
}

TEST_CASE("the same seed gives the same ids, another seed others") {
  SeededRandom a(42), b(42), c(43);
  const std::string first = randomHex(a, 32);
  CHECK(first == randomHex(b, 32));
  CHECK(first != randomHex(c, 32));
}

TEST_CASE("the system's randomness does not repeat") {
  SystemRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.next());
  CHECK(seen.size() == 100);
}

TEST_CASE("hex ids have the length and the digits asked for") {
  SeededRandom random(3);
  for (size_t length : {0, 1, 16, 17, 32}) {
    const std::string text = randomHex(random, length);
    CHECK(text.size() == length);
    CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("uuids are of version 4") {
  SeededRandom random(4);
  for (int i = 0; i < 50; ++i) {
    CHECK_THAT(randomUuid(random),
               Catch::Matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
}

TEST_CASE("alphanumeric ids use all letters and digits") {
  SeededRandom random(5);
  const std::string text = randomAlnum(random, 4000);
  CHECK(text.size() == 4000);
  CHECK(std::set<char>(text.begin(), text.end()).size() == 62);
  CHECK(std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; }));
}
