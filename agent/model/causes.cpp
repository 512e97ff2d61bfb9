#include "agent/model/causes.hpp"

#include <algorithm>
#include <utility>

#include "agent/model/restart.hpp"

namespace berth::agent {
namespace {

std::vector<const Container*> inOrderOfEnd(const Task& task) {
  std::vector<const Container*> out;
  for (const Container& container : task.containers) {
    if (container.known == ContainerStatus::Stopped) out.push_back(&container);
  }
  std::ranges::sort(out, {}, [](const Container* one) {
    return std::pair(one->finishedAt.value_or(one->startedAt.value_or(WallTime::max())), one);
  });
  return out;
}

std::string endOf(const Container& container) {
  std::string out = "container " + container.spec.name;
  if (!hasRun(container)) {
    out += " never ran";
  } else if (container.exitCode) {
    out += " ended with exit code " + std::to_string(*container.exitCode);
  } else {
    out += " ended";
  }
  if (container.restarts > 0) out += " after " + std::to_string(container.restarts) + " restarts";
  if (!container.reason.empty()) out += ": " + container.reason;
  return out;
}

}  // namespace

const Container* culprit(const Task& task) {
  for (const Container* container : inOrderOfEnd(task)) {
    if (container->spec.essential) return container;
  }
  return nullptr;
}

std::vector<std::string> causesOf(const Task& task) {
  std::vector<std::string> out;
  if (!mustStop(task)) return out;
  if (!task.reason.empty()) out.push_back(task.reason);
  const Container* first = task.stopWanted ? nullptr : culprit(task);
  if (task.stopWanted && task.reason.empty()) out.push_back("the controller wants the task to stop");
  if (first) {
    out.push_back(endOf(*first));
    out.push_back("container " + first->spec.name + " is essential, so the task had to stop");
  }
  for (const Container* container : inOrderOfEnd(task)) {
    if (container != first && !container->internal) out.push_back(endOf(*container));
  }
  return out;
}

}  // namespace berth::agent
