#include "common/text/replace.hpp"

#include <catch2/catch.hpp>
#include <string>

using berth::replaceAll;

TEST_CASE("a word is replaced wherever it stands, and what is put is left alone") {
  std::string text = "{id}/{id}{id}";
  replaceAll(text, "{id}", "x{id}");
  CHECK(text == "x{id}/x{id}x{id}");
  replaceAll(text, "x{id}", "");
  CHECK(text == "/");
  replaceAll(text, "absent", "y");
  CHECK(text == "/");
}
