// What the Docker Engine's refusals mean. Its own words stay the message.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace berth::agent {

/// By the HTTP status: 400 InvalidArgument, 401 and 403 PermissionDenied, 404 NotFound, 409
/// FailedPrecondition, 501 Unimplemented, 503 Unavailable, else Internal.
Error engineError(int status, std::string message);

/// For calls that the engine passes on to a registry: it answers them with 404 or 500, or with an error
/// inside the stream, and only the text tells what the registry said. Unavailable, PermissionDenied,
/// ResourceExhausted and NotFound are recognised by it; what is not goes by the status.
Error registryError(int status, std::string message);

}  // namespace berth::agent
