// PutAttributes, DeleteAttributes, ListAttributes: what users tell about instances, for placement to go by.
// Source: Amazon ECS API Reference, Attribute.
#include "controller/api/attributes.hpp"

#include <algorithm>
#include <cctype>

#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"
#include "controller/discovery/endpoint.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostInACall = 10;
constexpr size_t kLongest = 128;
constexpr size_t kPage = 100;

bool isOf(const std::string& value, std::string_view others) {
  return std::ranges::all_of(value, [&](unsigned char c) {
    return std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool isReserved(const std::string& name) {
  return name.starts_with("ecs.") || name.starts_with("com.amazonaws.");
}

std::optional<ApiError> checkAttribute(const Json& attribute) {
  const std::string name = text(attribute, "name");
  if (name.empty() || name.size() > kLongest || !isOf(name, "-_./\\")) {
    return invalidParameter("The attribute name '" + name.substr(0, kLongest) +
                            "' must have 1 to 128 letters, digits, '-', '_', '.', '/' and '\\'.");
  }
  if (isReserved(name)) {
    return invalidParameter("The attribute name '" + name +
                            "' is reserved: names that begin with ecs. and com.amazonaws. are the agents'.");
  }
  if (auto error = checkAddress(attribute)) return error;
  if (!attribute.contains("value")) return std::nullopt;
  const std::string value = text(attribute, "value");
  if (value.empty() || value.size() > kLongest || !isOf(value, "-_./\\@: ") || value.front() == ' ' ||
      value.back() == ' ') {
    return invalidParameter("The value of attribute '" + name +
                            "' must have 1 to 128 letters, digits, '-', '_', '.', '/', '\\', '@', ':' and "
                            "spaces, no space at its ends.");
  }
  return std::nullopt;
}

/// The instances that a call changes, by id.
using Changed = std::map<std::string, Instance>;

ApiResult<Instance*> targetOf(const Context& context, const Cluster& cluster, const Json& attribute,
                              Changed& changed) {
  const std::string reference = text(attribute, "targetId");
  if (reference.empty())
    return invalidParameter("An attribute needs a targetId: a container instance's id or ARN.");
  if (auto error = checkInstanceReferences(context, cluster, {reference})) return *error;
  const Instance* found = findInstance(context, cluster, reference);
  if (!found || found->status == "INACTIVE") {
    return ApiError{"TargetNotFoundException", "Could not find " + reference};
  }
  return &changed.try_emplace(found->id, *found).first->second;
}

ApiResult<const Cluster*> checkCall(const Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const Json& attributes = context.input["attributes"];
  if (attributes.empty()) return invalidParameter("Attributes cannot be empty.");
  if (attributes.size() > kMostInACall) {
    return invalidParameter("Attributes can have at most " + std::to_string(kMostInACall) + " items.");
  }
  for (const Json& attribute : attributes) {
    if (auto error = checkAttribute(attribute)) return *error;
  }
  return cluster;
}

Json render(const Context& context, const Instance& instance, const std::string& name,
            const std::optional<std::string>& value) {
  Json out{{"name", name}, {"targetId", arnOf(context.names, instance)}};
  if (value) out["value"] = *value;
  return out;
}

std::optional<std::string> valueOf(const Json& attribute) {
  return attribute.contains("value") ? std::optional(text(attribute, "value")) : std::nullopt;
}

/// Lets `change` change the instance of each attribute of the call, in copies, and then `check` refuse them;
/// the answer repeats the attributes.
template <class Change, class Check>
ApiResult<Json> changeAttributes(Context& context, Change change, Check check) {
  BERTH_API_TRY(cluster, checkCall(context));
  Changed changed;
  Json out = Json::array();
  for (const Json& attribute : context.input["attributes"]) {
    BERTH_API_TRY(instance, targetOf(context, *cluster, attribute, changed));
    const std::string name = text(attribute, "name");
    change(*instance, name, valueOf(attribute));
    out.push_back(render(context, *instance, name, valueOf(attribute)));
  }
  for (const auto& [id, instance] : changed) {
    if (std::optional<ApiError> error = check(instance)) return *error;
  }
  for (auto& [id, instance] : changed) {
    ++instance.version;
    context.tx.put(std::move(instance));
  }
  return Json{{"attributes", std::move(out)}};
}

}  // namespace

std::optional<ApiError> checkAddress(const Json& attribute) {
  if (text(attribute, "name") != kAddressAttribute || !attribute.contains("value")) return std::nullopt;
  const std::string value = text(attribute, "value");
  if (parseIpAddress(value)) return std::nullopt;
  return invalidParameter(
      "The attribute berth.address says where tasks of its host are reached: it must be an "
      "IP address, and '" +
      value.substr(0, kLongest) + "' is none.");
}

int64_t customAttributes(const Instance& instance) {
  return std::ranges::count_if(*instance.attributes,
                               [](const Attribute& one) { return !isReserved(one.name); });
}

std::optional<ApiError> checkAttributeQuota(const Context& context, const Instance& instance,
                                            const std::string& type) {
  const int64_t quota = context.quotas.attributesPerInstance;
  if (customAttributes(instance) <= quota) return std::nullopt;
  return quotaReached(quota, "custom attributes of " + arnOf(context.names, instance), "delete some",
                      "attributes_per_instance", type);
}

ApiResult<Json> putAttributes(Context& context) {
  const auto set = [](Instance& instance, const std::string& name, std::optional<std::string> value) {
    instance.setAttribute(name, std::move(value));
  };
  const auto limit = [&](const Instance& instance) {
    return checkAttributeQuota(context, instance, "AttributeLimitExceededException");
  };
  return changeAttributes(context, set, limit);
}

ApiResult<Json> deleteAttributes(Context& context) {
  const auto erase = [](Instance& instance, const std::string& name, const std::optional<std::string>&) {
    instance.attributes.edit([&](std::vector<Attribute>& all) {
      std::erase_if(all, [&](const Attribute& one) { return one.name == name; });
    });
  };
  return changeAttributes(context, erase, [](const Instance&) { return std::optional<ApiError>(); });
}

ApiResult<Json> listAttributes(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const std::string name = text(context.input, "attributeName");
  const std::string value = text(context.input, "attributeValue");
  if (name.empty() && !value.empty()) return invalidParameter("attributeValue needs an attributeName.");
  std::map<std::string, Json> rows;
  for (const auto& instance : context.state().instances()) {
    if (instance->cluster != cluster->name || instance->status == "INACTIVE") continue;
    for (const Attribute& one : *instance->attributes) {
      if (!name.empty() && one.name != name) continue;
      if (!value.empty() && one.value != value) continue;
      rows.emplace(one.name + " " + instance->id, render(context, *instance, one.name, one.value));
    }
  }
  std::vector<std::string> keys;
  for (const auto& [key, row] : rows) keys.push_back(key);
  return page(context.input, keys, "attributes", kPage, [&](const std::string& key) { return rows.at(key); });
}

}  // namespace berth::controller
