// What a policy's conditions can ask of a call.
#pragma once

#include <map>
#include <string>

#include "controller/callers/authorize.hpp"

namespace berth::controller {

/// The values of condition keys, in lower case. Source: Service Authorization Reference, "Actions, resources,
/// and condition keys for Amazon Elastic Container Service".
using ConditionValues = std::map<std::string, std::string>;

/// Keys that are the same for each resource of a call: aws:PrincipalArn, aws:SecureTransport, aws:SourceIp,
/// aws:RequestTag/KEY (the call's own `tags`), ecs:container-name (of ExecuteCommand).
ConditionValues valuesOfCall(const KnownCaller& caller, const CallFacts& call, const ecs::Names& names,
                             const State& state);

/// Those of one resource: ecs:cluster, aws:ResourceTag/KEY (its tags now; none for what is not there). The
/// tags are read only where the caller's policies ask for some.
ConditionValues valuesOfResource(const KnownCaller& caller, const Need& need, const ecs::Names& names,
                                 const State& state);

}  // namespace berth::controller
