// Deployments of a service as they begin and end by calls.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// "ecs-svc/" and digits: the id of a deployment or task set.
std::string newDeploymentId(Random& random);

/// Makes what `service` says a revision, and the PRIMARY deployment of it, which wants `desired` tasks to
/// begin with. The one before becomes ACTIVE, and where its rollout was under way it is STOPPED; ACTIVE ones
/// without tasks are gone. Stages all but the service itself. `definition` is its document.
void beginDeployment(Context& context, Service& service, const Json& definition, int64_t desired);

/// Gives `service` back what a revision ran, by a PRIMARY deployment of it: one that it still has tasks of,
/// or a new one. `record` is the service deployment that is rolled back. Stages nothing.
void rollBack(Context& context, Service& service, const ServiceRevision& revision,
              const ServiceDeployment& record);

/// Ends the service deployment of `deployment`, if it is under way: STOPPED for `reason`. `requested` are the
/// tasks that the service wanted.
void endServiceDeployment(Context& context, const Service& service, const Deployment& deployment,
                          int64_t requested, const std::string& reason);

/// Whether a service has tasks that are neither STOPPING nor STOPPED, of a deployment or task set (its id),
/// or of any when that is empty.
bool hasTasks(const State& state, const Service& service, const std::string& of = {});

}  // namespace berth::controller
