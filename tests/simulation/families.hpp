// What the tasks of a run are made of. The image of a container says what it does: see FaultyRuntime.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace berth::simulation {

inline constexpr const char* kFamilies[] = {"web", "web",     "web",        "stubborn", "job",   "crash",
                                            "oom", "missing", "badcommand", "again",    "chain", "broken"};

/// Families whose tasks run until they are stopped.
bool lasts(const std::string& family);

/// How a container ends that nobody stops; nullopt: it does not end, or never runs.
std::optional<int> exitCodeOf(const std::string& family, const std::string& container);

/// What the containers of a family are; most have one that matters and one beside it.
nlohmann::json containersOf(const std::string& family);

/// The id in a task's ARN.
std::string idOf(const std::string& arn);

}  // namespace berth::simulation
