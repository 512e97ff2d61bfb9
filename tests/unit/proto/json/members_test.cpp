#include "proto/json/members.hpp"

#include <catch2/catch.hpp>

namespace berth::json {
namespace {

TEST_CASE("Of an object the named members are kept, as they are written") {
  CHECK(keepMembers(R"({"a":1,"b":[1,{"c":"}"}],"d":"x\"}","e":{"a":2}})", {"a", "d"}) ==
        R"({"a":1,"d":"x\"}"})");
  CHECK(keepMembers(R"( { "A" : true , "b":null } )", {"a"}) == R"({"A":true})");
  CHECK(keepMembers(R"({"a":1})", {"b"}) == "{}");
  CHECK(keepMembers("{}", {"b"}) == "{}");
}

TEST_CASE("A path names a member of a member") {
  const std::string text = R"({"a":{"b":{"c":1,"x":2},"y":[]},"a.b":3,"z":4})";
  CHECK(keepMembers(text, {"a.b.c"}) == R"({"a":{"b":{"c":1}}})");
  CHECK(keepMembers(text, {"a.b.c", "a.y"}) == R"({"a":{"b":{"c":1},"y":[]}})");
  CHECK(keepMembers(text, {"a.b", "a"}) == R"({"a":{"b":{"c":1,"x":2},"y":[]}})");
  // What is no object is for the reader to judge.
  CHECK(keepMembers(R"({"a":[1],"b":2})", {"a.b"}) == R"({"a":[1]})");
  CHECK(keepMembers(R"({"a":null})", {"a.b"}) == R"({"a":null})");
}

TEST_CASE("Text whose members can't be told apart stays as it is") {
  const std::string text = GENERATE("", "null", "[1]", "{", R"({"a")", R"({"a":})", R"({"a":1)",
                                    R"({"a":1]})", R"({"a" 1})", R"({"a":"x})", R"({"a":{"b":1})",
                                    R"({"a":1}x)", R"({"a":1,})", R"({,"a":1})", R"({"a":{"b"}})", "{a:1}");
  CHECK(keepMembers(text, {"a.b"}) == text);
}

}  // namespace
}  // namespace berth::json
