// Services and what belongs to them as the API shows them (shapes Service, TaskSet, ServiceDeployment,
// ServiceDeploymentBrief and ServiceRevision of the ECS model).
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

std::string arnOf(const ecs::Names& names, const Service& service);
std::string arnOf(const ecs::Names& names, const TaskSet& set);
std::string arnOf(const ecs::Names& names, const ServiceDeployment& deployment);
std::string arnOf(const ecs::Names& names, const ServiceRevision& revision);
/// The ARN of the service by its cluster and name, in its own format; in the long one when it is gone.
std::string serviceArnOf(const State& state, const ecs::Names& names, const std::string& cluster,
                         const std::string& name);

/// With the counts of its tasks as they are in the state.
Json renderService(const State& state, const ecs::Names& names, const Service& service, bool withTags);
/// `service` is the task set's.
Json renderTaskSet(const State& state, const ecs::Names& names, const Service& service, const TaskSet& set,
                   bool withTags);
Json renderServiceDeployment(const State& state, const ecs::Names& names,
                             const ServiceDeployment& deployment);
/// As ListServiceDeployments shows it.
Json renderBrief(const State& state, const ecs::Names& names, const ServiceDeployment& deployment);
Json renderRevision(const State& state, const ecs::Names& names, const ServiceRevision& revision);

/// The deploymentConfiguration of a service, with all defaults.
Json deploymentConfigurationOf(const Service& service);

/// Tasks that a service wants: its desiredCount; for a DAEMON, one for each ACTIVE instance that its
/// constraints allow.
int64_t wantedBy(const State& state, const Service& service);

/// Those instances, by their ids; none for a service with a definition that is gone.
std::vector<std::string> daemonHosts(const State& state, const Service& service);

/// Where and how a deployment's tasks run, as launchMembers(): what the service says is what its PRIMARY
/// deployment runs, others run what their revision says.
Json launchOf(const State& state, const Service& service, const Deployment& deployment);

struct TaskCounts {
  int64_t running = 0;
  int64_t pending = 0;
};
/// By the deployment or task set that they are of; "" has all of the service.
std::map<std::string, TaskCounts> countsOf(const State& state, const Service& service);

}  // namespace berth::controller
