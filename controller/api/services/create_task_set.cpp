#include "controller/api/services/actions.hpp"
#include "controller/api/services/deploy.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"
#include "controller/api/services/scale.hpp"
#include "controller/api/services/settings.hpp"
#include "controller/api/tags.hpp"
#include "controller/discovery/endpoint.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostTaskSets = 5;

/// The task set that an earlier call with this token made; null when there is none.
const TaskSet* madeBefore(const Context& context, const Service& service) {
  const std::string token = text(context.input, "clientToken");
  if (token.empty()) return nullptr;
  for (const TaskSet* set : context.state().taskSetsOf(service.key())) {
    if (set->clientToken == token) return set;
  }
  return nullptr;
}

ApiResult<TaskSet> describedSet(Context& context, const Service& service) {
  const Json& input = context.input;
  if (auto error = checkChoice(input)) return *error;
  BERTH_API_TRY(definition, usableDefinition(context, text(input, "taskDefinition")));
  BERTH_API_TRY(scale, scaleOf(input, TaskSet{}.scale));
  TaskSet set;
  set.cluster = service.cluster;
  set.service = service.name;
  set.taskDefinition = definition->key();
  set.launchType = text(input, "launchType", "EC2");
  set.externalId = text(input, "externalId");
  Json document = Json::object();
  takeLaunchMembers(input, document);
  const Cluster& cluster = *context.state().cluster(service.cluster);
  takeDefaultStrategy(input, cluster, document);
  set.document = document.dump();
  if (auto error = checkLaunch(context, cluster, set.launchType, document,
                               parsed(definition->document, Json::object()))) {
    return *error;
  }
  BERTH_API_TRY(tags, givenTags(input));
  set.tags = std::move(tags);
  if (document.contains("serviceRegistries") && !namingOf(set)) {
    return invalidParameter("A task set with a service registry is found by its service's name in DNS, and " +
                            service.name +
                            " has more than 63 characters: give the task set another name by the tag "
                            "berth:dns.");
  }
  set.clientToken = text(input, "clientToken");
  set.requestHash = requestHash(input);
  set.createdAt = context.now.wall;
  set.id = newDeploymentId(context.random);
  setScale(context, service, set, scale);
  return set;
}

}  // namespace

void takePrimary(const TaskSet& set, Service& service) {
  Json document = parsed(service.document, Json::object());
  // What the task set before had, and this one has not, is gone.
  const Json former = launchMembers(service.launchType, document);
  for (const auto& [member, value] : former.items()) document.erase(member);
  takeLaunchMembers(parsed(set.document, Json::object()), document);
  service.document = document.dump();
  service.launchType = set.launchType;
  service.taskDefinition = set.taskDefinition;
}

ApiResult<Json> createTaskSet(Context& context) {
  if (auto error = checkServiceToken(context.input)) return *error;
  BERTH_API_TRY(service, requestedExternalService(context));
  if (const TaskSet* known = madeBefore(context, *service)) {
    if (known->requestHash != requestHash(context.input)) {
      return invalidParameter("The clientToken was used before with other parameters.");
    }
    return Json{{"taskSet", renderTaskSet(context.state(), context.names, *service, *known, true)}};
  }
  BERTH_API_TRY(set, describedSet(context, *service));
  if (context.state().taskSetsOf(service->key()).size() >= kMostTaskSets) {
    return ApiError{"LimitExceededException",
                    "The service " + service->name + " has 5 task sets, and can't have more: delete one."};
  }
  context.tx.put(set);
  return Json{{"taskSet", renderTaskSet(context.state(), context.names, *service, set, true)}};
}

}  // namespace berth::controller
