// GPUs: those of instances, and those that tasks ask for and are given.
#pragma once

#include "controller/api/context.hpp"

namespace berth::controller {

/// The rule that a container definition's resource requirement GPU breaks (Amazon ECS API Reference,
/// ResourceRequirement).
std::optional<std::string> brokenGpus(const Json& container, const std::string& name);

/// The GPUs that a definition's containers ask for, without ids.
std::vector<Gpu> gpusOf(const Json& document);

/// Gives a task that has just been placed GPUs of its instance, in the order of their ids, that neither tasks
/// of the state nor staged ones have. The placement has made sure that there are enough.
void assignGpus(const Transaction& tx, Task& task);

/// The GPUs of a registration, by id: its platformDevices, and its resource GPU. InvalidParameterException
/// for one without an id.
ApiResult<std::vector<Gpu>> registeredGpus(const Json& input);

/// Which a container of a task has.
std::vector<std::string> gpuIds(const Resources& resources, const std::string& container);
/// Which of an instance no task has.
std::vector<std::string> freeGpuIds(const Resources& all, const Resources& used);

}  // namespace berth::controller
