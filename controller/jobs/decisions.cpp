#include "controller/jobs/decisions.hpp"

#include <algorithm>
#include <chrono>

namespace berth::controller {
namespace {

/// The container whose end ended the task: the essential one that was first reported to have ended, or else
/// the first essential one that failed, or any essential one. nullopt when none ran.
std::optional<size_t> decisive(const Task& task) {
  std::optional<size_t> found;
  for (size_t place = 0; place < task.containers.size(); ++place) {
    const ContainerSpec& spec = task.spec->containers[place];
    if (!spec.essential || !task.containers[place].exitCode) continue;
    for (const Cause& cause : task.causes.list()) {
      if (cause.kind == Cause::Kind::ContainerStopped && cause.by == spec.name) return place;
    }
    const bool better =
        !found || (*task.containers[*found].exitCode == 0 && *task.containers[place].exitCode != 0);
    if (better) found = place;
  }
  return found;
}

std::string wordsOf(const TaskEnd& end, const std::string& container, const std::string& said) {
  std::string out = end.stopCode;
  if (end.exitCode)
    out = "the container " + container + " ended with exit code " + std::to_string(*end.exitCode);
  if (!said.empty()) out += (out.empty() ? "" : ": ") + said;
  return out;
}

bool has(const Task& task, Cause::Kind kind) {
  return std::ranges::find(task.causes.list(), kind, &Cause::kind) != task.causes.list().end();
}

/// Somebody wanted this task to end. One whose host was taken away has failed by that.
bool wasStopped(const Task& task) {
  const bool host_gone = has(task, Cause::Kind::InstanceDeregistered) && !has(task, Cause::Kind::StopTask);
  return task.stopCode == "UserInitiated" && !host_gone;
}

bool names(const std::vector<std::string>& wanted, const TaskEnd& end) {
  return std::ranges::any_of(wanted, [&](const std::string& text) {
    return end.stopCode == text || std::ranges::any_of(end.reasons, [&](const std::string& reason) {
             return reason.find(text) != std::string::npos;
           });
  });
}

}  // namespace

AtDue atDue(Overlap overlap, size_t open) {
  if (open == 0 || overlap == Overlap::Allow) return AtDue::Begin;
  return overlap == Overlap::Skip ? AtDue::Skip : AtDue::Replace;
}

TaskEnd endOf(const Task& task) {
  TaskEnd out;
  out.stopCode = task.stopCode;
  if (!task.stoppedReason.empty()) out.reasons.push_back(task.stoppedReason);
  for (const TaskContainer& container : task.containers) {
    if (!container.reason.empty()) out.reasons.push_back(container.reason);
  }
  if (task.stoppedReason.starts_with(kMaxLifetime)) {
    out.kind = TaskEnd::Kind::TooLong;
    out.reason = task.stoppedReason;
    return out;
  }
  if (wasStopped(task)) {
    out.kind = TaskEnd::Kind::Stopped;
    out.reason = task.stoppedReason;
    return out;
  }
  const auto place = decisive(task);
  if (place) out.exitCode = *task.containers[*place].exitCode;
  if (place && *out.exitCode == 0 && task.stopCode == "EssentialContainerExited") {
    out.kind = TaskEnd::Kind::Succeeded;
    return out;
  }
  // A container's own words say more than the task's; of one that never started only it has some.
  std::string said = task.stoppedReason;
  for (size_t at = place.value_or(0); at < task.containers.size(); ++at) {
    if (task.containers[at].reason.empty()) continue;
    said = task.containers[at].reason;
    break;
  }
  out.reason = wordsOf(out, place ? task.spec->containers[*place].name : "", said);
  return out;
}

TaskEnd worstOf(const std::vector<TaskEnd>& ends) {
  const auto badness = [](const TaskEnd& end) {
    switch (end.kind) {
      case TaskEnd::Kind::Succeeded:
        return 0;
      case TaskEnd::Kind::Failed:
        return 1;
      case TaskEnd::Kind::TooLong:
        return 2;
      case TaskEnd::Kind::Stopped:
        return 3;
    }
    return 0;
  };
  return *std::ranges::max_element(ends, {}, badness);
}

std::optional<Duration> backoffAfter(const RetryRules& rules, int64_t attempts, const TaskEnd& end,
                                     double chance) {
  if (end.kind == TaskEnd::Kind::Succeeded || attempts >= rules.attempts) return std::nullopt;
  const bool any = rules.onExitCodes.empty() && rules.onReasons.empty();
  const bool code = end.kind == TaskEnd::Kind::Failed && end.exitCode &&
                    std::ranges::find(rules.onExitCodes, *end.exitCode) != rules.onExitCodes.end();
  if (!code && !names(rules.onReasons, end) && !(any && end.kind == TaskEnd::Kind::Failed))
    return std::nullopt;
  int64_t wait = rules.backoffMillis;
  for (int64_t past = 1; past < attempts && wait < rules.maxBackoffMillis; ++past) wait *= 2;
  wait = std::min(wait, rules.maxBackoffMillis);
  return std::chrono::milliseconds(wait - static_cast<int64_t>(static_cast<double>(wait) / 2 * chance));
}

}  // namespace berth::controller
