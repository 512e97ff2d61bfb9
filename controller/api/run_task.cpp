#include "common/aws/crypto.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/launch.hpp"
#include "controller/api/render.hpp"

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
  std::vector<Candidate> candidates;
  for (const auto& [id, instance] : context.state().instances()) {
    if (instance.cluster != launch.cluster->name || instance.status == "INACTIVE") continue;
    candidates.push_back(candidateOf(context.state(), instance));
  }
  if (candidates.empty()) return invalidParameter("No Container Instances were found in your cluster.");
  Plan plan = firstFit(std::move(candidates), launch.resources, count);
  Json tasks = Json::array();
  ClientToken used;
  for (const std::string& instance : plan.placed) {
    Task task = launchOn(context, launch, instance);
    used.tasks.push_back(task.id);
    tasks.push_back(renderTask(context.state(), context.names, task, true));
  }
  Json failures = Json::array();
  for (const Refused& refused : plan.refused) {
    failures.push_back(
        failure(context.names.instance(launch.cluster->name, refused.instance).str(), refused.reason));
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
