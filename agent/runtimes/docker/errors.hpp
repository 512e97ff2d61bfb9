// What the Docker Engine's refusals mean. Its own words stay the message.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent {

/// By the HTTP status: 400 InvalidArgument, 401 and 403 PermissionDenied, 404 NotFound, 409
/// FailedPrecondition, 501 Unimplemented, 503 Unavailable, else Internal.
Error engineError(int status, std::string message);

/// For calls that the engine passes on to a registry: it answers them with 404 or 500, or with an error
/// inside the stream, and only the text tells what the registry said. What is not recognised by it goes by
/// the status.
///   another try may help    Unavailable (no connection, 5xx), ResourceExhausted (429; a full disk, once it
///                           was cleaned up)
///   it can't                PermissionDenied, NotFound, InvalidArgument, FailedPrecondition (TLS), DataLoss
///                           (content that is not what its digest says)
Error registryError(int status, std::string message);

/// The same, told to the people whose task wanted `image`: what to check, then the image and the engine's own
/// words, without the queries of the URLs in them, which hold signatures.
Error registryFailure(int status, std::string message, const std::string& image);

/// Whether an error of a pull says that the host's disk is full.
bool saysDiskFull(const Error& error);

/// Replaces the query of each URL in `text`: "https://host/path?REDACTED".
std::string withoutQueries(std::string_view text);

}  // namespace berth::agent
