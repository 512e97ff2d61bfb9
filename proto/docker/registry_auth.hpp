// Credentials for a registry, as the Docker Engine takes them.
#pragma once

#include <string>
#include <string_view>

namespace berth::docker {

/// The value of an X-Registry-Auth header: base64url (RFC 4648 section 5, padded) of a JSON object.
/// A secret.
std::string encodeRegistryAuth(std::string_view username, std::string_view password,
                               std::string_view registry);

}  // namespace berth::docker
