#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "proto/json/fields.hpp"

namespace berth::json {
namespace {

std::string nested(int depth) {
  std::string out = R"({"a":)";
  for (int i = 0; i < depth; ++i) out += '[';
  for (int i = 0; i < depth; ++i) out += ']';
  return out + "}";
}

}  // namespace

TEST_CASE("an object is parsed") {
  auto object = parseObject(R"( {"a": 1} )", "the body");
  REQUIRE(object.ok());
  CHECK(object->at("a") == 1);
}

TEST_CASE("what is no JSON is refused by the name of the input") {
  for (const char* text : {"", " ", "{", "{]", "nul", "{\"a\":}", "{\"a\":1}x", "{\"a\":1e999}", "{'a':1}",
                           "\xff", "{\"a\":\"\xff\"}", "{\"a\":1,}"}) {
    INFO(text);
    auto object = parseObject(text, "the body");
    REQUIRE_FALSE(object.ok());
    CHECK(object.error().code == Code::InvalidArgument);
    CHECK(object.error().message == "the body is not valid JSON");
  }
}

TEST_CASE("what is JSON but no object is refused") {
  for (const char* text : {"[]", "1", "null", "\"text\"", "true"}) {
    auto object = parseObject(text, "the body");
    REQUIRE_FALSE(object.ok());
    CHECK(object.error().message == "the body is not a JSON object");
  }
}

TEST_CASE("depth is limited, so that no text can exhaust the stack") {
  CHECK(parseObject(nested(50), "the body").ok());
  for (int depth : {100, 100'000}) {
    auto object = parseObject(nested(depth), "the body");
    REQUIRE_FALSE(object.ok());
    CHECK(object.error().message == "the body is nested deeper than 64 levels");
  }
}

TEST_CASE("what is written is what the library writes") {
  const nlohmann::json value{
      {"", nlohmann::json::object()},
      {"empty", nlohmann::json::array()},
      {"list", {1, -1, 0, INT64_MIN, INT64_MAX, UINT64_MAX, true, false, nullptr, "a", {{"deep", {{}, ""}}}}},
      {"reals", {0.0, -0.0, 1.0, 1.5, 1719650000.123, 1e300, 1e-7, 100000000000000000000.0}},
      {"texts", {"plain ~", "q\"", "b\\", "/", "\n\t\x01", "\x7f", "h\xc3\xa9", std::string("a\0b", 3)}},
      {"key \"q\"\n", 1}};
  CHECK(dump(value) == value.dump());
  for (const nlohmann::json& one : value) CHECK(dump(one) == one.dump());
}

TEST_CASE("bytes that are no UTF-8 are replaced when text is made") {
  nlohmann::json value{{"a", "x\xff"}};
  CHECK(dump(value) == "{\"a\":\"x\xef\xbf\xbd\"}");
}

}  // namespace berth::json
