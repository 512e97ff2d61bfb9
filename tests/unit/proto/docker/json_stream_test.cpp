#include "proto/docker/json_stream.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace berth::docker {
namespace {

TEST_CASE("Lines come out whole, however the stream is cut") {
  const std::string stream = "{\"a\":1}\r\n\n{\"b\":2}\n{\"cut";
  for (size_t step = 1; step <= stream.size(); ++step) {
    CAPTURE(step);
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (size_t at = 0; at < stream.size(); at += step) {
      const Status fed = splitter.feed(std::string_view(stream).substr(at, step),
                                       [&](std::string_view line) { lines.emplace_back(line); });
      REQUIRE(fed);
    }
    CHECK(lines == std::vector<std::string>{"{\"a\":1}\r", "{\"b\":2}"});
  }
}

TEST_CASE("A line without an end is given up") {
  LineSplitter splitter;
  const std::string half(LineSplitter::kLongestLine / 2 + 1, 'x');
  CHECK(splitter.feed(half, [](std::string_view) { FAIL("no line is complete"); }));
  const Status fed = splitter.feed(half, [](std::string_view) { FAIL("no line is complete"); });
  REQUIRE_FALSE(fed);
  CHECK(fed.error().code == Code::ResourceExhausted);
}

}  // namespace
}  // namespace berth::docker
