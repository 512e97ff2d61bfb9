#include "controller/callers/request_context.hpp"

#include <algorithm>
#include <string_view>

#include "common/text/letter_case.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kResourceTag = "aws:resourcetag/";

/// The keys of tags are not told apart by case in a condition, as no condition key is.
void addTags(std::string_view prefix, const Json& tags, ConditionValues& out) {
  if (!tags.is_array()) return;
  for (const Json& tag : tags) {
    if (!tag.is_object()) continue;
    const std::string key = textOf(tag, "key");
    if (!key.empty()) out[std::string(prefix) + lowered(key)] = textOf(tag, "value");
  }
}

template <class Of>
std::string tagsOr(const Of* found) {
  return found ? found->tags : std::string();
}

std::string tagsOfService(const std::string& arn, const ecs::Names& names, const State& state) {
  const auto service = names.parseService(arn);
  return service && service->cluster ? tagsOr(state.service(Service::keyOf(*service->cluster, service->id)))
                                     : std::string();
}

std::string tagsOfDefinition(const std::string& arn, const ecs::Names& names, const State& state) {
  const auto definition = names.parseTaskDefinition(arn);
  if (!definition || !definition->revision) return {};
  return tagsOr(state.definition(definition->family + ":" + std::to_string(*definition->revision)));
}

/// Of the long ARNs that needs have. One that names another cluster than its resource is in has no tags.
std::string tagsOf(const std::string& arn, const ecs::Names& names, const State& state) {
  if (const auto cluster = names.parseCluster(arn); cluster && arn == names.cluster(cluster->str()).str())
    return tagsOr(state.cluster(cluster->str()));
  const std::string ours = "arn:" + names.partition + ":ecs:" + names.region + ":" + names.account + ":";
  if (!arn.starts_with(ours)) return {};
  const std::string resource = arn.substr(ours.size());
  const std::string type = resource.substr(0, resource.find('/'));
  if (type == "service") return tagsOfService(arn, names, state);
  if (type == "task-definition") return tagsOfDefinition(arn, names, state);
  if (type == "capacity-provider" && resource.size() > type.size())
    return tagsOr(state.capacityProvider(resource.substr(type.size() + 1)));
  const std::string id = resource.substr(resource.rfind('/') + 1);
  if (type == "task") {
    const Task* task = state.task(id);
    return task && arn == names.task(task->spec->cluster, id).str() ? task->tags : std::string();
  }
  if (type == "container-instance") {
    const Instance* instance = state.instance(id);
    return instance && arn == names.instance(instance->cluster, id).str() ? instance->tags : std::string();
  }
  if (type == "task-set" && resource.size() > type.size())
    return tagsOr(state.taskSet(resource.substr(type.size() + 1)));
  return {};
}

/// The only container of a task needs no name.
std::string containerName(const CallFacts& call, const ecs::Names& names, const State& state) {
  const std::string given = textOf(call.input, "container");
  if (!given.empty()) return given;
  const auto reference = names.parseTask(textOf(call.input, "task"));
  const Task* task = reference ? state.task(reference->id) : nullptr;
  return task && task->spec->containers.size() == 1 ? task->spec->containers.front().name : std::string();
}

}  // namespace

ConditionValues valuesOfCall(const KnownCaller& caller, const CallFacts& call, const ecs::Names& names,
                             const State& state) {
  ConditionValues out{{"aws:principalarn", caller.principal},
                      {"aws:securetransport", call.tls ? "true" : "false"}};
  if (!call.sourceAddress.empty()) out["aws:sourceip"] = call.sourceAddress;
  if (call.input.is_object() && call.input.contains("tags"))
    addTags("aws:requesttag/", call.input["tags"], out);
  if (call.operation == "ExecuteCommand") {
    const std::string name = containerName(call, names, state);
    if (!name.empty()) out["ecs:container-name"] = name;
  }
  return out;
}

bool asksForTags(const KnownCaller& caller) {
  const auto asks = [](const aws::PolicyStatement& statement) {
    return std::ranges::any_of(statement.conditions, [](const aws::PolicyCondition& condition) {
      return condition.key.starts_with(kResourceTag);
    });
  };
  return std::ranges::any_of(caller.policies, [&](const aws::Policy& policy) {
    return std::ranges::any_of(policy.statements, asks);
  });
}

ConditionValues valuesOfResource(const Need& need, bool withTags, const ecs::Names& names,
                                 const State& state) {
  ConditionValues out;
  if (!need.cluster.empty()) out["ecs:cluster"] = need.cluster;
  if (!withTags) return out;
  const std::string tags = tagsOf(need.resource, names, state);
  if (!tags.empty()) addTags(kResourceTag, Json::parse(tags, nullptr, false), out);
  return out;
}

}  // namespace berth::controller
