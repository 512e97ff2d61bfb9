#include "controller/api/placement.hpp"

#include <map>

#include "common/text/letter_case.hpp"
#include "controller/api/capacity.hpp"
#include "controller/api/render.hpp"
#include "controller/api/required_attributes.hpp"
#include "proto/ecs/task_address.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostConstraints = 10;
constexpr size_t kMostStrategies = 5;
constexpr size_t kMostFailures = 100;
constexpr std::string_view kAttribute = "attribute:";

/// Adds a constraint to the request; the rule that it breaks, if any.
std::optional<std::string> addConstraint(const Json& constraint, PlacementRequest& request) {
  const std::string type = text(constraint, "type");
  const std::string expression = text(constraint, "expression");
  if (type == "distinctInstance") {
    if (!expression.empty()) return "A distinctInstance placement constraint takes no expression.";
    request.distinct = true;
    return std::nullopt;
  }
  if (type != "memberOf") return "A placement constraint needs a type: memberOf or distinctInstance.";
  if (expression.empty()) return "A memberOf placement constraint needs an expression.";
  auto query = Query::parse(expression);
  if (!query) return "Invalid placement constraint expression: " + query.error().message + ".";
  request.expressions.push_back({expression, std::move(*query)});
  return std::nullopt;
}

std::optional<std::string> addStrategy(const Json& strategy, PlacementRequest& request) {
  const std::string type = text(strategy, "type");
  const std::string field = text(strategy, "field");
  Strategy out;
  if (type == "random") {
    if (!field.empty()) return "The random placement strategy takes no field.";
  } else if (type == "binpack") {
    if (!equalsIgnoreCase(field, "cpu") && !equalsIgnoreCase(field, "memory")) {
      return "The binpack placement strategy needs a field: cpu or memory.";
    }
    out.kind = equalsIgnoreCase(field, "cpu") ? Strategy::Kind::BinpackCpu : Strategy::Kind::BinpackMemory;
  } else if (type == "spread") {
    if (equalsIgnoreCase(field, "instanceid") || equalsIgnoreCase(field, "host")) {
      out.kind = Strategy::Kind::SpreadInstance;
    } else if (field.starts_with(kAttribute) && field.size() > kAttribute.size()) {
      out.kind = Strategy::Kind::SpreadAttribute;
      out.attribute = field.substr(kAttribute.size());
    } else {
      return "The spread placement strategy needs a field: instanceId, host or attribute:NAME.";
    }
  } else {
    return "A placement strategy needs a type: random, spread or binpack.";
  }
  request.strategies.push_back(std::move(out));
  return std::nullopt;
}

/// "in all: 2 x RESOURCE:CPU, 1 x AGENT"
std::string summaryOf(const std::vector<Unplaced>& refused) {
  std::map<std::string, size_t> counts;
  for (const Unplaced& one : refused) ++counts[reasonOf(one.why)];
  std::string out = "of " + std::to_string(refused.size()) + " instances in all";
  for (const auto& [reason, count] : counts) out += ", " + std::to_string(count) + " x " + reason;
  return out;
}

}  // namespace

std::optional<std::string> brokenConstraints(const Json& constraints) {
  if (constraints.size() > kMostConstraints) {
    return "A task definition can have at most " + std::to_string(kMostConstraints) +
           " placement constraints.";
  }
  PlacementRequest ignored;
  for (const Json& constraint : constraints) {
    if (text(constraint, "type") != "memberOf") {
      return "The placement constraints of a task definition must be of type memberOf.";
    }
    if (auto broken = addConstraint(constraint, ignored)) return broken;
  }
  return std::nullopt;
}

ApiResult<PlacementRequest> placementOfDefinition(const Json& document) {
  PlacementRequest request;
  request.required = requiredAttributes(document);
  if (document.value("networkMode", "") == "awsvpc")
    request.required.push_back({ecs::kGivesAddresses, std::nullopt});
  for (const Json& constraint : document.value("placementConstraints", Json::array())) {
    if (auto broken = addConstraint(constraint, request)) return invalidParameter(*broken);
  }
  return request;
}

ApiResult<PlacementRequest> withWishes(PlacementRequest request, const Json& input) {
  const Json constraints = input.value("placementConstraints", Json::array());
  // Those of definitions are all expressions.
  if (request.expressions.size() + constraints.size() > kMostConstraints) {
    return invalidParameter("A task can have at most " + std::to_string(kMostConstraints) +
                            " placement constraints, with those of its definition.");
  }
  for (const Json& constraint : constraints) {
    if (auto broken = addConstraint(constraint, request)) return invalidParameter(*broken);
  }
  const Json strategies = input.value("placementStrategy", Json::array());
  if (strategies.size() > kMostStrategies) {
    return invalidParameter("A task can have at most " + std::to_string(kMostStrategies) +
                            " placement strategies.");
  }
  for (const Json& strategy : strategies) {
    if (auto broken = addStrategy(strategy, request)) return invalidParameter(*broken);
  }
  return request;
}

ApiResult<PlacementRequest> placementOf(const Json& input, const Json& document, const std::string& cluster,
                                        const std::string& group, const Resources& ask) {
  BERTH_API_TRY(request, placementOfDefinition(document));
  request.cluster = cluster;
  request.group = group;
  request.ask = ask;
  return withWishes(std::move(request), input);
}

void narrowTo(PlacementRequest& request, const std::string& provider) {
  request.required.push_back({kProviderAttribute, provider});
}

ApiResult<PlacementRequest> placementOf(const State& state, const TaskSpec& spec) {
  const Json document = parsed(state.definition(spec.definition)->document, Json::object());
  BERTH_API_TRY(request, placementOf(parsed(spec.placement, Json::object()), document, spec.cluster,
                                     spec.group, spec.resources));
  if (!spec.capacityProvider.empty()) narrowTo(request, spec.capacityProvider);
  return request;
}

Json placementFailure(const Context& context, const PlacementRequest& request, const Unplaced& unplaced) {
  const Fleet::Member& member = context.state().fleet().at(unplaced.slot);
  return failure(arnOf(context.names, *member.instance), reasonOf(unplaced.why),
                 detailOf(member, request, unplaced.why, unplaced.copies));
}

Json placementFailures(const Context& context, const PlacementRequest& request,
                       const std::vector<Fleet::Slot>& placed) {
  const std::vector<Unplaced> refused = whyNot(context.state().fleet(), request, placed);
  const std::string summary = refused.size() > 1 ? "; " + summaryOf(refused) : "";
  Json out = Json::array();
  for (const Unplaced& one : refused) {
    if (out.size() == kMostFailures) break;
    out.push_back(placementFailure(context, request, one));
    out.back()["detail"] = out.back()["detail"].get<std::string>() + summary;
  }
  return out;
}

}  // namespace berth::controller
