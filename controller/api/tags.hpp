// Tags of resources: the rules beyond their shapes.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

constexpr size_t kMostTags = 50;

/// The rule that tags which a user gives break: keys that begin with "aws:", in any case, are the service's.
std::optional<ApiError> checkTags(const Json& tags);

/// `more` over `tags`: a key that is there keeps its place and gets the new value, others follow in order.
Json mergedTags(Json tags, const Json& more);

/// The tags that a call gives its new resource, as they are kept: JSON text, each key once.
ApiResult<std::string> givenTags(const Json& input);

}  // namespace berth::controller
