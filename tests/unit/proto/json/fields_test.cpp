#include "proto/json/fields.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::json {
namespace {

using Json = nlohmann::json;

/// What a read of a member of the wrong type is answered with.
template <class Read>
std::string faultOf(const Json& object, Read read) {
  Fields fields(object, "m");
  read(fields);
  return fields.status() ? "" : fields.status().error().message;
}

}  // namespace

TEST_CASE("members are read by their types") {
  const Json object =
      Json::parse(R"({"s":"text","i":-3,"n":1.5,"b":true,"l":[1,2],"t":["a","b"],"m":{"k":"v"}})");
  Fields fields(object, "m");
  CHECK(fields.str("s") == "text");
  CHECK(fields.integer("i") == -3);
  CHECK(fields.number("n") == 1.5);
  CHECK(fields.number("i") == -3.0);
  CHECK(fields.boolean("b"));
  CHECK(fields.list("l").size() == 2);
  CHECK(fields.strings("t") == std::vector<std::string>{"a", "b"});
  CHECK(fields.stringMap("m") == std::map<std::string, std::string>{{"k", "v"}});
  CHECK(fields.status().ok());
}

TEST_CASE("an absent member yields its default") {
  const Json object = Json::object();
  Fields fields(object, "m");
  CHECK(fields.str("x", "d") == "d");
  CHECK(fields.integer("x", 7) == 7);
  CHECK_FALSE(fields.optionalInteger("x").has_value());
  CHECK(fields.number("x", 0.5) == 0.5);
  CHECK_FALSE(fields.optionalNumber("x").has_value());
  CHECK(fields.boolean("x", true));
  CHECK(fields.list("x").empty());
  CHECK_FALSE(fields.optionalStrings("x").has_value());
  CHECK(fields.stringMap("x").empty());
  CHECK_FALSE(fields.has("x"));
  CHECK(fields.status().ok());
}

TEST_CASE("null counts as absent") {
  const Json object = Json::parse(R"({"x":null,"Y":null})");
  Fields fields(object, "m");
  CHECK_FALSE(fields.has("x"));
  CHECK_FALSE(fields.has("y"));
  CHECK(fields.str("x", "d") == "d");
  CHECK_FALSE(fields.optionalInteger("x").has_value());
  CHECK_FALSE(fields.optionalStrings("x").has_value());
  CHECK(fields.status().ok());
}

TEST_CASE("keys match without regard to case, an exact match first") {
  const Json object = Json::parse(R"({"MESSAGEID":"upper","messageId":"exact","TaskArn":"arn"})");
  Fields fields(object, "m");
  CHECK(fields.str("messageId") == "exact");
  CHECK(fields.str("taskarn") == "arn");
  CHECK(fields.str("TASKARN") == "arn");
  CHECK_FALSE(fields.has("taskAr"));
}

TEST_CASE("a member of the wrong type is named with the rule it breaks") {
  const Json object = Json::parse(
      R"({"s":"x","n":1,"f":1.5,"b":true,"l":[1],"o":{"k":1},"big":18446744073709551615,"huge":1e300})");
  CHECK(faultOf(object, [](Fields& f) { f.str("n"); }) == "m.n is not a string");
  CHECK(faultOf(object, [](Fields& f) { f.integer("s"); }) == "m.s is not an integer");
  CHECK(faultOf(object, [](Fields& f) { f.integer("f"); }) == "m.f is not an integer");
  CHECK(faultOf(object, [](Fields& f) { f.integer("b"); }) == "m.b is not an integer");
  CHECK(faultOf(object, [](Fields& f) { f.integer("huge"); }) == "m.huge is not an integer");
  CHECK(faultOf(object, [](Fields& f) { f.integer("big"); }) == "m.big is larger than a 64-bit integer");
  CHECK(faultOf(object, [](Fields& f) { f.number("s"); }) == "m.s is not a number");
  CHECK(faultOf(object, [](Fields& f) { f.boolean("n"); }) == "m.n is not a boolean");
  CHECK(faultOf(object, [](Fields& f) { f.list("o"); }) == "m.o is not a list");
  CHECK(faultOf(object, [](Fields& f) { f.strings("l"); }) == "m.l is not a list of strings");
  CHECK(faultOf(object, [](Fields& f) { f.strings("s"); }) == "m.s is not a list");
  CHECK(faultOf(object, [](Fields& f) { f.stringMap("l"); }) == "m.l is not a map");
  CHECK(faultOf(object, [](Fields& f) { f.stringMap("o"); }) == "m.o is not a map of strings");
}

TEST_CASE("whole numbers may be written with a fraction of zero") {
  const Json object = Json::parse(R"({"x":3.0,"y":-2e2})");
  Fields fields(object, "m");
  CHECK(fields.integer("x") == 3);
  CHECK(fields.integer("y") == -200);
  CHECK(fields.status().ok());
}

TEST_CASE("the ends of the range of integers are read") {
  const Json object = Json::parse(R"({"x":9223372036854775807,"y":-9223372036854775808})");
  Fields fields(object, "m");
  CHECK(fields.integer("x") == INT64_MAX);
  CHECK(fields.integer("y") == INT64_MIN);
  CHECK(fields.status().ok());
}

TEST_CASE("a required text must be there and not be empty") {
  const Json object = Json::parse(R"({"x":"","y":null})");
  for (const char* key : {"x", "y", "z"}) {
    CHECK(faultOf(object, [&](Fields& f) { f.requiredStr(key); }) ==
          "m." + std::string(key) + " is missing or empty");
  }
}

TEST_CASE("the first fault stands") {
  const Json object = Json::parse(R"({"a":1,"b":2})");
  Fields fields(object, "m");
  fields.str("a");
  fields.str("b");
  REQUIRE_FALSE(fields.status().ok());
  CHECK(fields.status().error().message == "m.a is not a string");
}

TEST_CASE("the fault of what is inside becomes the fault of what is around it") {
  const Json object = Json::parse(R"({"inner":{"a":1}})");
  Fields outer(object, "m");
  Fields inner(*outer.find("inner"), outer.pathOf("inner"));
  inner.str("a");
  outer.absorb(inner);
  REQUIRE_FALSE(outer.status().ok());
  CHECK(outer.status().error().message == "m.inner.a is not a string");
}

TEST_CASE("what is no object has no members, and says so") {
  const Json list = Json::array({1});
  Fields fields(list, "m");
  CHECK_FALSE(fields.has("a"));
  CHECK(fields.str("a", "d") == "d");
  REQUIRE_FALSE(fields.status().ok());
  CHECK(fields.status().error().message == "m is not a JSON object");
}

}  // namespace berth::json
