// The forms in which a task definition says where something is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth::agent {

/// A parameter of the SSM Parameter Store.
struct ParameterRef {
  std::string name;    ///< what GetParameters is asked for: a name or an ARN, as given
  std::string region;  ///< of the ARN; empty for a name
  bool operator==(const ParameterRef&) const = default;
};

/// "/prod/db/password", "password:3" (version or label), or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME.
/// InvalidArgument for an empty text and for any other ARN. Source: Systems Manager API, GetParameters.
Result<ParameterRef> parseParameterRef(std::string_view valueFrom);

/// A secret of the Secrets Manager, or a part of it.
struct SecretRef {
  std::string secretId;      ///< ARN or name, without what follows it
  std::string jsonKey;       ///< which member of the secret's JSON; empty: the whole text
  std::string versionStage;  ///< "AWSPREVIOUS"; empty: the current one
  std::string versionId;     ///< empty: by stage
  std::string region;        ///< of the ARN; empty for a name
  bool operator==(const SecretRef&) const = default;
};

/// arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME[:JSON-KEY:VERSION-STAGE:VERSION-ID], where each of the
/// last three may be empty, or the plain name of a secret. InvalidArgument for anything else.
/// Source: ECS Developer Guide, "Pass Secrets Manager secrets through environment variables".
Result<SecretRef> parseSecretRef(std::string_view valueFrom);

/// An object in S3.
struct ObjectRef {
  std::string bucket;
  std::string key;
  std::string partition;  ///< "aws"
  bool operator==(const ObjectRef&) const = default;
};

/// arn:PARTITION:s3:::BUCKET/KEY. InvalidArgument for anything else, also for access points.
Result<ObjectRef> parseObjectRef(std::string_view arn);

/// Whether a text can be a region's name, and so a part of an endpoint's host name: a-z, 0-9 and '-'.
bool isRegionName(std::string_view text);

/// At most `most` bytes of a text, for messages: cut between characters, and with "..." behind it when cut.
std::string shortened(std::string_view text, size_t most);

/// Whether a text can be an environment variable's value: UTF-8 without NUL.
bool isPlainText(std::string_view text);

}  // namespace berth::agent
