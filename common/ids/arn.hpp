// Amazon Resource Names: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace berth {

struct Arn {
  std::string partition;  ///< "aws"
  std::string service;    ///< "ecs"
  std::string region;     ///< "us-east-1"
  std::string account;    ///< 12 digits, or empty
  std::string resource;   ///< everything after the fifth colon, e.g. "task/default/0123abcd"

  std::string str() const;
  /// What stands before the first '/' (or ':') of the resource: "task".
  std::string_view resourceType() const;
  /// What stands behind the last '/': "0123abcd"; the whole resource when there is none.
  std::string_view lastComponent() const;
  bool operator==(const Arn&) const = default;
};

/// Splits an ARN. InvalidArgument when it has fewer than six parts, another first part than "arn", or an
/// empty service or resource.
Result<Arn> parseArn(std::string_view text);

}  // namespace berth
