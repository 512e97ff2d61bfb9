#include "common/aws/crypto.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/render.hpp"
#include "controller/scheduler/distribution.hpp"

namespace berth::controller {
namespace {

std::string hashWithoutToken(const Json& input) {
  Json request = input;
  request.erase("clientToken");
  return aws::sha256Hex(request.dump());
}

/// The same token with the same request means the same tasks, and those that are no longer kept are named as
/// missing; with another request it is a conflict.
ApiResult<Json> repeated(const Context& context, const ClientToken& token) {
  Json tasks = Json::array();
  Json arns = Json::array();
  Json failures = Json::array();
  const std::string cluster = token.key.substr(0, token.key.find('/'));
  for (const std::string& id : token.tasks) {
    const Task* task = context.state().task(id);
    arns.push_back(context.names.task(cluster, id).str());
    if (!task) {
      failures.push_back(failure(arns.back(), "MISSING"));
      continue;
    }
    tasks.push_back(renderTask(context.state(), context.names, *task, true));
  }
  if (token.requestHash != hashWithoutToken(context.input)) {
    ApiError conflict{"ConflictException", "The clientToken was used before with other parameters."};
    conflict.extra = Json{{"resourceIds", arns}}.dump();
    return conflict;
  }
  return Json{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

/// Copies that have the same hosts to choose from.
struct Batch {
  std::string capacityProvider;  ///< empty: all of the cluster's hosts
  int64_t count = 0;
  PlacementRequest placement;
};

std::vector<Batch> batchesOf(const Launch& launch, const std::vector<ProviderShare>& strategy,
                             int64_t count) {
  if (strategy.empty()) return {{{}, count, launch.placement}};
  const std::vector<int64_t> shares = distribute(strategy, count);
  std::vector<Batch> out;
  for (size_t i = 0; i < strategy.size(); ++i) {
    if (shares[i] == 0) continue;
    Batch batch{strategy[i].provider, shares[i], launch.placement};
    batch.placement.required.push_back({kProviderAttribute, batch.capacityProvider});
    out.push_back(std::move(batch));
  }
  return out;
}

}  // namespace

ApiResult<Json> runTask(Context& context) {
  int64_t count = context.input.value("count", int64_t{1});
  if (count < 1) return invalidParameter("count should be greater than or equal to 1");
  if (count > 10) return invalidParameter("count should be less than or equal to 10");
  BERTH_API_TRY(cluster, findCluster(context));
  std::string token = text(context.input, "clientToken");
  std::string token_key = cluster->name + "/" + token;
  // Before all other checks: what was right then is still the answer, whatever became of the definition.
  if (!token.empty()) {
    const ClientToken* known = context.state().token(token_key);
    if (known) return repeated(context, *known);
  }
  BERTH_API_TRY(launch, prepareLaunch(context));
  BERTH_API_TRY(strategy, strategyOfLaunch(context, *cluster));
  const Fleet& fleet = context.state().fleet();
  if (fleet.in(launch.cluster->name).empty()) {
    return invalidParameter("No Container Instances were found in your cluster.");
  }
  Json tasks = Json::array();
  Json failures = Json::array();
  ClientToken used;
  // A host has one provider, so the batches of a strategy don't compete.
  for (const Batch& batch : batchesOf(launch, strategy, count)) {
    const auto places = context.scheduler.place(batch.placement, batch.count, context.random);
    for (const Fleet::Slot place : places) {
      Task task = launchOn(context, launch, fleet.at(place).instance->id, batch.capacityProvider);
      used.tasks.push_back(task.id);
      tasks.push_back(renderTask(context.state(), context.names, task, true));
    }
    if (std::ssize(places) == batch.count) continue;
    for (Json& one : placementFailures(context, batch.placement, places)) failures.push_back(std::move(one));
  }
  if (!token.empty() && !used.tasks.empty()) {
    used.key = token_key;
    used.requestHash = hashWithoutToken(context.input);
    used.usedAt = context.now.wall;
    context.tx.put(used);
  }
  return Json{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
