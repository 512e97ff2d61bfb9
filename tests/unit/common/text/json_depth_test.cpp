#include "common/text/json_depth.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace berth {
namespace {

TEST_CASE("the depth of JSON is that of what is open at once") {
  CHECK(jsonDepthOf("1") == 0);
  CHECK(jsonDepthOf(R"({"a": [1, {}], "b": [[]]})") == 3);
  CHECK(jsonDepthOf(R"([[], [], []])") == 2);
}

TEST_CASE("brackets in texts do not count, whatever is escaped there") {
  CHECK(jsonDepthOf(R"({"[[": "{{\"[[\\"})") == 1);
  CHECK(jsonDepthOf(R"(["\\", []])") == 2);
}

TEST_CASE("what is no JSON has some depth, too") {
  CHECK(jsonDepthOf("") == 0);
  CHECK(jsonDepthOf("]]]") == 0);
  CHECK(jsonDepthOf("\"[[") == 0);
  CHECK(jsonDepthOf("\"\\") == 0);
  CHECK(jsonDepthOf(std::string(1000, '[')) == 1000);
}

}  // namespace
}  // namespace berth
