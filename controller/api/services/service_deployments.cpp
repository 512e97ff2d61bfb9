// DescribeServiceDeployments, ListServiceDeployments, DescribeServiceRevisions.
#include <algorithm>

#include "controller/api/services/actions.hpp"
#include "controller/api/services/find.hpp"
#include "controller/api/services/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostDescribed = 20;
constexpr size_t kMostDeploymentsListed = 100;
constexpr int64_t kUsualDeploymentsListed = 20;

/// The list of ARNs that a description is asked for.
ApiResult<std::vector<std::string>> arnsOf(const Json& input, const char* member) {
  auto arns = input.value(member, std::vector<std::string>{});
  if (arns.empty()) return invalidParameter(std::string(member) + " cannot be empty.");
  if (arns.size() > kMostDescribed) {
    return invalidParameter(std::string(member) + " can have at most 20 items.");
  }
  return arns;
}

bool inTime(const ServiceDeployment& deployment, const Json& createdAt) {
  const double at = toEpochSeconds(deployment.createdAt);
  return (!createdAt.contains("before") || at < createdAt["before"].get<double>()) &&
         (!createdAt.contains("after") || at > createdAt["after"].get<double>());
}

/// Sorts deployments by their creation.
std::string orderOf(const ServiceDeployment& deployment) {
  std::string millis = std::to_string(toEpochMillis(deployment.createdAt));
  millis.insert(0, 20 - std::min<size_t>(millis.size(), 20), '0');
  return millis + "/" + deployment.id;
}

}  // namespace

ApiResult<Json> describeServiceDeployments(Context& context) {
  BERTH_API_TRY(arns, arnsOf(context.input, "serviceDeploymentArns"));
  Json deployments = Json::array();
  Json failures = Json::array();
  for (const std::string& arn : arns) {
    if (const ServiceDeployment* deployment = findServiceDeployment(context, arn)) {
      deployments.push_back(renderServiceDeployment(context.state(), context.names, *deployment));
    } else {
      failures.push_back(failure(arn, "MISSING"));
    }
  }
  return Json{{"serviceDeployments", std::move(deployments)}, {"failures", std::move(failures)}};
}

ApiResult<Json> describeServiceRevisions(Context& context) {
  BERTH_API_TRY(arns, arnsOf(context.input, "serviceRevisionArns"));
  Json revisions = Json::array();
  Json failures = Json::array();
  for (const std::string& arn : arns) {
    if (const ServiceRevision* revision = findServiceRevision(context, arn)) {
      revisions.push_back(renderRevision(context.state(), context.names, *revision));
    } else {
      failures.push_back(failure(arn, "MISSING"));
    }
  }
  return Json{{"serviceRevisions", std::move(revisions)}, {"failures", std::move(failures)}};
}

ApiResult<Json> listServiceDeployments(Context& context) {
  BERTH_API_TRY(service, requestedService(context));
  Json input = context.input;
  const auto wanted = input.value("status", std::vector<std::string>{});
  const Json createdAt = input.value("createdAt", Json::object());
  std::map<std::string, const ServiceDeployment*, std::greater<>> newestFirst;
  for (const ServiceDeployment* one : context.state().deploymentsOf(service->key())) {
    const bool asked = wanted.empty() || std::ranges::find(wanted, name(one->status)) != wanted.end();
    if (asked && inTime(*one, createdAt)) newestFirst.emplace(orderOf(*one), one);
  }
  std::vector<std::string> keys;
  for (const auto& [key, one] : newestFirst) keys.push_back(key);
  input.emplace("maxResults", kUsualDeploymentsListed);
  return page(
      input, keys, "serviceDeployments", kMostDeploymentsListed,
      [&](const std::string& key) {
        return renderBrief(context.state(), context.names, *newestFirst.at(key));
      },
      Order::Descending);
}

}  // namespace berth::controller
