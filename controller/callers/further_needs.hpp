// The rights that a call takes beside its own action's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/callers/needs.hpp"

namespace berth::controller {

/// A right of another action than the call's.
struct FurtherNeed {
  std::string action;
  Need need;
  /// A condition key in lower case, and its value, that only this right has.
  std::string conditionKey;
  std::string conditionValue;

  bool operator==(const FurtherNeed&) const = default;
};

/// ecs:TagResource on what a call makes with tags of its own, with ecs:CreateAction. What has no name yet is
/// "TYPE/CLUSTER/*". Source: Amazon ECS Developer Guide, "Grant permission to tag resources on creation".
///
/// iam:PassRole, with iam:PassedToService, on the roles that a definition names when it is registered and
/// when it is run, or that a call names in its overrides in place of these, and on CreateService's `role`. A
/// role by its bare name is one of the account. Source: Service Authorization Reference, and IAM User Guide,
/// "Grant a user permissions to pass a role to an AWS service".
///
/// `own` is what needsOf says of the call.
std::vector<FurtherNeed> furtherNeedsOf(std::string_view operation, const Json& input,
                                        const std::vector<Need>& own, const ecs::Names& names,
                                        const State& state);

}  // namespace berth::controller
