// CreateCapacityProvider, DescribeCapacityProviders, UpdateCapacityProvider, DeleteCapacityProvider: groups
// of hosts that strategies name. Source: Amazon ECS API Reference, CapacityProvider.
#include <algorithm>
#include <cctype>

#include "common/ids/arn.hpp"
#include "common/text/letter_case.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/render.hpp"
#include "controller/api/tags.hpp"

namespace berth::controller {
namespace {

constexpr size_t kProvidersOnPage = 10;
constexpr size_t kMostDescribed = 100;
constexpr std::string_view kGroupName = "autoScalingGroupName/";

ApiError noProvider(const std::string& reference) {
  return clientError("The specified capacity provider '" + reference.substr(0, 300) +
                     "' was not found. Specify a valid name or ARN and try again.");
}

/// Providers of managed instances are the only ones that belong to a cluster.
std::optional<ApiError> checkKind(const Context& context) {
  if (context.input.contains("cluster")) {
    BERTH_API_TRY(cluster, findCluster(context));
    return ApiError{
        "UnsupportedFeatureException",
        "Capacity providers of one cluster (" + cluster->name +
            ") are those of managed instances, which are not offered by Berth: leave cluster out."};
  }
  if (!context.input.contains("managedInstancesProvider")) return std::nullopt;
  return ApiError{"UnsupportedFeatureException",
                  "Managed instances are not offered by Berth, which has the hosts that join it: use an "
                  "autoScalingGroupProvider."};
}

std::optional<ApiError> checkProviderName(const std::string& name) {
  if (!ecs::isName(name)) {
    return invalidParameter("Invalid capacity provider name '" + name.substr(0, 300) +
                            "': use up to 255 letters, digits, '_' and '-'.");
  }
  const std::string lower = lowered(name);
  for (const char* reserved : {"aws", "ecs", "fargate"}) {
    if (lower.starts_with(reserved)) {
      return invalidParameter("Invalid capacity provider name '" + name +
                              "': names that begin with aws, ecs or fargate are the service's.");
    }
  }
  return std::nullopt;
}

/// The name of an Auto Scaling group, given so or by its ARN; empty when it is neither.
std::string groupName(const ecs::Names& names, const std::string& reference) {
  std::string name = reference;
  if (reference.starts_with("arn:")) {
    const auto arn = parseArn(reference);
    const bool ours = arn && arn->service == "autoscaling" && arn->region == names.region &&
                      arn->account == names.account && arn->resource.starts_with("autoScalingGroup:");
    const size_t at = ours ? arn->resource.find(kGroupName) : std::string::npos;
    name = at == std::string::npos ? "" : arn->resource.substr(at + kGroupName.size());
  }
  const bool printable = std::ranges::all_of(name, [](unsigned char c) { return std::isprint(c) != 0; });
  return printable && name.size() <= 255 && name.find(':') == std::string::npos ? name : "";
}

std::optional<ApiError> checkGroupName(const Context& context, const std::string& reference) {
  const std::string name = groupName(context.names, reference);
  if (name.empty()) {
    return invalidParameter("Invalid autoScalingGroupArn '" + reference.substr(0, 300) +
                            "': give the name of a group, or its ARN in this region and account.");
  }
  for (const auto& [other, provider] : context.state().capacityProviders()) {
    const Json group = parsed(provider.document, Json::object());
    if (!provider.active || groupName(context.names, text(group, "autoScalingGroupArn")) != name) continue;
    return clientError(
        "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a "
        "unique Auto Scaling group ARN and try again.");
  }
  return std::nullopt;
}

/// What the members of a group's settings mean together.
std::optional<ApiError> checkScaling(const Json& group) {
  const Json& scaling = group["managedScaling"];
  if (scaling["minimumScalingStepSize"] > scaling["maximumScalingStepSize"]) {
    return invalidParameter("minimumScalingStepSize must not be greater than maximumScalingStepSize.");
  }
  if (text(group, "managedTerminationProtection") == "ENABLED" && !hasManagedScaling(group)) {
    return invalidParameter(
        "managedTerminationProtection ENABLED needs managed scaling: give managedScaling the status "
        "ENABLED.");
  }
  return std::nullopt;
}

/// The settings of a group with those of a call put over them, each on its own.
Json mergedGroup(Json group, const Json& given) {
  for (const auto& [member, value] : given.items()) {
    if (member == "managedScaling") {
      group[member].update(value);
    } else {
      group[member] = value;
    }
  }
  return group;
}

Json defaultGroup() {
  return Json{{"managedScaling",
               {{"status", "DISABLED"},
                {"targetCapacity", 100},
                {"minimumScalingStepSize", 1},
                {"maximumScalingStepSize", 10000},
                {"instanceWarmupPeriod", 300}}},
              {"managedTerminationProtection", "DISABLED"},
              {"managedDraining", "ENABLED"}};
}

Json shownProvider(const ecs::Names& names, const CapacityProvider& provider, bool withTags) {
  return Json{{"capacityProviderArn", names.capacityProvider(provider.name)},
              {"name", provider.name},
              {"status", provider.active ? "ACTIVE" : "INACTIVE"},
              {"type", "EC2_AUTOSCALING"},
              {"autoScalingGroupProvider", parsed(provider.document, Json::object())},
              {"updateStatus", provider.updateStatus},
              {"tags", withTags ? parsed(provider.tags, Json::array()) : Json::array()}};
}

Json shownByName(const Context& context, const std::string& name) {
  if (isPredefinedProvider(name)) {
    return Json{{"capacityProviderArn", context.names.capacityProvider(name)},
                {"name", name},
                {"status", "ACTIVE"},
                {"type", name},
                {"tags", Json::array()}};
  }
  return shownProvider(context.names, *context.state().capacityProvider(name),
                       includes(context.input, "TAGS"));
}

/// The names of those that a description without names is of: all, or those of the cluster; sorted.
ApiResult<std::vector<std::string>> describable(const Context& context) {
  std::vector<std::string> out;
  if (context.input.contains("cluster")) {
    BERTH_API_TRY(cluster, findCluster(context));
    out = cluster->capacityProviders;
  } else {
    out = {"FARGATE", "FARGATE_SPOT"};
    for (const auto& [name, provider] : context.state().capacityProviders()) {
      if (provider.active) out.push_back(name);
    }
  }
  std::ranges::sort(out);
  return out;
}

/// An ACTIVE provider that a call changes.
ApiResult<const CapacityProvider*> changeable(const Context& context, const std::string& reference) {
  if (auto error = checkKind(context)) return *error;
  const auto name = context.names.parseCapacityProvider(reference);
  if (!name) return invalidParameter(name.error().message);
  if (isPredefinedProvider(*name)) {
    return clientError("The capacity provider " + *name + " is predefined: it can't be changed or deleted.");
  }
  const CapacityProvider* found = context.state().capacityProvider(*name);
  if (!found || !found->active) return noProvider(reference);
  return found;
}

}  // namespace

ApiResult<Json> createCapacityProvider(Context& context) {
  const Json& input = context.input;
  const std::string name = text(input, "name");
  if (auto error = checkProviderName(name)) return *error;
  if (auto error = checkKind(context)) return *error;
  if (!input.contains("autoScalingGroupProvider")) {
    return invalidParameter("A capacity provider needs an autoScalingGroupProvider.");
  }
  const CapacityProvider* known = context.state().capacityProvider(name);
  if (known && known->active) {
    return clientError(
        "The specified capacity provider already exists. To change the configuration of an existing capacity "
        "provider, update the capacity provider.");
  }
  const Json group = mergedGroup(defaultGroup(), input["autoScalingGroupProvider"]);
  if (auto error = checkGroupName(context, text(group, "autoScalingGroupArn"))) return *error;
  if (auto error = checkScaling(group)) return *error;
  BERTH_API_TRY(tags, givenTags(input));
  CapacityProvider provider;
  provider.name = name;
  provider.document = group.dump();
  provider.tags = std::move(tags);
  context.tx.put(provider);
  return Json{{"capacityProvider", shownProvider(context.names, provider, true)}};
}

ApiResult<Json> updateCapacityProvider(Context& context) {
  BERTH_API_TRY(found, changeable(context, text(context.input, "name")));
  CapacityProvider provider = *found;
  const Json before = parsed(provider.document, Json::object());
  const Json group = mergedGroup(before, context.input.value("autoScalingGroupProvider", Json::object()));
  if (auto error = checkScaling(group)) return *error;
  const Cluster* first = otherClusterWith(context.state(), provider.name, "");
  const Cluster* second = first ? otherClusterWith(context.state(), provider.name, first->name) : nullptr;
  if (second && hasManagedScaling(group)) {
    return invalidParameter("A capacity provider with managed scaling serves one cluster alone, and " +
                            provider.name + " serves " + first->name + " and " + second->name + ".");
  }
  provider.document = group.dump();
  provider.updateStatus = "UPDATE_COMPLETE";
  context.tx.put(provider);
  return Json{{"capacityProvider", shownProvider(context.names, provider, true)}};
}

ApiResult<Json> deleteCapacityProvider(Context& context) {
  BERTH_API_TRY(found, changeable(context, text(context.input, "capacityProvider")));
  if (const Cluster* user = otherClusterWith(context.state(), found->name, "")) {
    return clientError(
        "The capacity provider cannot be deleted because it is associated with cluster: " + user->name +
        ". Remove the capacity provider from the cluster with PutClusterCapacityProviders and try again.");
  }
  CapacityProvider provider = *found;
  provider.active = false;
  provider.deletedAt = context.now.wall;
  provider.updateStatus = "DELETE_COMPLETE";
  context.tx.put(provider);
  return Json{{"capacityProvider", shownProvider(context.names, provider, true)}};
}

ApiResult<Json> describeCapacityProviders(Context& context) {
  BERTH_API_TRY(all, describable(context));
  const auto references = context.input.value("capacityProviders", std::vector<std::string>{});
  const auto shown = [&](const std::string& name) { return shownByName(context, name); };
  if (references.empty()) {
    BERTH_API_TRY(out, page(context.input, all, "capacityProviders", kProvidersOnPage, shown));
    out["failures"] = Json::array();
    return out;
  }
  if (references.size() > kMostDescribed) {
    return invalidParameter("Capacity Providers can have at most 100 items.");
  }
  Json providers = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    const auto name = context.names.parseCapacityProvider(reference);
    // One that was deleted is no member of any list, and is described by its name all the same.
    const bool listed = name && std::ranges::binary_search(all, *name);
    const bool deleted = name && !context.input.contains("cluster") && findProvider(context, *name);
    if (listed || deleted) {
      providers.push_back(shown(*name));
    } else {
      failures.push_back(failure(name ? context.names.capacityProvider(*name) : reference, "MISSING"));
    }
  }
  return Json{{"capacityProviders", std::move(providers)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
