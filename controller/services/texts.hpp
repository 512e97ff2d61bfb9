// The messages of a service's events, word for word as the service writes them where it has them (Amazon ECS
// Developer Guide, "Amazon ECS service event messages"); ids stand in parentheses.
#pragma once

#include <string>
#include <vector>

#include "controller/model/services.hpp"
#include "controller/model/task.hpp"
#include "controller/services/reconcile.hpp"

namespace berth::controller {

std::string saysStarted(const Service& service, const std::vector<std::string>& tasks);
std::string saysStopped(const Service& service, const std::vector<std::string>& tasks);
/// Of one that is to make the zones even: where it was started, or stopped.
std::string saysStartedIn(const Service& service, const std::string& zone, const std::string& task);
std::string saysStoppedIn(const Service& service, const std::string& zone,
                          const std::vector<std::string>& tasks);
std::string saysUneven(const Service& service, const ServiceView& view);
std::string saysEven(const Service& service, const ServiceView& view);
std::string saysNoRoomIn(const Service& service, const std::string& zone);
std::string saysStoppedPending(const Service& service, size_t tasks);
std::string saysSteady(const Service& service);
/// Of a task set of several.
std::string saysSteady(const Service& service, const std::string& taskSet);
std::string saysCompleted(const Service& service, const std::string& deployment);
/// `why`: "tasks failed to start", "alarm detected".
std::string saysFailed(const Service& service, const std::string& deployment, const std::string& why);
/// Its user wants a failed deployment to be rolled back, and that can't be.
std::string saysNoWayBack(const Service& service, const std::string& deployment);
std::string saysRollingBack(const Service& service, const std::string& deployment);
std::string saysUnhealthy(const Service& service, const std::string& task);
std::string saysBlocked(const Service& service);
std::string saysImpaired(const Service& service);
std::string saysProtected(const Service& service, const std::string& of);
/// `why` continues the sentence: " Reason: ..." or " The closest matching ...".
std::string saysNoRoom(const Service& service, const std::string& why);
/// Anything else that keeps tasks from being placed.
std::string saysNotPlaced(const Service& service, const std::string& reason);
/// "(service S) (deployment D) task (task T) failed: container app exited with code 1."
std::string saysTaskFailed(const Service& service, const Task& task);

/// Whether an event tells that zones are uneven, or even again.
bool isUneven(const ServiceEvent& event);
bool isEven(const ServiceEvent& event);
/// Whether an event tells that a deployment is complete.
bool isCompleted(const ServiceEvent& event);
/// Whether an event tells of the steady state.
bool isSteady(const ServiceEvent& event);
/// Whether the message, up to the ids in it, was said since the service was last steady, in the last six
/// hours.
bool wasSaid(const Service& service, const std::string& message, WallTime now);

}  // namespace berth::controller
