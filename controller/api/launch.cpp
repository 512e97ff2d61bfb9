#include "controller/api/launch.hpp"

#include <algorithm>
#include <cctype>

#include "controller/api/account_settings.hpp"
#include "controller/api/gpus.hpp"
#include "controller/api/recipes.hpp"
#include "controller/api/render.hpp"
#include "controller/api/tags.hpp"

namespace berth::controller {
namespace {

constexpr size_t kLongestToken = 64;

std::optional<ApiError> checkLaunchType(const Json& input) {
  std::string type = text(input, "launchType", "EC2");
  if (type != "EC2" && type != "EXTERNAL") {
    return ApiError{"UnsupportedFeatureException",
                    "Launch type " + type + " is not offered by this version of Berth: use EC2."};
  }
  if (!text(input, "platformVersion").empty()) {
    return invalidParameter("The platform version must be null when specifying an " + type + " launch type.");
  }
  if (input.contains("capacityProviderStrategy") && !input["capacityProviderStrategy"].empty()) {
    if (input.contains("launchType")) {
      return invalidParameter("Specify either launchType or capacityProviderStrategy, not both.");
    }
  }
  return std::nullopt;
}

std::optional<ApiError> checkVolumes(const Json& input) {
  if (input.value("volumeConfigurations", Json::array()).empty()) return std::nullopt;
  return ApiError{"UnsupportedFeatureException",
                  "volumeConfigurations is not offered by this version of Berth: leave it out."};
}

std::string groupOf(const Json& input, const TaskDefinition& definition) {
  return text(input, "group", "family:" + definition.family);
}

bool isStarter(const std::string& name) {
  return name.size() <= 128 && std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '/';
         });
}

std::optional<ApiError> checkLabels(const Json& input) {
  if (auto error = checkClientToken(input, kLongestToken)) return error;
  if (!isStarter(text(input, "startedBy"))) {
    return invalidParameter("startedBy must have up to 128 letters, digits, '-', '_' and '/'.");
  }
  if (serviceOfGroup(text(input, "group"))) {
    return invalidParameter("A group that begins with 'service:' is that of a service: use another one.");
  }
  if (text(input, "group").size() > 255) return invalidParameter("group must have up to 255 characters.");
  if (text(input, "propagateTags") == "SERVICE") {
    return invalidParameter("propagateTags SERVICE is for services: use TASK_DEFINITION.");
  }
  return std::nullopt;
}

/// The tags of a task: those of the call, before those that its definition hands down.
std::string tagsOf(const Json& input, const TaskDefinition& definition, const Cluster& cluster) {
  Json tags = mergedBy("key", Json::array(), input.value("tags", Json::array()));
  if (input.value("enableECSManagedTags", false)) {
    tags.push_back({{"key", "aws:ecs:clusterName"}, {"value", cluster.name}});
    if (const auto service = serviceOfGroup(text(input, "group"))) {
      tags.push_back({{"key", "aws:ecs:serviceName"}, {"value", *service}});
    }
  }
  if (text(input, "propagateTags") != "TASK_DEFINITION") return tags.empty() ? "" : tags.dump();
  auto has = [](const Json& list, const std::string& key) {
    return std::ranges::any_of(list, [&](const Json& tag) { return text(tag, "key") == key; });
  };
  for (const Json& tag : parsed(definition.tags, Json::array())) {
    if (!has(tags, text(tag, "key"))) tags.push_back(tag);
  }
  return tags.dump();
}

/// What an override can ask for and nothing here would act on.
std::optional<ApiError> checkOverrides(const Json& overrides) {
  std::string unknown;
  if (!overrides.value("inferenceAcceleratorOverrides", Json::array()).empty()) {
    unknown = "inferenceAcceleratorOverrides";
  }
  for (const Json& container : overrides.value("containerOverrides", Json::array())) {
    if (!container.value("environmentFiles", Json::array()).empty())
      unknown = "environmentFiles of an override";
  }
  if (unknown.empty()) return std::nullopt;
  return ApiError{"UnsupportedFeatureException", unknown + " is not offered by this version of Berth."};
}

TaskSpec specOf(const Json& input, const Cluster& cluster, const TaskDefinition& definition,
                const Recipe& recipe) {
  TaskSpec spec;
  spec.cluster = cluster.name;
  spec.definition = definition.key();
  spec.group = groupOf(input, definition);
  spec.launchType = text(input, "launchType", "EC2");
  const Json overrides = input.value("overrides", Json::object());
  if (!overrides.empty()) spec.overrides = overrides.dump();
  spec.enableExecuteCommand = input.value("enableExecuteCommand", false);
  spec.containers = recipe.containers;
  spec.resources = recipe.resources;
  spec.cpu = recipe.cpu;
  spec.memory = recipe.memory;
  return spec;
}

/// The hex digits of an id, written as a UUID.
std::string asUuid(std::string id) {
  id[12] = '7';  // one that begins with the time
  id[16] = "89ab"[static_cast<unsigned char>(id[16]) & 3];
  for (const size_t dash : {8, 13, 18, 23}) id.insert(dash, 1, '-');
  return id;
}

Task newTask(Context& context, const Launch& launch) {
  Task task;
  task.id = timeOrderedHex(context.now.wall, context.random);
  if (launch.oldArn) task.id = asUuid(std::move(task.id));
  task.spec = launch.spec;
  task.startedBy = text(context.input, "startedBy");
  task.tags = launch.tags;
  task.containers.resize(launch.spec->containers.size());
  task.createdAt = context.now.wall;
  return task;
}

constexpr size_t kMostSubnets = 16;

std::optional<ApiError> checkAwsvpc(const Json& configuration) {
  const Json subnets = configuration.value("subnets", Json::array());
  if (subnets.empty()) return invalidParameter("subnets can not be empty.");
  if (subnets.size() > kMostSubnets) return invalidParameter("subnets can have at most 16 items.");
  if (!configuration.value("securityGroups", Json::array()).empty()) {
    return ApiError{
        "UnsupportedFeatureException",
        "securityGroups is not offered by this version of Berth: leave it out, and use the host's "
        "packet filter."};
  }
  if (text(configuration, "assignPublicIp") == "ENABLED") {
    return invalidParameter("Assign public IP is not supported for this launch type.");
  }
  return std::nullopt;
}

/// The first of those that were asked for: the host gives the address, whichever it is.
std::string subnetOf(const Json& input) {
  const Json network = input.value("networkConfiguration", Json::object());
  const Json subnets = network.value("awsvpcConfiguration", Json::object()).value("subnets", Json::array());
  return subnets.empty() ? "" : subnets[0].get<std::string>();
}

}  // namespace

std::optional<ApiError> checkNetwork(const Json& input, bool awsvpc) {
  const bool given = input.contains("networkConfiguration");
  if (awsvpc && !given) {
    return invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (!awsvpc && given) {
    return invalidParameter(
        "Network Configuration is not valid for the given networkMode of this task definition.");
  }
  return awsvpc ? checkAwsvpc(input["networkConfiguration"].value("awsvpcConfiguration", Json::object()))
                : std::nullopt;
}

ApiResult<Launch> prepareLaunch(const Context& context) {
  const Json& input = context.input;
  if (auto error = checkLaunchType(input)) return *error;
  if (auto error = checkLabels(input)) return *error;
  if (auto error = checkTags(input.value("tags", Json::array()))) return *error;
  BERTH_API_TRY(cluster, findCluster(context));
  BERTH_API_TRY(definition,
                findDefinition(context, text(input, "taskDefinition"), "TaskDefinition not found."));
  if (!definition->active) return clientError("TaskDefinition is inactive");
  return resolveLaunch(context, *cluster, *definition);
}

ApiResult<Launch> resolveLaunch(const Context& context, const Cluster& cluster,
                                const TaskDefinition& definition) {
  const Json& input = context.input;
  const Json overrides = input.value("overrides", Json::object());
  const bool plain = overrides.empty();
  auto recipe = plain && context.recipes ? context.recipes->find(definition) : nullptr;
  const Json document = recipe ? Json() : parsed(definition.document, Json::object());
  const bool awsvpc = recipe ? recipe->awsvpc : document.value("networkMode", "") == "awsvpc";
  if (auto error = checkNetwork(input, awsvpc)) return *error;
  if (auto error = checkVolumes(input)) return *error;
  if (overrides.dump().size() > 8192) return invalidParameter("Overrides exceed 8192 characters.");
  if (auto error = checkOverrides(overrides)) return *error;
  if (!recipe) {
    BERTH_API_TRY(made, recipeOf(document, overrides));
    recipe = std::make_shared<const Recipe>(std::move(made));
    if (plain && context.recipes) context.recipes->keep(definition, recipe);
  }
  Launch launch;
  launch.cluster = &cluster;
  launch.definition = &definition;
  launch.tags = tagsOf(input, definition, cluster);
  BERTH_API_TRY(policy, policyOf(launch.tags));
  launch.policy = policy;
  TaskSpec spec = specOf(input, cluster, definition, *recipe);
  spec.lifetimeMillis = policy.maxLifetimeMillis;
  if (awsvpc) spec.subnet = subnetOf(input);
  launch.spec = Shared<TaskSpec>(std::move(spec));
  launch.oldArn = settingInForce(context, "taskLongArnFormat") == "disabled";
  PlacementRequest asked = recipe->placement;
  asked.cluster = cluster.name;
  asked.group = launch.spec->group;
  BERTH_API_TRY(placement, withWishes(std::move(asked), input));
  launch.placement = std::move(placement);
  return launch;
}

Task launchOn(Context& context, const Launch& launch, const std::string& instanceId,
              const std::string& capacityProvider) {
  Task task = newTask(context, launch);
  task.instance = instanceId;
  if (!capacityProvider.empty()) {
    task.spec.edit([&](TaskSpec& spec) { spec.capacityProvider = capacityProvider; });
  }
  assignGpus(context.tx, task);
  context.tx.put(task);
  return task;
}

Task launchWaiting(Context& context, const Launch& launch, const std::string& capacityProvider,
                   Duration wait) {
  Json asked = Json::object();
  for (const char* member : {"placementConstraints", "placementStrategy"}) {
    if (context.input.contains(member)) asked[member] = context.input[member];
  }
  Task task = newTask(context, launch);
  task.lastStatus = TaskStatus::Provisioning;
  task.spec.edit([&](TaskSpec& spec) {
    spec.capacityProvider = capacityProvider;
    if (!asked.empty()) spec.placement = asked.dump();
    spec.waitMillis = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
  });
  context.tx.put(task);
  return task;
}

}  // namespace berth::controller
