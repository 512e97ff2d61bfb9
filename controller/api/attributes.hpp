// Attributes of instances, as registrations and PutAttributes look at them.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The error of an attribute berth.address that is no IP address.
std::optional<ApiError> checkAddress(const Json& attribute);

/// How many custom attributes an instance has: those whose names are not the agents'.
int64_t customAttributes(const Instance& instance);

/// The error, of type `type`, of an instance with more custom attributes than its quota.
std::optional<ApiError> checkAttributeQuota(const Context& context, const Instance& instance,
                                            const std::string& type);

}  // namespace berth::controller
