// Environment files: how they are read, and how they and a container's own variables come together.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::agent {

using Environment = std::map<std::string, std::string>;

/// Reads "NAME=value" lines: split at the first '=', nothing trimmed or unquoted; lines that begin with '#',
/// have no '=', or are empty on one side of it are skipped; of two lines with one name the later counts. A
/// byte order mark and carriage returns at line ends are dropped. InvalidArgument for what is not UTF-8 text;
/// the message names the line.
/// Source: amazon-ecs-agent, agent/taskresource/envFiles.
Result<Environment> parseEnvironmentFile(std::string_view text);

/// The variables of `own`, and behind them those of `files`: what is set keeps its value, so `own` wins over
/// all files and an earlier file over a later one.
Environment mergeEnvironment(Environment own, const std::vector<Environment>& files);

}  // namespace berth::agent
