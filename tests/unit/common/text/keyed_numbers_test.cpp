#include "common/text/keyed_numbers.hpp"

#include <catch2/catch.hpp>

namespace berth {
namespace {

TEST_CASE("Lines of a name and a number are read, the last with or without its end") {
  const std::map<std::string, uint64_t> both{{"cache", 1}, {"rss", 2}};
  CHECK(parseKeyedNumbers("cache 1\nrss 2\n") == both);
  CHECK(parseKeyedNumbers("cache 1\nrss 2\nrss 3") == both);
  CHECK(parseKeyedNumbers("")->empty());
}

TEST_CASE("A line that is no name and number makes the whole text none") {
  for (const char* text :
       {"cache\n", "cache x\n", "\n", " 1\n", "cache 1\n\nrss 2\n", "cache 1 2\n", "cache -1"}) {
    CAPTURE(text);
    CHECK_FALSE(parseKeyedNumbers(text));
  }
}

}  // namespace
}  // namespace berth
