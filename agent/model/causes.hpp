// Why a task ended, as a chain that people can follow.
#pragma once

#include <string>
#include <vector>

#include "agent/model/task.hpp"

namespace berth::agent {

/// What led to the end of a task, the first cause first; empty while nothing makes it end.
std::vector<std::string> causesOf(const Task& task);

/// The container whose end made the task end; nullptr when none did.
const Container* culprit(const Task& task);

}  // namespace berth::agent
