#include "controller/core/payloads.hpp"

#include <nlohmann/json.hpp>

#include "common/text/replace.hpp"
#include "controller/api/task_shape.hpp"

namespace berth::controller {
namespace {

/// Launches of the last moment; those that come back are soon known again.
constexpr size_t kMostKnown = 256;

}  // namespace

const acs::Task& Payloads::common(const State& state, const Task& task) {
  const auto& spec = task.spec.pointer();
  if (const auto known = known_.find(spec.get()); known != known_.end()) return known->second.payload;
  if (known_.size() >= kMostKnown) known_.clear();
  const TaskDefinition* definition = state.definition(spec->definition);
  const Json document = parsed(definition->document, Json::object());
  const auto merged = overridden(document, parsed(spec->overrides, Json::object()));
  acs::Task payload = payloadOf(std::get<Json>(merged), *definition, *spec);
  return known_.emplace(spec.get(), Known{spec, std::move(payload)}).first->second.payload;
}

acs::Task Payloads::of(const State& state, const Task& task) {
  acs::Task out = common(state, task);
  out.arn = names_.task(task.spec->cluster, task.id).str();
  out.desiredStatus = task.stopWanted ? "STOPPED" : "RUNNING";
  out.begun = task.lastStatus == TaskStatus::Running;
  for (acs::Container& container : out.containers) {
    replaceAll(container.dockerConfig.hostConfig, kTaskIdHere, task.id);
    for (size_t place = 0; place < task.spec->containers.size(); ++place) {
      if (task.spec->containers[place].name != container.name) continue;
      container.containerArn = names_.container(task.spec->cluster, task.id, task.containerId(place));
    }
  }
  return out;
}

}  // namespace berth::controller
