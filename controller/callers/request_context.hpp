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

/// Whether the caller's policies ask for tags of resources: to read them takes time.
bool asksForTags(const KnownCaller& caller);
/// Those of one resource: ecs:cluster and, `withTags`, aws:ResourceTag/KEY (its tags now; none for what is
/// not there).
ConditionValues valuesOfResource(const Need& need, bool withTags, const ecs::Names& names,
                                 const State& state);

}  // namespace berth::controller
