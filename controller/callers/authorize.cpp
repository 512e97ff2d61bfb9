#include "controller/callers/authorize.hpp"

#include "controller/callers/request_context.hpp"

namespace berth::controller {
namespace {

ApiError accessDenied(const KnownCaller& caller, const std::string& action, const std::string& resource,
                      const std::string& why) {
  return {"AccessDeniedException", "User: " + caller.principal + " is not authorized to perform: " + action +
                                       " on resource: " + resource + " " + why};
}

constexpr size_t kMostNeeds = 1000;
constexpr size_t kLongestArn = 2048;

/// Judging takes time; what no operation accepts is not worth it.
std::optional<ApiError> beyondMeasure(const std::vector<Need>& needs) {
  if (needs.size() > kMostNeeds)
    return invalidParameter("A call can name at most " + std::to_string(kMostNeeds) +
                            " resources: it names " + std::to_string(needs.size()) + ".");
  for (const Need& need : needs) {
    if (need.resource.size() > kLongestArn || need.cluster.size() > kLongestArn)
      return invalidParameter("A resource's name can't have more than " + std::to_string(kLongestArn) +
                              " characters.");
  }
  return std::nullopt;
}

}  // namespace

std::string sourceAddress(const std::string& peer) {
  const size_t colon = peer.rfind(':');
  if (colon == std::string::npos) return {};
  std::string address = peer.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  constexpr std::string_view kMapped = "::ffff:";
  const bool mapped = address.starts_with(kMapped) && address.find('.') != std::string::npos;
  return mapped ? address.substr(kMapped.size()) : address;
}

std::optional<ApiError> authorize(const KnownCaller& caller, const CallFacts& call,
                                  const std::vector<Need>& needs, const ecs::Names& names,
                                  const State& state) {
  if (caller.rights == Rights::All) return std::nullopt;
  const std::string action = actionOf(call.operation);
  if (caller.rights == Rights::Agent) {
    const auto why = notAnAgents(caller.principal, call, names, state);
    if (!why) return std::nullopt;
    return accessDenied(caller, action, needs.front().resource, "because " + *why);
  }
  if (auto error = beyondMeasure(needs)) return error;
  aws::PolicyRequest request;
  request.principal = caller.principal;
  request.action = action;
  const ConditionValues of_call = valuesOfCall(caller, call, names, state);
  for (const Need& need : needs) {
    request.resource = need.resource;
    request.context = valuesOfResource(caller, need, names, state);
    request.context.insert(of_call.begin(), of_call.end());
    const aws::Decision decision = aws::evaluate(caller.policies, request);
    if (decision == aws::Decision::Allow) continue;
    return accessDenied(caller, action, need.resource,
                        decision == aws::Decision::ExplicitDeny
                            ? "with an explicit deny in an identity-based policy"
                            : "because no identity-based policy allows the " + action + " action");
  }
  return std::nullopt;
}

}  // namespace berth::controller
