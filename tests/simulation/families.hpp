// What the tasks of a run are made of. The image of a container says what it does: see FaultyRuntime.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace berth::simulation {

using Json = nlohmann::json;

inline constexpr const char* kFamilies[] = {"web", "web",     "web",        "stubborn", "job",   "crash",
                                            "oom", "missing", "badcommand", "again",    "chain", "broken"};

/// Families whose tasks run until they are stopped.
bool lasts(const std::string& family);

/// How a container ends that nobody stops; nullopt: it does not end, or never runs.
std::optional<int> exitCodeOf(const std::string& family, const std::string& container);

/// What the containers of a family are; most have one that matters and one beside it.
Json containersOf(const std::string& family);

/// The attributes of a host, by its number: three zones, and racks of ten among five hundred hosts.
std::string zoneOf(size_t host);
std::string rackOf(size_t host);

/// The id in a task's ARN.
std::string idOf(const std::string& arn);

}  // namespace berth::simulation
