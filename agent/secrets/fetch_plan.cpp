#include "agent/secrets/fetch_plan.hpp"

#include <algorithm>
#include <utility>

namespace berth::agent {
namespace {

/// Longer texts of services would crowd out the rest of a reason.
constexpr size_t kLongestDetail = 600;

constexpr size_t kLongestName = 300;

Error reason(std::string text, const Error& error) {
  return Error{error.code, std::move(text) + shortened(error.message, kLongestDetail), error.retryable};
}

/// The region that a request names, else the one of its ARN, else the agent's.
Result<std::string> regionOf(const SecretRequest& request, std::string_view ofArn, std::string_view agents) {
  const std::string_view region = !request.region.empty() ? request.region : !ofArn.empty() ? ofArn : agents;
  if (isRegionName(region)) return std::string(region);
  return makeError(Code::InvalidArgument,
                   "\"" + shortened(region, 60) + "\" is not a region: use a name like us-east-1");
}

/// The batch of `region` that has or can take the name.
size_t placeParameter(std::vector<ParameterBatch>& batches, const std::string& region,
                      const std::string& name) {
  const auto has = [&](const ParameterBatch& batch) {
    return batch.region == region && std::ranges::find(batch.names, name) != batch.names.end();
  };
  const auto takes = [&](const ParameterBatch& batch) {
    return batch.region == region && batch.names.size() < kParametersPerCall;
  };
  auto found = std::ranges::find_if(batches, has);
  if (found != batches.end()) return static_cast<size_t>(found - batches.begin());
  found = std::ranges::find_if(batches, takes);
  if (found == batches.end()) found = batches.insert(batches.end(), ParameterBatch{region, {}});
  found->names.push_back(name);
  return static_cast<size_t>(found - batches.begin());
}

size_t placeSecret(std::vector<SecretCall>& calls, SecretCall wanted) {
  const auto same = [&](const SecretCall& call) {
    return call.region == wanted.region && call.ref == wanted.ref;
  };
  const auto found = std::ranges::find_if(calls, same);
  const auto index = static_cast<size_t>(found - calls.begin());
  if (found == calls.end()) calls.push_back(std::move(wanted));
  return index;
}

Result<Pick> place(FetchPlan& plan, const SecretRequest& request, std::string_view defaultRegion) {
  Pick pick;
  if (request.provider.empty() || request.provider == "ssm") {
    const Result<ParameterRef> ref = parseParameterRef(request.valueFrom);
    if (!ref) return ref.error();
    const Result<std::string> region = regionOf(request, ref->region, defaultRegion);
    if (!region) return region.error();
    pick.parameter = true;
    pick.name = ref->name;
    pick.call = placeParameter(plan.batches, *region, ref->name);
    return pick;
  }
  if (request.provider != "asm") {
    return makeError(Code::InvalidArgument, "\"" + shortened(request.provider, 60) +
                                                "\" is not a provider of secrets: use ssm or asm");
  }
  Result<SecretRef> ref = parseSecretRef(request.valueFrom);
  if (!ref) return ref.error();
  Result<std::string> region = regionOf(request, ref->region, defaultRegion);
  if (!region) return region.error();
  pick.jsonKey = std::exchange(ref->jsonKey, {});
  pick.call = placeSecret(plan.secrets, SecretCall{*std::move(region), *std::move(ref), request.valueFrom});
  return pick;
}

}  // namespace

Result<FetchPlan> planFetch(const std::vector<SecretRequest>& requests, std::string_view defaultRegion) {
  FetchPlan plan;
  for (const SecretRequest& request : requests) {
    Result<Pick> pick = place(plan, request, defaultRegion);
    if (!pick) return secretFailed(request.valueFrom, pick.error());
    plan.picks.push_back(*std::move(pick));
  }
  return plan;
}

Error secretFailed(std::string_view valueFrom, const Error& error) {
  return reason(
      "Trying to retrieve secret with value " + shortened(valueFrom, kLongestName) + " resulted in error: ",
      error);
}

Error parametersFailed(std::string_view region, const Error& error) {
  return reason("Fetching secret data from SSM Parameter Store in " + std::string(region) + ": ", error);
}

Error environmentFileFailed(const ObjectRef& object, const Error& error) {
  return reason(
      "Unable to download env file with key " + object.key + " from bucket " + object.bucket + ", error: ",
      error);
}

Error noExecutionRole() {
  return makeError(Code::FailedPrecondition, "Unable to find execution role credentials");
}

}  // namespace berth::agent
