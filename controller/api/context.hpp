// What an API action gets to work with, and the look-ups that many of them share.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/aws/errors.hpp"
#include "common/ids/random.hpp"
#include "common/time/clock.hpp"
#include "controller/api/quotas.hpp"
#include "controller/model/state.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {

using Json = nlohmann::json;
using aws::ApiError;
using aws::ApiResult;

class Recipes;
class Scheduler;
class Zones;

/// Who calls, and how they reached us.
struct Caller {
  std::string accessKeyId;
  std::string endpoint;     ///< the URL under which the caller reached the API: "http://127.0.0.1:7400"
  std::string principal{};  ///< ARN: "arn:aws:iam::000000000000:user/ann"
};

/// The ARN of the account's root.
std::string rootOf(const ecs::Names& names);
/// The ARN of who calls.
std::string principalOf(const Caller& caller, const ecs::Names& names);

/// One call of an action. `input` has been validated against the operation's shape, so its members have the
/// declared types.
struct Context {
  Transaction& tx;
  Scheduler& scheduler;
  const ecs::Names& names;
  Random& random;
  Now now;
  const Caller& caller;
  const Json& input;
  const Quotas& quotas = kDefaultQuotas;
  /// How long a task waits for a host of a capacity provider with managed scaling.
  Duration providerWait = std::chrono::hours(1);
  Recipes* recipes = nullptr;    ///< those that are known; null: none, and none is kept
  const Zones* zones = nullptr;  ///< of jobs' schedules

  const State& state() const { return tx.state(); }
};

/// An API action: answers the operation's output or an error; changes only through the transaction, and
/// nothing when it answers an error.
using Action = std::function<ApiResult<Json>(Context&)>;

ApiError clientError(std::string message);
ApiError invalidParameter(std::string message);
/// "The quota of 5000 container instances per cluster is reached: deregister some, or raise
/// quotas.instances_per_cluster in controller.yaml."
ApiError quotaReached(int64_t quota, const std::string& ofWhat, const std::string& wayOut,
                      const std::string& setting, std::string type = "LimitExceededException");

/// The string member `name` of `input`, or `fallback` when it is absent.
std::string text(const Json& input, const char* name, std::string fallback = {});
/// SHA-256 of a request without its clientToken: whether a repeated token stands for the same.
std::string requestHash(const Json& input);
/// InvalidParameterException for a clientToken of more characters than that, or of others than printable
/// ASCII without spaces (Amazon ECS API Reference).
std::optional<ApiError> checkClientToken(const Json& input, size_t longest);
/// Parses JSON text of our own making; empty text gives `fallback`.
Json parsed(const std::string& text, Json fallback);

/// `more` over `list`, both of objects with a text member `key` that tells them apart: what is there keeps
/// its place and gets the new value, others follow in order.
Json mergedBy(const char* key, Json list, const Json& more);

/// The cluster that member "cluster" means ("default" when absent). ClusterNotFoundException "Cluster not
/// found." when it is unknown, "The referenced cluster was inactive." when it is INACTIVE.
ApiResult<const Cluster*> findCluster(const Context& context);

/// The definition that a reference means; a bare family is its newest ACTIVE revision. Null when there is
/// none.
const TaskDefinition* meantBy(const ecs::DefinitionReference& reference, const State& state);
/// Likewise of a family, family:revision or ARN. ClientException with `unknown` as its message when there is
/// none.
ApiResult<const TaskDefinition*> findDefinition(const Context& context, const std::string& reference,
                                                const std::string& unknown);

/// The instance of `cluster` that an id or ARN means; nullptr when there is none.
const Instance* findInstance(const Context& context, const Cluster& cluster, const std::string& reference);
/// The task of `cluster` that an id or ARN means; nullptr when there is none.
const Task* findTask(const Context& context, const Cluster& cluster, const std::string& reference);

/// InvalidParameterException for the first ARN among references to instances (to tasks) of `cluster` that is
/// of another region, account or cluster, or of something else. Whether there is such a thing is not asked.
std::optional<ApiError> checkInstanceReferences(const Context& context, const Cluster& cluster,
                                                const std::vector<std::string>& references);
std::optional<ApiError> checkTaskReferences(const Context& context, const Cluster& cluster,
                                            const std::vector<std::string>& references);
/// The service of `cluster` that a name or ARN means, in any status; nullptr when there is none.
const Service* findService(const Context& context, const Cluster& cluster, const std::string& reference);

/// {"arn", "reason"}, and "detail" unless it is empty.
Json failure(const std::string& arn, const std::string& reason, const std::string& detail = {});

enum class Order { Ascending, Descending };

/// The key of the item behind which the page that `input` asks for begins; empty for the first page.
/// InvalidParameterException for a "nextToken" that is none.
ApiResult<std::string> lastShown(const Json& input);

/// A page of `keys`, which are sorted in `order`: the members after "nextToken", at most "maxResults" (or
/// `limit`). The answer has them under `member`, and "nextToken" unless it is the last page. Tokens name the
/// last key shown, so they survive the removal of any of them.
ApiResult<Json> page(const Json& input, const std::vector<std::string>& keys, const char* member,
                     size_t limit, const std::function<Json(const std::string&)>& shown,
                     Order order = Order::Ascending);

}  // namespace berth::controller

/// Returns the error of an ApiResult from the enclosing action, or assigns its value.
#define BERTH_API_TRY(variable, expression)                                             \
  auto variable##_result = (expression);                                                \
  if (auto* variable##_error = std::get_if<::berth::aws::ApiError>(&variable##_result)) \
    return *variable##_error;                                                           \
  auto variable = std::get<0>(variable##_result)
