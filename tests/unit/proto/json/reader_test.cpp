#include "proto/json/reader.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

namespace berth::json {
namespace {

using Json = nlohmann::json;

constexpr int kDepth = 8;

/// Both the value and whether numbers are signed, unsigned or real.
void checkAsLibrary(const std::string& text) {
  INFO(text);
  Json read;
  REQUIRE(readFast(text, kDepth, read));
  const Json expected = Json::parse(text);
  CHECK(read == expected);
  const Json had = read.flatten();
  const Json wanted = expected.flatten();
  for (const auto& [path, value] : wanted.items()) CHECK(had.at(path).type() == value.type());
}

}  // namespace

TEST_CASE("text is read as nlohmann/json reads it") {
  for (
      const char* text : {
          R"({})",
          R"([])",
          R"("")",
          R"(0)",
          R"( { "a" : [ 1 , -1 , 0 , -0 , 1.5 , -0.25 , 0.0 ] } )",
          "\t\r\n[true,false,null]\n",
          R"({"b":{"c":[[],{},[{}]]},"a":"text","":1})",
          R"({"a":1,"a":{"b":2},"a":[3]})",
          R"([999999999999999999,-999999999999999999,1719650000.123,0.1,123456789012345678.123456789012345678])",
          "\"\x7f ~/'\"",
          R"(["a\n\"\\\/\b\f\r\t", 1e5, 1.5E-3, -2e+10, 1e-400, 5e-324, 0.1234567890123456789])",
          "[\"h\xc3\xa9\", \"\xf0\x9f\x98\x80\"]",
          R"([1000000000000000000, -18446744073709551616, 18446744073709551615, 18446744073709551616])",
          R"([-9223372036854775808, 9223372036854775807, 9223372036854775808, 2147483648, -2147483649])",
      })
    checkAsLibrary(text);
}

TEST_CASE("what is no JSON is not read") {
  for (const char* text :
       {"",           " ",          "{",        "}",     "[",        "]",   "{]",       "[}",      "nul",
        "nulls",      "tru",        "falsey",   "'a'",   "\"",       "\"a", "\"a\nb\"", "{\"a\"}", "{\"a\":}",
        "{1:2}",      "{\"a\":1,}", "[1,]",     "[,1]",  "[1 2]",    "{,}", "01",       "-",       "-01",
        "1.",         ".5",         "-.5",      "+1",    "1.e5",     "--1", "0x10",     "1a",      "[1]x",
        "{\"a\":1}{", "NaN",        "Infinity", "/**/1", "{\"a\" 1}"}) {
    INFO(text);
    Json read;
    CHECK_FALSE(readFast(text, kDepth, read));
    CHECK_FALSE(Json::accept(text));
  }
}

TEST_CASE("what nlohmann/json has to judge is left to it") {
  for (const char* text : {R"("\u00e9")", R"("\udc00")", "\xef\xbb\xbf{}", "1e400", "\"\xff\"",
                           "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", R"("\x")"}) {
    INFO(text);
    Json read;
    CHECK_FALSE(readFast(text, kDepth, read));
  }
  Json read;
  CHECK_FALSE(readFast(std::string_view("{}\0", 3), kDepth, read));
  CHECK_FALSE(readFast(std::string_view("[1,\0]", 5), kDepth, read));
}

TEST_CASE("no cut of a text reads behind its end") {
  const std::string text = R"({"a":[1,-2.5,true,null,"b"],"c":{"d":false}})";
  for (size_t size = 0; size < text.size(); ++size) {
    // A copy of its own, so that a sanitizer sees the end.
    const std::vector<char> cut(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));
    Json read;
    CHECK_FALSE(readFast({cut.data(), cut.size()}, kDepth, read));
  }
}

TEST_CASE("depth is limited") {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  };
  Json read;
  CHECK(readFast(nested(kDepth), kDepth, read));
  CHECK(readFast("[" + nested(kDepth - 1) + "," + nested(kDepth - 1) + "]", kDepth, read));
  CHECK_FALSE(readFast(nested(kDepth + 1), kDepth, read));
  CHECK_FALSE(readFast(R"({"a":)" + nested(kDepth) + "}", kDepth, read));
}

namespace {

std::string keptOf(const std::string& text, const std::vector<std::string_view>& members) {
  Json read;
  return readFast(text, kDepth, read, members) ? read.dump() : "not read";
}

}  // namespace

TEST_CASE("of an object the named members are made") {
  CHECK(keptOf(R"({"a":1,"b":[1,{"c":"}"}],"d":"x\"}","e":{"a":2}})", {"a", "d"}) == R"({"a":1,"d":"x\"}"})");
  CHECK(keptOf(R"( { "A" : true , "b":null } )", {"a"}) == R"({"A":true})");
  CHECK(keptOf(R"({"a":1})", {"b"}) == "{}");
  CHECK(keptOf("{}", {"b"}) == "{}");
  CHECK(keptOf(R"({"b":[[1],{"a":1}],"a":[{"b":[2]},{}],"b":{}})", {"a"}) == R"({"a":[{"b":[2]},{}]})");
}

TEST_CASE("a path names a member of a member") {
  const std::string text = R"({"a":{"b":{"c":1,"x":2},"y":[]},"a.b":3,"z":4})";
  CHECK(keptOf(text, {"a.b.c"}) == R"({"a":{"b":{"c":1}}})");
  CHECK(keptOf(text, {"a.b.c", "a.y"}) == R"({"a":{"b":{"c":1},"y":[]}})");
  CHECK(keptOf(text, {"a.b", "a"}) == R"({"a":{"b":{"c":1,"x":2},"y":[]}})");
  CHECK(keptOf(R"({"a":[1],"b":2})", {"a.b"}) == R"({"a":[1]})");
  CHECK(keptOf(R"({"a":[{"b":1,"c":2}]})", {"a.b"}) == R"({"a":[{"b":1,"c":2}]})");
  CHECK(keptOf(R"({"a":null})", {"a.b"}) == R"({"a":null})");
}

TEST_CASE("what is left out is JSON all the same, and no deeper") {
  CHECK(keptOf(R"({"a":1,"b":[1,]})", {"a"}) == "not read");
  CHECK(keptOf(R"({"a":1,"b":)" + std::string(kDepth, '[') + std::string(kDepth, ']') + "}", {"a"}) ==
        "not read");
}

}  // namespace berth::json
