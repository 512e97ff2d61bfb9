// GetTaskProtection and UpdateTaskProtection.
#include "controller/api/render.hpp"
#include "controller/api/services/actions.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostChanged = 10;
constexpr size_t kMostAsked = 100;
constexpr int64_t kLongestMinutes = 2880;
constexpr int64_t kUsualMinutes = 120;

Json shownProtection(const Context& context, const Task& task, std::optional<WallTime> until) {
  Json out{{"taskArn", arnOf(context.names, task)}, {"protectionEnabled", until.has_value()}};
  if (until) out["expirationDate"] = toEpochSeconds(*until);
  return out;
}

/// Until when a task is protected; nullopt when it is not.
std::optional<WallTime> protectedUntil(const Context& context, const std::string& task) {
  const TaskProtection* known = context.state().protection(task);
  const bool counts = known && known->expiresAt > context.now.wall;
  return counts ? std::optional(known->expiresAt) : std::nullopt;
}

/// Why a reference means no task that can be protected; nullopt when it does.
std::optional<Json> unprotectable(const Context& context, const Cluster& cluster,
                                  const std::string& reference, const Task* task) {
  if (!task) {
    const auto id = context.names.parseTask(reference);
    const bool is_arn = reference.starts_with("arn:");
    return failure(is_arn || !id ? reference : context.names.task(cluster.name, id->id).str(), "MISSING");
  }
  const std::string arn = arnOf(context.names, *task);
  if (!serviceOfGroup(task->spec->group)) {
    return failure(arn, "TASK_NOT_VALID", "Only tasks of services can be protected.");
  }
  if (task->stopWanted || task->lastStatus >= TaskStatus::Stopping) {
    return failure(arn, "TASK_NOT_VALID", "The task stops or has stopped.");
  }
  return std::nullopt;
}

/// All of a cluster that are protected.
Json allProtected(const Context& context, const Cluster& cluster) {
  Json out = Json::array();
  for (const auto& [id, protection] : context.state().protections()) {
    const Task* task = context.state().task(id);
    if (!task || task->spec->cluster != cluster.name) continue;
    if (const auto until = protectedUntil(context, id)) out.push_back(shownProtection(context, *task, until));
  }
  return out;
}

}  // namespace

ApiResult<Json> getTaskProtection(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const auto references = context.input.value("tasks", std::vector<std::string>{});
  if (references.size() > kMostAsked) return invalidParameter("Tasks can have at most 100 items.");
  if (references.empty()) {
    return Json{{"protectedTasks", allProtected(context, *cluster)}, {"failures", Json::array()}};
  }
  Json tasks = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const Task* task = findTask(context, *cluster, reference);
    if (auto why = unprotectable(context, *cluster, reference, task)) {
      failures.push_back(std::move(*why));
    } else {
      tasks.push_back(shownProtection(context, *task, protectedUntil(context, task->id)));
    }
  }
  return Json{{"protectedTasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

ApiResult<Json> updateTaskProtection(Context& context) {
  const int64_t minutes = context.input.value("expiresInMinutes", kUsualMinutes);
  if (minutes < 1 || minutes > kLongestMinutes) {
    return invalidParameter("expiresInMinutes must be between 1 and 2880, not " + std::to_string(minutes) +
                            ".");
  }
  BERTH_API_TRY(cluster, findCluster(context));
  const auto references = context.input.value("tasks", std::vector<std::string>{});
  if (references.empty()) return invalidParameter("Tasks cannot be empty.");
  if (references.size() > kMostChanged) return invalidParameter("Tasks can have at most 10 items.");
  std::optional<WallTime> until;
  if (context.input.value("protectionEnabled", false)) {
    until = context.now.wall + std::chrono::minutes(minutes);
  }
  Json tasks = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const Task* task = findTask(context, *cluster, reference);
    if (auto why = unprotectable(context, *cluster, reference, task)) {
      failures.push_back(std::move(*why));
      continue;
    }
    if (until) {
      context.tx.put(TaskProtection{task->id, *until});
    } else if (context.state().protection(task->id)) {
      context.tx.erase(Kind::TaskProtection, task->id);
    }
    tasks.push_back(shownProtection(context, *task, until));
  }
  return Json{{"protectedTasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
