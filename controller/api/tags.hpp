// Tags of resources: the rules beyond their shapes.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The rule that tags which a user gives break: keys that begin with "aws:", in any case, are the service's,
/// and berth:dns is a name that DNS can have.
std::optional<ApiError> checkTags(const Json& tags);

/// The tags that a call gives its new resource, as they are kept: JSON text, each key once.
ApiResult<std::string> givenTags(const Json& input);

}  // namespace berth::controller
