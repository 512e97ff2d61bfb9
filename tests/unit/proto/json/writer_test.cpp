#include "proto/json/writer.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace berth::json {
namespace {

TEST_CASE("members, elements and lists within lists are written in the order of the calls") {
  Writer out;
  out.openObject();
  out.text("name", "a");
  out.openList("list");
  out.text("x");
  out.integer(-1);
  out.openObject();
  out.boolean("yes", true);
  out.closeObject();
  out.closeList();
  out.raw("raw", R"({"a":[1]})");
  out.openObject("empty");
  out.closeObject();
  out.real("at", 1790000000.25);
  out.closeObject();
  CHECK(out.str() ==
        R"({"name":"a","list":["x",-1,{"yes":true}],"raw":{"a":[1]},"empty":{},"at":1790000000.25})");
}

TEST_CASE("every text comes back as it was, whatever has to be escaped in it") {
  for (const size_t before : {0, 1, 15, 16, 40}) {
    for (int c = 1; c < 128; ++c) {
      const std::string text = std::string(before, 'a') + static_cast<char>(c) + "\xc3\xa9 end";
      Writer out;
      out.openObject();
      out.text(text, text);
      out.closeObject();
      CHECK(nlohmann::json::parse(out.str()) == nlohmann::json{{text, text}});
    }
  }
  Writer out;
  out.openObject();
  out.text("empty", "");
  out.text("zero", std::string_view("a\0b", 3));
  out.closeObject();
  CHECK(out.str() == R"({"empty":"","zero":"a\u0000b"})");
}

}  // namespace
}  // namespace berth::json
