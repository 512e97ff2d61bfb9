// The settings of clusters.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The rule that settings break (Amazon ECS API Reference, ClusterSetting).
std::optional<ApiError> checkSettings(const Json& settings);

/// Puts settings, configuration and the Service Connect default of a call over those of a cluster's document.
void mergeIntoDocument(Json& document, const Json& input);

}  // namespace berth::controller
