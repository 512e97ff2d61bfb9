#include "controller/api/context.hpp"

#include <algorithm>

#include "common/aws/crypto.hpp"

namespace berth::controller {
namespace {

using Parse = Result<ecs::Reference> (ecs::Names::*)(std::string_view) const;

std::optional<ApiError> checkReferences(const Context& context, const Cluster& cluster,
                                        const std::vector<std::string>& references, Parse parse) {
  for (const std::string& reference : references) {
    if (!reference.starts_with("arn:")) continue;
    const auto meant = (context.names.*parse)(reference);
    if (!meant) return invalidParameter(meant.error().message);
    if (meant->cluster && *meant->cluster != cluster.name) {
      return invalidParameter("Invalid identifier: Identifier is for cluster " + *meant->cluster +
                              ". Your cluster is " + cluster.name);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string rootOf(const ecs::Names& names) {
  return "arn:" + names.partition + ":iam::" + names.account + ":root";
}

std::string principalOf(const Caller& caller, const ecs::Names& names) {
  return caller.principal.empty() ? rootOf(names) : caller.principal;
}

ApiError clientError(std::string message) { return ApiError{"ClientException", std::move(message)}; }

ApiError invalidParameter(std::string message) {
  return ApiError{"InvalidParameterException", std::move(message)};
}

ApiError quotaReached(int64_t quota, const std::string& ofWhat, const std::string& wayOut,
                      const std::string& setting, std::string type) {
  return ApiError{std::move(type), "The quota of " + std::to_string(quota) + " " + ofWhat + " is reached: " +
                                       wayOut + ", or raise quotas." + setting + " in controller.yaml."};
}

std::string text(const Json& input, const char* name, std::string fallback) {
  auto it = input.find(name);
  return it == input.end() ? fallback : it->get<std::string>();
}

std::string requestHash(const Json& input) {
  Json request = input;
  request.erase("clientToken");
  return aws::sha256Hex(request.dump());
}

std::optional<ApiError> checkClientToken(const Json& input, size_t longest) {
  const std::string token = text(input, "clientToken");
  const bool printable = std::ranges::all_of(token, [](char c) { return c >= 33 && c <= 126; });
  if (token.size() <= longest && printable) return std::nullopt;
  return invalidParameter("clientToken must have up to " + std::to_string(longest) +
                          " printable ASCII characters without spaces.");
}

Json parsed(const std::string& text, Json fallback) {
  if (text.empty()) return fallback;
  return Json::parse(text);
}

Json mergedBy(const char* key, Json list, const Json& more) {
  for (const Json& one : more) {
    const auto known =
        std::ranges::find_if(list, [&](const Json& there) { return text(there, key) == text(one, key); });
    if (known == list.end()) {
      list.push_back(one);
    } else {
      *known = one;
    }
  }
  return list;
}

ApiResult<const Cluster*> findCluster(const Context& context) {
  auto name = context.names.parseCluster(text(context.input, "cluster", "default"));
  if (!name) return invalidParameter(name.error().message);
  const Cluster* cluster = context.state().cluster(name->str());
  if (!cluster) return ApiError{"ClusterNotFoundException", "Cluster not found."};
  if (!cluster->active) return ApiError{"ClusterNotFoundException", "The referenced cluster was inactive."};
  return cluster;
}

const TaskDefinition* meantBy(const ecs::DefinitionReference& reference, const State& state) {
  return reference.revision ? state.definition(reference.family + ":" + std::to_string(*reference.revision))
                            : state.newestActive(reference.family);
}

ApiResult<const TaskDefinition*> findDefinition(const Context& context, const std::string& reference,
                                                const std::string& unknown) {
  auto parsed_reference = context.names.parseTaskDefinition(reference);
  if (!parsed_reference) return clientError(parsed_reference.error().message);
  const TaskDefinition* definition = meantBy(*parsed_reference, context.state());
  if (!definition) return clientError(unknown);
  return definition;
}

const Instance* findInstance(const Context& context, const Cluster& cluster, const std::string& reference) {
  auto parsed_reference = context.names.parseInstance(reference);
  if (!parsed_reference) return nullptr;
  if (parsed_reference->cluster && *parsed_reference->cluster != cluster.name) return nullptr;
  const Instance* instance = context.state().instance(parsed_reference->id);
  return instance && instance->cluster == cluster.name ? instance : nullptr;
}

const Task* findTask(const Context& context, const Cluster& cluster, const std::string& reference) {
  auto parsed_reference = context.names.parseTask(reference);
  if (!parsed_reference) return nullptr;
  if (parsed_reference->cluster && *parsed_reference->cluster != cluster.name) return nullptr;
  const Task* task = context.state().task(parsed_reference->id);
  return task && task->spec->cluster == cluster.name ? task : nullptr;
}

std::optional<ApiError> checkInstanceReferences(const Context& context, const Cluster& cluster,
                                                const std::vector<std::string>& references) {
  return checkReferences(context, cluster, references, &ecs::Names::parseInstance);
}

std::optional<ApiError> checkTaskReferences(const Context& context, const Cluster& cluster,
                                            const std::vector<std::string>& references) {
  return checkReferences(context, cluster, references, &ecs::Names::parseTask);
}

const Service* findService(const Context& context, const Cluster& cluster, const std::string& reference) {
  const auto parsed_reference = context.names.parseService(reference);
  if (!parsed_reference) return nullptr;
  if (parsed_reference->cluster && *parsed_reference->cluster != cluster.name) return nullptr;
  return context.state().service(Service::keyOf(cluster.name, parsed_reference->id));
}

Json failure(const std::string& arn, const std::string& reason, const std::string& detail) {
  Json out{{"arn", arn}, {"reason", reason}};
  if (!detail.empty()) out["detail"] = detail;
  return out;
}

ApiResult<std::string> lastShown(const Json& input) {
  const std::string token = text(input, "nextToken");
  auto after = aws::base64Decode(token);
  if (!after) return invalidParameter("Invalid token '" + token.substr(0, 100) + "'");
  return *std::move(after);
}

ApiResult<Json> page(const Json& input, const std::vector<std::string>& keys, const char* member,
                     size_t limit, const std::function<Json(const std::string&)>& shown, Order order) {
  int64_t most = input.value("maxResults", static_cast<int64_t>(limit));
  if (most < 1 || most > static_cast<int64_t>(limit)) {
    return invalidParameter("maxResults must be between 1 and " + std::to_string(limit) + ", not " +
                            std::to_string(most));
  }
  auto first = keys.begin();
  BERTH_API_TRY(after, lastShown(input));
  if (!after.empty()) {
    // The key itself may be gone by now; the order of the keys is all that counts.
    first = order == Order::Ascending ? std::upper_bound(keys.begin(), keys.end(), after)
                                      : std::upper_bound(keys.begin(), keys.end(), after, std::greater<>());
  }
  Json items = Json::array();
  while (first != keys.end() && static_cast<int64_t>(items.size()) < most) items.push_back(shown(*first++));
  Json out = Json::object();
  if (first != keys.end()) out["nextToken"] = aws::base64Encode(*(first - 1));
  out[member] = std::move(items);
  return out;
}

}  // namespace berth::controller
