// Which calls bring a list of secrets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/ports/secrets.hpp"
#include "agent/secrets/value_from.hpp"
#include "common/result/result.hpp"

namespace berth::agent {

/// One call of GetParameters.
struct ParameterBatch {
  std::string region;
  std::vector<std::string> names;  ///< 1 to 10, none twice
  bool operator==(const ParameterBatch&) const = default;
};

/// One call of GetSecretValue. `ref.jsonKey` is empty: parts are picked out of the answer.
struct SecretCall {
  std::string region;
  SecretRef ref;
  std::string valueFrom;  ///< of the first request that needs it, for messages
};

/// Where the value of one request will be.
struct Pick {
  bool parameter = false;
  size_t call = 0;      ///< index in `batches` or `secrets`
  std::string name;     ///< of the parameter in its batch
  std::string jsonKey;  ///< of the secret; empty: all of it
};

struct FetchPlan {
  std::vector<ParameterBatch> batches;
  std::vector<SecretCall> secrets;
  std::vector<Pick> picks;  ///< one a request, in their order
};

inline constexpr size_t kParametersPerCall = 10;  ///< Systems Manager API, GetParameters

/// Parameters of one region go together, ten a call; what is asked for twice is fetched once.
/// InvalidArgument with the message of secretFailed() when a request makes no sense.
Result<FetchPlan> planFetch(const std::vector<SecretRequest>& requests, std::string_view defaultRegion);

/// `error` as the reason of a task: "Trying to retrieve secret with value VALUE_FROM resulted in error: ...".
Error secretFailed(std::string_view valueFrom, const Error& error);
/// "Fetching secret data from SSM Parameter Store in REGION: ..."
Error parametersFailed(std::string_view region, const Error& error);
/// "Unable to download env file with key KEY from bucket BUCKET, error: ..."
Error environmentFileFailed(const ObjectRef& object, const Error& error);
/// FailedPrecondition, "Unable to find execution role credentials".
Error noExecutionRole();

}  // namespace berth::agent
