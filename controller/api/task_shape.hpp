// What follows from a task definition once a task is made of it: the containers, what it takes of an
// instance, and the payload by which an agent runs it.
#pragma once

#include "controller/api/context.hpp"
#include "proto/acs/messages.hpp"

namespace berth::controller {

/// The task-level size of a definition as numbers: "512", "0.5 vCPU", "1 vCPU"; "1024", "1GB", "0.5 GB".
/// nullopt for anything else.
std::optional<int64_t> parseCpu(const std::string& text);
std::optional<int64_t> parseMemory(const std::string& text);

/// Puts a request's overrides (shape TaskOverride) into a copy of a definition's document.
/// InvalidParameterException when they name a container that the definition lacks.
ApiResult<Json> overridden(const Json& document, const Json& overrides);

/// What one task of `document` takes: task-level CPU and memory, else the sums over its containers (soft
/// memory limits before hard ones), fixed host ports unless they are the task's own, and GPUs.
Resources resourcesOf(const Json& document);

/// The containers of a task of `document`.
std::vector<ContainerSpec> containersOf(const Json& document);

/// First and last port of a containerPortRange "8000-8010"; nullopt when it is none.
std::optional<std::pair<uint16_t, uint16_t>> portRange(const std::string& range);

/// Features of `document` that tasks can't be run with here, in words; empty when there are none.
std::string unsupportedFeature(const Json& document);

/// The payload's task (amazon-ecs-agent, ecs-agent/acs/model), but for what is a single task's own: ARNs and
/// states. Docker's own options are packed into dockerConfig as the agents expect them; kTaskIdHere stands in
/// them where the task's id belongs.
inline constexpr std::string_view kTaskIdHere = "{berth:task-id}";
acs::Task payloadOf(const Json& document, const TaskDefinition& definition, const TaskSpec& spec);

}  // namespace berth::controller
