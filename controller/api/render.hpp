// Entities as the API shows them (shapes Cluster, ContainerInstance, Task, TaskDefinition of the ECS model).
#pragma once

#include "controller/api/context.hpp"

namespace berth::json {
class Writer;
}

namespace berth::controller {

/// `include`: the values of the request's member of that name (SETTINGS, CONFIGURATIONS, TAGS, STATISTICS).
Json renderCluster(const State& state, const ecs::Names& names, const Cluster& cluster,
                   const std::vector<std::string>& include);
Json renderInstance(const State& state, const ecs::Names& names, const Instance& instance, bool withTags);
/// An element of a list, or the whole text: tasks are shown by the thousand.
void writeTask(json::Writer& out, const State& state, const ecs::Names& names, const Task& task,
               bool withTags);
/// As writeTask, for those who look into it.
Json renderTask(const State& state, const ecs::Names& names, const Task& task, bool withTags);
/// Without tags: they stand beside the definition in answers.
Json renderDefinition(const ecs::Names& names, const TaskDefinition& definition);

std::string arnOf(const ecs::Names& names, const Cluster& cluster);
std::string arnOf(const ecs::Names& names, const Instance& instance);
std::string arnOf(const ecs::Names& names, const Task& task);
std::string arnOf(const ecs::Names& names, const TaskDefinition& definition);
/// Of the instance that a task is on. One whose record was lost had the long format, as far as anyone knows.
std::string instanceArnOf(const State& state, const ecs::Names& names, const Task& task);

/// The strings of an "include" member.
std::vector<std::string> included(const Json& input);
bool includes(const Json& input, std::string_view value);

}  // namespace berth::controller
