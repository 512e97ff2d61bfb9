#include "controller/services/texts.hpp"

#include <algorithm>
#include <string_view>

namespace berth::controller {
namespace {

constexpr std::string_view kSteady = "has reached a steady state.";
constexpr std::string_view kCompleted = "deployment completed.";
constexpr std::string_view kUneven = "AZ Rebalancing in progress.";
constexpr std::string_view kLastWords = ". Its last lines: ";
constexpr std::string_view kEven = " is AZ balanced with ";
constexpr auto kRepeatAfter = std::chrono::hours(6);

std::string about(const Service& service) { return "(service " + service.name + ") "; }
std::string about(const Service& service, const std::string& deployment) {
  return about(service) + "(deployment " + deployment + ") ";
}

std::string named(const std::vector<std::string>& tasks) {
  std::string out;
  for (const std::string& task : tasks) out += " (task " + task + ")";
  return out + ".";
}

/// A message without the tasks that it names, and without what a container wrote: times, addresses.
std::string gist(std::string message) {
  message.resize(std::min(message.find(kLastWords), message.size()));
  std::string out;
  for (size_t at = 0; at < message.size();) {
    const size_t open = message.find("(task ", at);
    out += message.substr(at, open == std::string::npos ? open : open - at);
    if (open == std::string::npos) break;
    const size_t close = message.find(')', open);
    if (close == std::string::npos) break;
    at = close + 1;
  }
  return out;
}

/// "2 tasks in a, 1 tasks in b, and 0 tasks in c"
std::string countedByZone(const ServiceView& view) {
  std::string out;
  for (size_t i = 0; i < view.zones.size(); ++i) {
    if (i > 0) out += view.zones.size() > 2 ? ", " : " ";
    if (i > 0 && i + 1 == view.zones.size()) out += "and ";
    out += std::to_string(std::ranges::count(view.tasks, view.zones[i], &ServiceTask::zone)) + " tasks in " +
           view.zones[i];
  }
  return out;
}

/// ". Its last lines: listening on :80 | no such file"; empty when they are not known.
std::string lastWordsOf(const Task& task, const std::string& container) {
  const auto& causes = task.causes.list();
  const auto cause = std::ranges::find(causes, Cause::Kind::ContainerStopped, &Cause::kind);
  if (cause == causes.end() || cause->by != container || cause->output.empty()) return {};
  std::string out(kLastWords);
  for (const char c : cause->output.substr(0, cause->output.size() - 1)) {
    out += c == '\n' ? std::string(" | ") : std::string(1, c);
  }
  return out;
}

/// What ended a task, of its containers the first that says something.
std::string causeOf(const Task& task) {
  for (size_t place = 0; place < task.containers.size(); ++place) {
    const TaskContainer& container = task.containers[place];
    const std::string& own = task.spec->containers[place].name;
    const std::string who = "container " + own;
    if (!container.reason.empty()) return who + ": " + container.reason + lastWordsOf(task, own);
    if (!task.spec->containers[place].essential || !container.exitCode) continue;
    return who + " exited with code " + std::to_string(*container.exitCode) + lastWordsOf(task, own);
  }
  return task.stoppedReason.empty() ? "it gave no reason" : task.stoppedReason;
}

}  // namespace

std::string saysStarted(const Service& service, const std::vector<std::string>& tasks) {
  return about(service) + "has started " + std::to_string(tasks.size()) + " tasks:" + named(tasks);
}

std::string saysStopped(const Service& service, const std::vector<std::string>& tasks) {
  return about(service) + "has stopped " + std::to_string(tasks.size()) + " running tasks:" + named(tasks);
}

std::string saysStartedIn(const Service& service, const std::string& zone, const std::string& task) {
  return about(service) + "has started 1 tasks in " + zone + " to AZ Rebalance:" + named({task});
}

std::string saysStoppedIn(const Service& service, const std::string& zone,
                          const std::vector<std::string>& tasks) {
  return about(service) + "has stopped " + std::to_string(tasks.size()) + " running tasks in " + zone +
         " due to AZ rebalancing:" + named(tasks);
}

std::string saysUneven(const Service& service, const ServiceView& view) {
  return "(service " + service.name + ") is not AZ balanced with " + countedByZone(view) + ". " +
         std::string(kUneven);
}

std::string saysEven(const Service& service, const ServiceView& view) {
  return "(service " + service.name + ")" + std::string(kEven) + countedByZone(view) + ".";
}

std::string saysNoRoomIn(const Service& service, const std::string& zone) {
  return about(service) + "is unable to place a task in " + zone +
         " because no container instance met all of its requirements.";
}

std::string saysStoppedPending(const Service& service, size_t tasks) {
  return about(service) + "stopped " + std::to_string(tasks) + " pending tasks.";
}

std::string saysSteady(const Service& service) { return about(service) + std::string(kSteady); }

std::string saysSteady(const Service& service, const std::string& taskSet) {
  return "(service " + service.name + ", taskSet " + taskSet + ") " + std::string(kSteady);
}

std::string saysCompleted(const Service& service, const std::string& deployment) {
  return about(service, deployment) + std::string(kCompleted);
}

std::string saysFailed(const Service& service, const std::string& deployment, const std::string& why) {
  return about(service, deployment) + "deployment failed: " + why + ".";
}

std::string saysNoWayBack(const Service& service, const std::string& deployment) {
  return about(service, deployment) +
         "could not be rolled back: the service has no completed deployment, or the task definition of the "
         "last one was deleted.";
}

std::string saysRollingBack(const Service& service, const std::string& deployment) {
  return about(service) + "rolling back to deployment " + deployment + ".";
}

std::string saysUnhealthy(const Service& service, const std::string& task) {
  return about(service) + "(task " + task + ") failed container health checks.";
}

std::string saysBlocked(const Service& service) {
  return about(service) +
         "was unable to stop or start tasks during a deployment because of the service deployment "
         "configuration. "
         "Update the minimumHealthyPercent or maximumPercent value and try again.";
}

std::string saysImpaired(const Service& service) {
  return about(service) + "is unable to consistently start tasks successfully.";
}

std::string saysProtected(const Service& service, const std::string& of) {
  return about(service) + "was unable to reach steady state because task set (" + of +
         ") was unable to scale in. Reason: The number of protected tasks are more than the desired count of "
         "tasks.";
}

std::string saysNoRoom(const Service& service, const std::string& why) {
  return about(service) +
         "was unable to place a task because no container instance met all of its requirements." + why;
}

std::string saysNotPlaced(const Service& service, const std::string& reason) {
  return about(service) + "was unable to place a task. Reason: " + reason;
}

std::string saysTaskFailed(const Service& service, const Task& task) {
  return about(service, task.startedBy) + "(task " + task.id + ") failed: " + causeOf(task) + ".";
}

bool isUneven(const ServiceEvent& event) { return event.message.ends_with(kUneven); }

bool isEven(const ServiceEvent& event) { return event.message.find(kEven) != std::string::npos; }

bool isCompleted(const ServiceEvent& event) { return event.message.ends_with(kCompleted); }

bool isSteady(const ServiceEvent& event) { return event.message.ends_with(kSteady); }

bool wasSaid(const Service& service, const std::string& message, WallTime now) {
  const std::string wanted = gist(message);
  for (const ServiceEvent& event : service.events) {
    if (isSteady(event) || (now >= event.createdAt && now - event.createdAt >= kRepeatAfter)) return false;
    if (gist(event.message) == wanted) return true;
  }
  return false;
}

}  // namespace berth::controller
