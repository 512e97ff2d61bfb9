#include "controller/api/tags.hpp"

#include <algorithm>
#include <functional>

#include "common/text/letter_case.hpp"
#include "controller/api/actions.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/render.hpp"
#include "controller/discovery/endpoint.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostTags = 50;
constexpr std::string_view kReserved = "aws:";

bool isReservedKey(const std::string& key) {
  return equalsIgnoreCase(key.substr(0, kReserved.size()), kReserved);
}

/// A resource whose tags are asked for or changed.
struct Tagged {
  std::string tags;                      ///< JSON list
  std::function<void(std::string)> put;  ///< stages the resource with other tags
};

/// The member of Entity that a tagged resource is, staged anew with its tags changed.
template <class Of>
Tagged taggedOf(Context& context, const Of& of) {
  return {of.tags, [&context, copy = of](std::string tags) mutable {
            copy.tags = std::move(tags);
            if constexpr (requires { copy.version; }) ++copy.version;
            context.tx.put(std::move(copy));
          }};
}

ApiError notFound(const std::string& arn) {
  return {"ResourceNotFoundException", "The specified resource was not found: " + arn};
}

ApiResult<Tagged> taggedCluster(Context& context, const std::string& arn) {
  const auto name = context.names.parseCluster(arn);
  const Cluster* cluster = name ? context.state().cluster(name->str()) : nullptr;
  if (!cluster) return ApiError{"ClusterNotFoundException", "Cluster not found."};
  return taggedOf(context, *cluster);
}

ApiResult<Tagged> taggedDefinition(Context& context, const std::string& arn) {
  const auto reference = context.names.parseTaskDefinition(arn);
  if (!reference || !reference->revision) return invalidParameter("The ARN provided is invalid.");
  BERTH_API_TRY(definition, findDefinition(context, arn, "Unable to describe task definition."));
  return taggedOf(context, *definition);
}

const std::string& clusterOf(const Task& task) { return task.spec->cluster; }
const std::string& clusterOf(const Instance& instance) { return instance.cluster; }

/// A task or an instance.
template <class Of>
ApiResult<Tagged> taggedMember(Context& context, const std::string& arn,
                               const Result<ecs::Reference>& reference,
                               const Of* (State::*find)(const std::string&) const) {
  if (!reference) return invalidParameter("The ARN provided is invalid.");
  const Of* found = (context.state().*find)(reference->id);
  if (!found || (reference->cluster && *reference->cluster != clusterOf(*found))) return notFound(arn);
  return taggedOf(context, *found);
}

ApiResult<Tagged> taggedService(Context& context, const std::string& arn) {
  const auto reference = context.names.parseService(arn);
  if (!reference) return invalidParameter("The ARN provided is invalid.");
  const Service* service = reference->cluster
                               ? context.state().service(Service::keyOf(*reference->cluster, reference->id))
                               : nullptr;
  if (!reference->cluster || (service && service->oldArn)) {
    return invalidParameter(
        "Services are tagged by their long ARN, service/CLUSTER/NAME, which only those have "
        "that were made while serviceLongArnFormat was enabled: not by " +
        arn + ".");
  }
  if (!service || service->status == ServiceStatus::Inactive) {
    return ApiError{"ServiceNotFoundException", "Service not found."};
  }
  return taggedOf(context, *service);
}

ApiResult<Tagged> taggedTaskSet(Context& context, const std::string& arn) {
  const auto part = context.names.parseServicePart(arn, "task-set");
  if (!part) return invalidParameter("The ARN provided is invalid.");
  const TaskSet* set = context.state().taskSet(Service::keyOf(part->cluster, part->service) + "/" + part->id);
  if (!set) return notFound(arn);
  return taggedOf(context, *set);
}

/// The resource of member "resourceArn".
ApiResult<Tagged> taggedResource(Context& context) {
  const std::string arn = text(context.input, "resourceArn");
  const std::string ours =
      "arn:" + context.names.partition + ":ecs:" + context.names.region + ":" + context.names.account + ":";
  if (!arn.starts_with(ours)) return invalidParameter("The ARN provided is invalid.");
  const std::string resource = arn.substr(ours.size());
  const std::string type = resource.substr(0, resource.find('/'));
  if (type == "cluster") return taggedCluster(context, arn);
  if (type == "task-definition") return taggedDefinition(context, arn);
  if (type == "task") return taggedMember(context, arn, context.names.parseTask(arn), &State::task);
  if (type == "container-instance") {
    return taggedMember(context, arn, context.names.parseInstance(arn), &State::instance);
  }
  if (type == "service") return taggedService(context, arn);
  if (type == "task-set") return taggedTaskSet(context, arn);
  if (type == "capacity-provider") {
    const CapacityProvider* provider = findProvider(context, arn);
    if (!provider || !provider->active) return notFound(arn);
    return taggedOf(context, *provider);
  }
  return invalidParameter("The ARN provided is invalid.");
}

}  // namespace

std::optional<ApiError> checkTags(const Json& tags) {
  for (const Json& tag : tags) {
    const std::string key = text(tag, "key");
    if (key.empty()) return invalidParameter("A tag needs a key.");
    if (isReservedKey(key)) {
      return invalidParameter("The tag key '" + key +
                              "' is reserved: keys that begin with aws: can't be set.");
    }
    if (key == kNameTag && !isLabel(text(tag, "value"))) {
      return invalidParameter(
          "The tag berth:dns is a name in DNS: it must have 1 to 63 letters, digits, '-' and "
          "'_', and '" +
          text(tag, "value") + "' has not.");
    }
  }
  return std::nullopt;
}

ApiResult<std::string> givenTags(const Json& input) {
  const Json tags = input.value("tags", Json::array());
  if (auto error = checkTags(tags)) return *error;
  return mergedBy("key", Json::array(), tags).dump();
}

ApiResult<Json> tagResource(Context& context) {
  BERTH_API_TRY(resource, taggedResource(context));
  const Json& more = context.input["tags"];
  if (auto error = checkTags(more)) return *error;
  const Json tags = mergedBy("key", parsed(resource.tags, Json::array()), more);
  if (tags.size() > kMostTags) {
    return ApiError{"LimitExceededException", "The quota of " + std::to_string(kMostTags) +
                                                  " tags per resource is reached: it would have " +
                                                  std::to_string(tags.size()) +
                                                  "; remove some with UntagResource."};
  }
  resource.put(tags.dump());
  return Json::object();
}

ApiResult<Json> untagResource(Context& context) {
  BERTH_API_TRY(resource, taggedResource(context));
  const auto keys = context.input.value("tagKeys", std::vector<std::string>{});
  Json left = Json::array();
  for (const Json& tag : parsed(resource.tags, Json::array())) {
    if (std::ranges::find(keys, text(tag, "key")) == keys.end()) left.push_back(tag);
  }
  resource.put(left.dump());
  return Json::object();
}

ApiResult<Json> listTagsForResource(Context& context) {
  BERTH_API_TRY(resource, taggedResource(context));
  return Json{{"tags", parsed(resource.tags, Json::array())}};
}

}  // namespace berth::controller
