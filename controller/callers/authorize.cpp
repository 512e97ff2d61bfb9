#include "controller/callers/authorize.hpp"

#include <algorithm>

#include "controller/callers/further_needs.hpp"
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
std::optional<ApiError> beyondMeasure(const std::vector<Need>& needs,
                                      const std::vector<FurtherNeed>& further) {
  if (needs.size() > kMostNeeds)
    return invalidParameter("A call can name at most " + std::to_string(kMostNeeds) +
                            " resources: it names " + std::to_string(needs.size()) + ".");
  const auto tooLong = [](const Need& need) {
    return need.resource.size() > kLongestArn || need.cluster.size() > kLongestArn;
  };
  if (std::ranges::any_of(needs, tooLong) || std::ranges::any_of(further, tooLong, &FurtherNeed::need))
    return invalidParameter("A resource's name can't have more than " + std::to_string(kLongestArn) +
                            " characters.");
  return std::nullopt;
}

std::optional<ApiError> deniedOne(const KnownCaller& caller, const std::string& action,
                                  const std::string& resource, ConditionValues values) {
  const aws::PolicyRequest request{
      .principal = caller.principal, .action = action, .resource = resource, .context = std::move(values)};
  const aws::Decision decision = aws::evaluate(caller.policies, request);
  if (decision == aws::Decision::Allow) return std::nullopt;
  return accessDenied(caller, action, resource,
                      decision == aws::Decision::ExplicitDeny
                          ? "with an explicit deny in an identity-based policy"
                          : "because no identity-based policy allows the " + action + " action");
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
  const auto further = furtherNeedsOf(call.operation, call.input, needs, names, state);
  if (auto error = beyondMeasure(needs, further)) return error;
  const ConditionValues of_call = valuesOfCall(caller, call, names, state);
  const bool with_tags = asksForTags(caller);
  const auto denied = [&](const std::string& of_action, const Need& need, ConditionValues more) {
    more.merge(valuesOfResource(need, with_tags, names, state));
    more.insert(of_call.begin(), of_call.end());
    return deniedOne(caller, of_action, need.resource, std::move(more));
  };
  for (const Need& need : needs) {
    if (auto error = denied(action, need, {})) return error;
  }
  for (const FurtherNeed& one : further) {
    if (auto error = denied(one.action, one.need, {{one.conditionKey, one.conditionValue}})) return error;
  }
  return std::nullopt;
}

}  // namespace berth::controller
