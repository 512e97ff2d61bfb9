#include "proto/docker/log_stream.hpp"

#include <catch2/catch.hpp>

using berth::docker::logLines;
using Lines = std::vector<std::string>;

namespace {

std::string framed(char stream, const std::string& text) {
  std::string out(8, '\0');
  out[0] = stream;
  out[7] = static_cast<char>(text.size());
  return out + text;
}

}  // namespace

TEST_CASE("frames of both streams are one text in their order") {
  CHECK(logLines(framed(1, "one\n") + framed(2, "two\nthr") + framed(2, "ee\n"), 100) ==
        Lines{"one", "two", "three"});
}

TEST_CASE("the log of a terminal has no frames") { CHECK(logLines("a\r\nb", 100) == Lines{"a", "b"}); }

TEST_CASE("a frame that was cut off is taken as it is, and long lines are cut") {
  std::string cut = framed(1, "0123456789");
  cut.resize(12);
  CHECK(logLines(cut, 100) == Lines{"0123"});
  CHECK(logLines(framed(1, "0123456789\n"), 4) == Lines{"0123"});
  CHECK(logLines("", 100).empty());
  CHECK(logLines(std::string("\1\0\0\0\0", 5), 100).size() == 1);
}
