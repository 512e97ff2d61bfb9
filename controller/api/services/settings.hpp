// What requests ask of services and task sets: taken over, and checked.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

ApiError unsupported(std::string message);

/// Up to 36 printable ASCII characters (Amazon ECS API Reference, CreateService, CreateTaskSet).
std::optional<ApiError> checkServiceToken(const Json& input);

/// Takes the members that decide where and how tasks run (networkConfiguration, capacityProviderStrategy,
/// ...) from `input` into `document`. An empty one takes away what was there.
void takeLaunchMembers(const Json& input, Json& document);
/// Gives a document the members of another one (of a revision) in place of its own.
void replaceLaunchMembers(const Json& by, Json& document);
/// Those members of a document, and launchType unless there is a capacityProviderStrategy: what a revision
/// is.
Json launchMembers(const std::string& launchType, const Json& document);

/// Takes all other members of CreateService and UpdateService but the task definition into a service.
/// InvalidParameterException or UnsupportedFeatureException for a deploymentConfiguration that can't be.
std::optional<ApiError> takeSettings(const Json& input, Service& service);

/// A definition that something new may use: "TaskDefinition can not be blank.", "TaskDefinition not found.",
/// "TaskDefinition is inactive".
ApiResult<const TaskDefinition*> usableDefinition(const Context& context, const std::string& reference);

/// The rules of the members that takeLaunchMembers() takes, and then what Berth can't run of them.
/// `definition` is the document of the task definition.
std::optional<ApiError> checkLaunch(const Context& context, const Cluster& cluster,
                                    const std::string& launchType, const Json& document,
                                    const Json& definition);

/// The rules of a service as a whole but those of checkLaunch(). `input` is the request that made it so.
std::optional<ApiError> checkService(const Json& input, const Service& service, const Json& definition);

/// A request gives a launchType or a capacityProviderStrategy, not both.
std::optional<ApiError> checkChoice(const Json& input);

/// For a service with an EXTERNAL controller: what belongs to its task sets can't be given to it.
std::optional<ApiError> checkExternal(const Json& input);

/// What a capacityProviderStrategy must keep: its own rules, and that the cluster has its providers, ACTIVE.
std::optional<ApiError> checkStrategy(const Context& context, const Cluster& cluster, const Json& strategy);
/// What is new and is given neither a launchType nor a strategy gets the cluster's default strategy, if there
/// is one.
void takeDefaultStrategy(const Json& input, const Cluster& cluster, Json& document);

}  // namespace berth::controller
