// What the pure tests include: Catch and JSON.
#pragma once

#include "cmake/pch_json.hpp"

#include <catch2/catch.hpp>

namespace berth::pch {

// Never called, as instantiate() beside it.
inline void instantiateChecks(const nlohmann::json& value, const std::string& text) {
  CHECK(value == value);
  CHECK(value["name"] == "text");
  CHECK(value["number"] == 1);
  CHECK(value["flag"] == true);
  CHECK(value["name"] == text);
  CHECK(text == "text");
  CHECK(text == text);
  CHECK(text.size() == 1);
  CHECK(text.size() == 1u);
  CHECK_FALSE(text.empty());
  REQUIRE(text.empty());
}

}  // namespace berth::pch
