#include "proto/ecs/names.hpp"

#include <algorithm>

#include "common/ids/arn.hpp"
#include "common/text/number.hpp"
#include "proto/ecs/text.hpp"

namespace berth::ecs {
namespace {

constexpr size_t kLongestName = 255;
constexpr size_t kShownReference = 300;  ///< of a reference, in errors
constexpr std::string_view kArnPrefix = "arn:";

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// Ids of the old format have dashes, those of the long one have none.
bool isUuid(std::string_view id) {
  constexpr size_t kDashes[] = {8, 13, 18, 23};
  return id.size() == 36 && std::ranges::all_of(kDashes, [&](size_t at) { return id[at] == '-'; });
}

Error invalid(std::string_view reference, std::string_view rule) {
  return makeError(
      Code::InvalidArgument,
      "Invalid identifier '" + std::string(cut(reference, kShownReference)) + "': " + std::string(rule));
}

}  // namespace

bool isName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), isNameCharacter);
}

std::string Names::arn(const std::string& resource) const {
  std::string out;
  out.reserve(32 + resource.size());
  out.append("arn:").append(partition).append(":ecs:").append(region).append(":").append(account);
  return out.append(":").append(resource);
}

ClusterArn Names::cluster(const std::string& name) const { return ClusterArn(arn("cluster/" + name)); }

TaskArn Names::task(const std::string& cluster, const std::string& id) const {
  return TaskArn(arn("task/" + (isUuid(id) ? id : cluster + "/" + id)));
}

InstanceArn Names::instance(const std::string& cluster, const std::string& id) const {
  return InstanceArn(arn("container-instance/" + cluster + "/" + id));
}

InstanceArn Names::oldInstance(const std::string& id) const {
  return InstanceArn(arn("container-instance/" + id));
}

TaskDefinitionArn Names::taskDefinition(const std::string& family, int64_t revision) const {
  return taskDefinition(family + ":" + std::to_string(revision));
}

TaskDefinitionArn Names::taskDefinition(const std::string& key) const {
  return TaskDefinitionArn(arn("task-definition/" + key));
}

ServiceArn Names::service(const std::string& cluster, const std::string& name) const {
  return ServiceArn(arn("service/" + cluster + "/" + name));
}

ServiceArn Names::oldService(const std::string& name) const { return ServiceArn(arn("service/" + name)); }

std::string Names::capacityProvider(const std::string& name) const {
  return arn("capacity-provider/" + name);
}

std::string Names::servicePart(const std::string& type, const ServicePart& part) const {
  return arn(type + "/" + part.cluster + "/" + part.service + "/" + part.id);
}

std::string Names::attachment(const std::string& id) const { return arn("attachment/" + id); }

std::string Names::container(const std::string& cluster, const std::string& task,
                             const std::string& id) const {
  return arn("container/" + (isUuid(task) ? id : cluster + "/" + task + "/" + id));
}

Result<std::string> Names::resource(std::string_view reference, std::string_view type) const {
  if (!reference.starts_with(kArnPrefix)) return std::string(reference);
  auto parsed = parseArn(reference);
  if (!parsed) return invalid(reference, parsed.error().message);
  bool ours = parsed->partition == partition && parsed->service == "ecs" && parsed->region == region &&
              parsed->account == account;
  if (!ours) return invalid(reference, "it is of another region or account than " + region + ", " + account);
  std::string prefix = std::string(type) + "/";
  if (!parsed->resource.starts_with(prefix)) return invalid(reference, "it is no " + std::string(type));
  return parsed->resource.substr(prefix.size());
}

Result<ClusterName> Names::parseCluster(std::string_view reference) const {
  auto name = resource(reference, "cluster");
  if (!name) return name.error();
  if (!isName(*name)) return invalid(reference, "a cluster has up to 255 letters, digits, '_' and '-'");
  return ClusterName(*name);
}

Result<Reference> Names::parseMember(std::string_view reference, std::string_view type) const {
  auto text = resource(reference, type);
  if (!text) return text.error();
  Reference out;
  out.id = *text;
  // The cluster stands in ARNs alone: "CLUSTER/ID" by itself is no reference.
  size_t slash = reference.starts_with(kArnPrefix) ? text->find('/') : std::string::npos;
  if (slash != std::string::npos) {
    out.cluster = text->substr(0, slash);
    out.id = text->substr(slash + 1);
  }
  bool valid = isName(out.id) && (!out.cluster || isName(*out.cluster));
  if (!valid) return invalid(reference, "an id has up to 255 letters, digits, '_' and '-'");
  return out;
}

Result<Reference> Names::parseTask(std::string_view reference) const {
  return parseMember(reference, "task");
}

Result<Reference> Names::parseInstance(std::string_view reference) const {
  return parseMember(reference, "container-instance");
}

Result<Reference> Names::parseService(std::string_view reference) const {
  return parseMember(reference, "service");
}

Result<std::string> Names::parseCapacityProvider(std::string_view reference) const {
  auto name = resource(reference, "capacity-provider");
  if (!name) return name.error();
  if (!isName(*name)) {
    return invalid(reference, "a capacity provider has up to 255 letters, digits, '_' and '-'");
  }
  return *name;
}

Result<ServicePart> Names::parseServicePart(std::string_view reference, const std::string& type) const {
  if (!reference.starts_with(kArnPrefix)) return invalid(reference, "it is no ARN");
  const auto text = resource(reference, type);
  if (!text) return text.error();
  const size_t first = text->find('/');
  const size_t second = first == std::string::npos ? first : text->find('/', first + 1);
  if (second == std::string::npos) return invalid(reference, "it names no cluster, service and id");
  ServicePart out{text->substr(0, first), text->substr(first + 1, second - first - 1),
                  text->substr(second + 1)};
  if (!isName(out.cluster) || !isName(out.service)) {
    return invalid(reference, "a name has up to 255 letters, digits, '_' and '-'");
  }
  return out;
}

Result<DefinitionReference> Names::parseTaskDefinition(std::string_view reference) const {
  auto text = resource(reference, "task-definition");
  if (!text) return text.error();
  DefinitionReference out;
  size_t colon = text->find(':');
  out.family = text->substr(0, colon);
  if (!isName(out.family)) return invalid(reference, "a family has up to 255 letters, digits, '_' and '-'");
  if (colon == std::string::npos) return out;
  std::string digits = text->substr(colon + 1);
  auto revision = parseNumber<int64_t>(digits);
  if (!revision || *revision < 1) {
    return makeError(Code::InvalidArgument,
                     "Invalid revision number. Number: " + std::string(cut(digits, kShownReference)));
  }
  out.revision = revision;
  return out;
}

}  // namespace berth::ecs
