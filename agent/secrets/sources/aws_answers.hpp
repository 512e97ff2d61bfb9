// What the answers of AWS services say, as values. Messages never hold a secret.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/secrets/configured_auth.hpp"
#include "agent/secrets/ecr_tokens.hpp"
#include "common/http/message.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// The values of all `names`, from an answer of GetParameters. NotFound names those that are missing.
Result<std::map<std::string, std::string>> readParameters(const std::string& json,
                                                          const std::vector<std::string>& names);

/// SecretString, from an answer of GetSecretValue. InvalidArgument when the secret is binary.
Result<std::string> readSecretString(const std::string& json);

/// The token for the registry of `image`, from an answer of GetAuthorizationToken.
Result<EcrToken> readEcrToken(const std::string& json, std::string_view image);

/// The failure that an answer of S3 with another status than 200 stands for.
Error readObjectError(const http::Response& response);

/// A member of a secret that is a JSON object: strings as they are, other values as JSON text. `key` is the
/// member's name, or a JSON pointer ("/data/password", RFC 6901) if it begins with '/' and no member has that
/// name. NotFound when it isn't there or is null; InvalidArgument when the secret is no JSON object,
/// or nested deeper than 64 levels.
Result<std::string> pickMember(const std::string& secret, const std::string& key);

/// Credentials of a registry from a secret: {"username":...,"password":...}. InvalidArgument.
Result<RegistryAuth> readRegistryAuth(const std::string& secret);

/// The credentials that settings hold. `type` "docker": {"REGISTRY":{"username","password"}}; "dockercfg":
/// {"REGISTRY":{"auth":base64 of user:password}}, also under "auths" as in Docker's config.json. Empty `type`
/// and `data`: none. InvalidArgument names registry and rule, never a password.
/// Source: amazon-ecs-agent, ECS_ENGINE_AUTH_TYPE and ECS_ENGINE_AUTH_DATA.
Result<RegistryAuths> parseConfiguredAuths(std::string_view type, const std::string& data);

}  // namespace berth::agent
