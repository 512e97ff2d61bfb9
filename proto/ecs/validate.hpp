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
  std::string type;     ///< e.g. "InvalidParameterException"
  std::string message;  ///< names the members; values of sensitive ones are not shown
};

/// Checks `input`, and makes it what actions rely on: members that the shape does not have are gone at every
/// level (agents send some), and so are nulls; whole numbers written as 1.0 are integers; timestamps written
/// as text are seconds since the epoch. The first of these that fails decides:
/// types (SerializationException), enums, then required members, ranges, lengths and patterns (both the
/// operation's parameterException, or what the member declares). After a failure `input` is in any state.
/// Sources of the general messages: the AWS JSON 1.1 framework's answers, as its services give them.
std::optional<ValidationFailure> checkInput(const Operation& operation, nlohmann::json& input);

/// What in an answer does not fit the operation's output: wrong types, nulls, values that an enum does not
/// have, members that the shape does not have. Empty when all fits.
std::vector<std::string> checkOutput(const Operation& operation, const nlohmann::json& output);

}  // namespace berth::ecs
