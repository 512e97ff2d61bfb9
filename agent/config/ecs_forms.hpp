// The forms in which amazon-ecs-agent writes its settings, and what they come to here.
// Source: agent-protocol.md, section 9; amazon-ecs-agent, agent/config/parse.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/config/schema.hpp"

namespace berth::agent {

/// Go's strconv.ParseBool: 1, t, T, true, TRUE, True and their opposites.
std::optional<bool> parseGoBoolean(std::string_view text);

/// Go's time.ParseDuration: "1h30m", "1.5h", "-2s", "0". nullopt also for what doesn't fit in 292 years.
std::optional<Duration> parseGoDuration(std::string_view text);

// One function for each form; each gives an Alias of a setting of a fitting type.

config::Alias asText(std::string variable, std::string jsonKey);
/// Whole numbers; for a Size the number is in MiB.
config::Alias asNumber(std::string variable, std::string jsonKey);
config::Alias asBoolean(std::string variable, std::string jsonKey);
/// "..._DISABLED=true" where the setting says "enabled: false".
config::Alias asOpposite(std::string variable, std::string jsonKey);
/// What is below `least` is raised to it, with a warning; "0s" counts as not set, as amazon-ecs-agent has it.
config::Alias asDuration(std::string variable, std::string jsonKey, Duration least = Duration(0));
/// The same, but what is below `least` counts as not set.
config::Alias asDurationOrDefault(std::string variable, std::string jsonKey, Duration least);
/// A JSON array of strings or numbers, for a List.
config::Alias asJsonList(std::string variable, std::string jsonKey);
/// A JSON object of strings, for a Map.
config::Alias asJsonMap(std::string variable, std::string jsonKey);
/// "a,b", for a List; in JSON an array.
config::Alias asCommaList(std::string variable, std::string jsonKey);
/// A host or URL; "https://" where it has no scheme.
config::Alias asEndpoint(std::string variable, std::string jsonKey);
/// debug, info, warn, error, crit.
config::Alias asLogLevel(std::string variable);
/// logfmt, json.
config::Alias asLogFormat(std::string variable);
/// The words of `images.pull_behavior`; in JSON also their numbers, 0 to 3.
config::Alias asPullBehavior(std::string variable, std::string jsonKey);

/// Whether the alias is a duration, which is a number of nanoseconds in JSON.
bool isDuration(const config::Alias& alias);

}  // namespace berth::agent
