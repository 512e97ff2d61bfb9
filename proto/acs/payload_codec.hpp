// The JSON form of a payload's tasks, for the codecs of both directions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "proto/acs/messages.hpp"
#include "proto/json/fields.hpp"

namespace berth::acs {

/// Reads one task; what is wrong with it is left in `fields`, and the rest is read nevertheless.
Task decodeTask(json::Fields& fields);

/// The member `name` of `fields`; nullopt when it is absent. Its credentialsId is required.
std::optional<Credentials> decodeCredentials(json::Fields& fields, std::string_view name);

/// A whole frame.
std::string encodePayload(const PayloadMessage& payload);
nlohmann::json encodeCredentials(const Credentials& credentials);

}  // namespace berth::acs
