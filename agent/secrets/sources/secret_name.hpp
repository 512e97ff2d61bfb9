// Names of secrets that are not in AWS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace berth::agent {

/// "db/password" or "db.json#password": the parts of a path, and a member of the JSON that is there.
struct SecretName {
  std::vector<std::string> path;  ///< at least one; none is empty, "." or "..", or has a '/' or NUL
  std::string jsonKey;            ///< behind the last '#'; empty: all of it. See pickMember()
};

/// `scheme` ("file:") at the front is dropped, and then a '/', with which parameters of SSM are named.
/// InvalidArgument for a name without or with impossible parts.
Result<SecretName> parseSecretName(std::string_view valueFrom, std::string_view scheme);

/// InvalidArgument when it is no UTF-8 text or empty; the message does not quote it.
Result<std::string> checkedSecret(std::string text);

/// What a file or a plain answer holds, less one line end, with which editors close a text; then as
/// checkedSecret().
Result<std::string> readPlainSecret(std::string text);

}  // namespace berth::agent
