// Checking requests by the name of their operation.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "proto/ecs/validate.hpp"

namespace berth::ecs {

inline const Operation& operationOf(const std::string& name) {
  const Operation* operation = model().findOperation(name);
  INFO("operation " << name);
  REQUIRE(operation);
  return *operation;
}

/// "" when the request is accepted, else "Exception: message".
inline std::string refusal(const std::string& operation, nlohmann::json input) {
  auto failure = checkInput(operationOf(operation), input);
  return failure ? failure->type + ": " + failure->message : "";
}

/// What an accepted request has become.
inline nlohmann::json accepted(const std::string& operation, nlohmann::json input) {
  auto failure = checkInput(operationOf(operation), input);
  INFO((failure ? failure->message : ""));
  REQUIRE_FALSE(failure);
  return input;
}

}  // namespace berth::ecs
