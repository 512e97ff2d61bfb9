// What a call is about: the resources that a caller needs the right to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/api/context.hpp"

namespace berth::controller {

struct Need {
  std::string resource;  ///< ARN of the long format, or "*" when the operation is about none
  std::string cluster;   ///< the cluster's ARN, for the condition key ecs:cluster; empty without one

  bool operator==(const Need&) const = default;
};

/// At least one. `input` need not be valid: a member that has another form than its shape says counts as
/// absent, as the call will be refused for it. A reference is taken for what it means (an id in its cluster,
/// a bare family as its newest revision), so that no way of writing it gets around a policy. An operation
/// that is not known, or needs no resource, needs "*".
///
/// Poll and StartTelemetrySession are the agents' two websockets, with the members "cluster" and
/// "containerInstance". The extension endpoint's operations are "berth:Discovery", "berth:Events",
/// "berth:History", "berth:Logs", "berth:Summary", "berth:Why" and those of jobs and alarms ("berth:GetJobs",
/// "berth:PutAlarm", ...), with the member "resource": an ARN, or "*". Source: Service Authorization
/// Reference, "Actions, resources, and condition keys for Amazon Elastic Container Service".
std::vector<Need> needsOf(std::string_view operation, const Json& input, const ecs::Names& names,
                          const State& state);

/// Whether needsOf and policies know the operation.
bool isKnownOperation(std::string_view operation);
/// The action that policies call an operation: "ecs:RunTask", "berth:Why".
std::string actionOf(std::string_view operation);
/// Whether some operation fits the pattern of a policy's Action; true for those of other services.
bool namesOperation(std::string_view actionPattern);

/// The texts of a member that is a text or a list of them; none of any other form.
std::vector<std::string> textsOf(const Json& input, const char* member);
/// The first of them, or `fallback`.
std::string textOf(const Json& input, const char* member, std::string fallback = {});

}  // namespace berth::controller
