// Checks requests against their declared shapes, with the exceptions and messages of the service.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "proto/ecs/model.hpp"

namespace berth::ecs {

/// The exception that refuses a request.
struct ValidationFailure {
  std::string type;
  std::string message;
};

/// Checks `input`, a JSON object, and normalises it: members that the shape does not have are removed at
/// every level (agents send some), and so are nulls. Order of the checks: types (SerializationException),
/// enums, then required members, ranges, lengths and patterns (InvalidParameterException, or ClientException
/// where the service uses that). Messages name the member; values of sensitive members are not shown.
std::optional<ValidationFailure> checkInput(const Operation& operation, nlohmann::json& input);

/// What in an answer does not fit the operation's output: wrong types, members that the shape does not have.
/// Empty when all fits. For tests.
std::vector<std::string> checkOutput(const Operation& operation, const nlohmann::json& output);

}  // namespace berth::ecs
