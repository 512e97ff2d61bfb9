// AWS credentials, and the file that the AWS tools keep them in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids/random.hpp"
#include "common/result/result.hpp"
#include "common/time/clock.hpp"

namespace berth::aws {

struct Credentials {
  std::string accessKeyId;
  std::string secretAccessKey;
  std::string sessionToken;            ///< empty for long-term keys
  std::optional<WallTime> expiration;  ///< absent: until revoked
};

/// "AKIA" and 16 of A-Z2-7; the secret is 40 of A-Za-z0-9+/. Keys need a Random fit for them (SystemRandom).
Credentials generateCredentials(Random& random);

/// Reads one profile from the text of a shared-credentials file ("[profile]" headings, "key = value" lines,
/// '#' and ';' comments, unknown keys skipped). `name` stands for the file in messages; those name the line
/// and the rule, never a value. NotFound without the profile, InvalidArgument otherwise.
/// Source: AWS SDKs and Tools reference guide, "Shared config and credentials files".
Result<Credentials> parseCredentials(std::string_view text, std::string_view name,
                                     std::string_view profile = "default");

/// The same from a file. Also NotFound without the file, PermissionDenied or Unavailable when it can't be
/// read.
Result<Credentials> readCredentialsFile(const std::filesystem::path& path,
                                        std::string_view profile = "default");

/// Every profile of the text, in its order. InvalidArgument also when it has none, and for two of one name.
Result<std::vector<Credentials>> parseAllCredentials(std::string_view text, std::string_view name);

/// The same from a file that holds what others prove themselves with: PermissionDenied also when users other
/// than its owner and group can read it, or others than its owner can write it.
Result<std::vector<Credentials>> readKeysFile(const std::filesystem::path& path);

/// Replaces the file by one with this profile alone: durable, all or nothing, mode 0600 from its first byte.
/// InvalidArgument for values that the format can't carry; Unavailable or ResourceExhausted when it can't be
/// written (the old file stays then).
Status writeCredentialsFile(const std::filesystem::path& path, const Credentials& credentials,
                            std::string_view profile = "default");

}  // namespace berth::aws
