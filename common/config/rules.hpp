// Rules for settings that more than one program has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/config/schema.hpp"
#include "common/result/result.hpp"

namespace berth::config {

/// The setting `region`: what may stand in an ARN.
Setting region(std::string doc);

/// InvalidArgument with one problem a line; success when there is none.
Status noProblems(const std::vector<std::string>& problems);

}  // namespace berth::config
