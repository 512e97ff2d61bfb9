// What the options of all log drivers have in common.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent::sinks {

Error wrongOption(const std::string& name, const std::string& value, const std::string& rule);
Error unknownOption(const std::string& driver, const std::string& name);

/// Whether an option says how a container waits for its log, or how much of its own memory may be in between:
/// none does, and there is none.
bool isOfWaiting(std::string_view name);

/// A tag with {{.ID}}, {{.FullID}} and {{.Name}} filled in; InvalidArgument for one with others.
Result<std::string> tagOf(std::string text, const std::string& containerId, const std::string& containerName);

}  // namespace berth::agent::sinks
