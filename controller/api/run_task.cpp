#include <algorithm>

#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/waiting.hpp"
#include "controller/scheduler/distribution.hpp"

namespace berth::controller {
namespace {

/// The same token with the same request means the same tasks, and those that are no longer kept are named as
/// missing; with another request it is a conflict.
ApiResult<TasksReply> repeated(const Context& context, const ClientToken& token) {
  TasksWriter out;
  Json arns = Json::array();
  const std::string cluster = token.key.substr(0, token.key.find('/'));
  for (const std::string& id : token.ids()) {
    const Task* task = context.state().task(id);
    arns.push_back(context.names.task(cluster, id).str());
    if (!task) {
      out.fail(failure(arns.back(), "MISSING"));
      continue;
    }
    out.add(context, *task, true);
  }
  if (token.requestHash != requestHash(context.input)) {
    ApiError conflict{"ConflictException", "The clientToken was used before with other parameters."};
    conflict.extra = Json{{"resourceIds", arns}}.dump();
    return conflict;
  }
  return std::move(out).reply();
}

/// Copies that have the same hosts to choose from.
struct Batch {
  std::string capacityProvider;  ///< empty: all of the cluster's hosts
  int64_t count = 0;
  PlacementRequest placement;
  Duration wait{};  ///< of those without a place; zero: they fail
};

ApiResult<std::vector<Batch>> batchesOf(const Context& context, const Launch& launch,
                                        const std::vector<ProviderShare>& strategy, int64_t count) {
  std::vector<Batch> out;
  if (strategy.empty()) out.push_back({{}, count, launch.placement});
  const std::vector<int64_t> shares = distribute(strategy, count);
  for (size_t i = 0; i < strategy.size(); ++i) {
    if (shares[i] == 0) continue;
    out.push_back({strategy[i].provider, shares[i], launch.placement});
    narrowTo(out.back().placement, strategy[i].provider);
  }
  for (Batch& batch : out) {
    BERTH_API_TRY(wait, waitOf(context, launch.tags, batch.capacityProvider));
    batch.wait = wait;
  }
  return out;
}

/// RunTask in the making.
class Run {
 public:
  Run(Context& context, const Launch& launch) : context_(context), launch_(launch) {}

  /// Gives its copies places, and lets the others wait or fail.
  std::optional<ApiError> add(const Batch& batch) {
    const Fleet& fleet = context_.state().fleet();
    const auto places = context_.scheduler.place(batch.placement, batch.count, context_.random);
    for (const Fleet::Slot place : places) {
      add(launchOn(context_, launch_, fleet.at(place).instance->id, batch.capacityProvider));
    }
    const int64_t others = batch.count - std::ssize(places);
    if (others == 0) return std::nullopt;
    if (batch.wait == Duration::zero()) {
      for (Json& one : placementFailures(context_, batch.placement, places)) out_.fail(std::move(one));
      return std::nullopt;
    }
    waiting_ += others;
    const int64_t quota = context_.quotas.waitingPerCluster;
    if (std::ssize(context_.state().waitingIn(launch_.cluster->name)) + waiting_ > quota) {
      return quotaReached(quota, "tasks per cluster that wait for a place", "stop some or add hosts",
                          "waiting_per_cluster", "ClientException");
    }
    for (int64_t i = 0; i < others; ++i) {
      add(launchWaiting(context_, launch_, batch.capacityProvider, batch.wait));
    }
    return std::nullopt;
  }

  const std::vector<std::string>& ids() const { return ids_; }
  TasksReply reply() && { return std::move(out_).reply(); }

 private:
  void add(const Task& task) {
    ids_.push_back(task.id);
    out_.add(context_, task, true);
  }

  Context& context_;
  const Launch& launch_;
  int64_t waiting_ = 0;
  std::vector<std::string> ids_;
  TasksWriter out_;
};

std::optional<ApiError> checkCount(int64_t count) {
  if (count < 1) return invalidParameter("count should be greater than or equal to 1");
  if (count > 10) return invalidParameter("count should be less than or equal to 10");
  return std::nullopt;
}

/// Lets a task be tried again when it fails, as its tags ask.
void retryLater(Context& context, const Launched& launched, const std::string& task) {
  JobRun run;
  run.cluster = launched.cluster;
  run.id = task;
  run.trigger = JobTrigger::Retry;
  run.state = JobRunState::Running;
  run.scheduledFor = run.due = context.now.wall;
  run.retry = launched.policy.retry;
  Json again = context.input;
  again["cluster"] = launched.cluster;
  again["count"] = 1;
  again.erase("clientToken");
  run.document = again.dump();
  run.owner = principalOf(context.caller, context.names);
  run.attempts.push_back({{task}, context.now.wall, std::nullopt, std::nullopt, ""});
  context.tx.put(std::move(run));
}

}  // namespace

ApiResult<Launched> launchTasks(Context& context) {
  const int64_t count = context.input.value("count", int64_t{1});
  if (auto error = checkCount(count)) return *error;
  BERTH_API_TRY(launch, prepareLaunch(context));
  BERTH_API_TRY(strategy, strategyOfLaunch(context, *launch.cluster));
  BERTH_API_TRY(batches, batchesOf(context, launch, strategy, count));
  const bool waits =
      std::ranges::all_of(batches, [](const Batch& one) { return one.wait > Duration::zero(); });
  if (!waits && context.state().fleet().in(launch.cluster->name).empty()) {
    return invalidParameter("No Container Instances were found in your cluster.");
  }
  Run run(context, launch);
  // A host has one provider, so the batches of a strategy don't compete.
  for (const Batch& batch : batches) {
    if (auto error = run.add(batch)) return *error;
  }
  Launched out{launch.cluster->name, launch.policy, run.ids(), {}};
  out.reply = std::move(run).reply();
  return out;
}

ApiResult<TasksReply> runTask(Context& context) {
  if (auto error = checkCount(context.input.value("count", int64_t{1}))) return *error;
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string token = text(context.input, "clientToken");
  const std::string token_key = cluster->name + "/" + token;
  // Before all other checks: what was right then is still the answer, whatever became of the definition.
  if (!token.empty()) {
    const ClientToken* known = context.state().token(token_key);
    if (known) return repeated(context, *known);
  }
  BERTH_API_TRY(launched, launchTasks(context));
  if (launched.policy.retry.attempts > 1) {
    for (const std::string& id : launched.ids) retryLater(context, launched, id);
  }
  if (!token.empty() && !launched.ids.empty()) {
    ClientToken used;
    used.key = token_key;
    used.setIds(launched.ids);
    used.requestHash = requestHash(context.input);
    used.usedAt = context.now.wall;
    context.tx.put(used);
  }
  return std::move(launched.reply);
}

}  // namespace berth::controller
