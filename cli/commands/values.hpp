// What the API answers, read for people.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/table/table.hpp"
#include "common/time/clock.hpp"

namespace berth::cli {

/// A member that is text; empty where it is not.
std::string textAt(const nlohmann::json& value, const char* member);
/// A member that is a whole number; 0 where it is not.
int64_t numberAt(const nlohmann::json& value, const char* member);
bool flagAt(const nlohmann::json& value, const char* member);
/// A member that is a list; an empty one where it is not.
const nlohmann::json& listAt(const nlohmann::json& value, const char* member);
/// A timestamp of the API.
std::optional<WallTime> timeAt(const nlohmann::json& value, const char* member);

/// How long ago a timestamp was; empty where it is not there.
std::string sinceAt(const nlohmann::json& value, const char* member, WallTime now);

/// The name that people have for a container instance: EC2's id, else its attribute `name` or `berth.name`,
/// else nothing.
std::string nodeName(const nlohmann::json& instance);
/// The service that a task is of, else its definition ("hello:3").
std::string taskName(const nlohmann::json& task);
/// "STOPPING" where a task that runs is to stop, else its lastStatus.
std::string taskStatus(const nlohmann::json& task);
/// "32768->80/tcp, ...", each once.
std::string taskPorts(const nlohmann::json& task);
/// Why a task has stopped, with the exit code of the first container that failed: "exit 1: ...".
std::string stopReason(const nlohmann::json& task);

Tone toneOf(const std::string& status);

}  // namespace berth::cli
