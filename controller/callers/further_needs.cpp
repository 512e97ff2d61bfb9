#include "controller/callers/further_needs.hpp"

#include <algorithm>
#include <set>

#include "common/ids/arn.hpp"
#include "proto/json/fields.hpp"

namespace berth::controller {
namespace {

constexpr const char* kRoles[] = {"taskRoleArn", "executionRoleArn"};

/// Operations that make something of a name, or of a family, that their own need is about.
constexpr std::string_view kNamed[] = {"CreateCapacityProvider", "CreateCluster", "CreateService",
                                       "CreateTaskSet", "RegisterTaskDefinition"};

bool makesTasks(std::string_view operation) { return operation == "RunTask" || operation == "StartTask"; }

bool hasTags(const Json& input) {
  const auto tags = input.is_object() ? input.find("tags") : input.end();
  return tags != input.end() && tags->is_array() && !tags->empty();
}

/// What has no name yet, in a cluster by its ARN.
Need unnamedIn(const std::string& cluster, std::string_view type) {
  auto arn = parseArn(cluster);
  if (!arn) return {"*", cluster};
  arn->resource = std::string(type) + "/" + std::string(arn->lastComponent()) + "/*";
  return {arn->str(), cluster};
}

/// What a call makes.
std::vector<Need> madeBy(std::string_view operation, const std::vector<Need>& own) {
  if (makesTasks(operation)) return {unnamedIn(own.front().cluster, "task")};
  if (operation == "RegisterContainerInstance")
    return {unnamedIn(own.front().resource, "container-instance")};
  return std::ranges::find(kNamed, operation) == std::end(kNamed) ? std::vector<Need>() : own;
}

/// The roles of the definition that a call names; an empty object when there is none of it.
Json rolesOfDefinition(const Json& input, const ecs::Names& names, const State& state) {
  const auto reference = names.parseTaskDefinition(textOf(input, "taskDefinition"));
  const TaskDefinition* known = reference ? meantBy(*reference, state) : nullptr;
  if (!known) return Json::object();
  auto roles =
      json::parseObject(known->document, "the task definition", {std::begin(kRoles), std::end(kRoles)});
  return roles ? std::move(*roles) : Json::object();
}

void addRoles(std::string_view operation, const Json& input, const ecs::Names& names, const State& state,
              std::vector<FurtherNeed>& out) {
  std::set<std::string> roles;
  const auto take = [&](const std::string& role) {
    if (!role.empty()) roles.insert(role);
  };
  std::string service = "ecs-tasks.amazonaws.com";
  if (operation == "RegisterTaskDefinition") {
    for (const char* role : kRoles) take(textOf(input, role));
  } else if (makesTasks(operation)) {
    const Json definition = rolesOfDefinition(input, names, state);
    const auto overrides = input.is_object() ? input.find("overrides") : input.end();
    for (const char* role : kRoles) {
      const std::string instead = overrides == input.end() ? "" : textOf(*overrides, role);
      take(instead.empty() ? textOf(definition, role) : instead);
    }
  } else if (operation == "CreateService") {
    service = "ecs.amazonaws.com";
    take(textOf(input, "role"));
  }
  for (const std::string& role : roles) {
    const std::string arn = role.starts_with("arn:")
                                ? role
                                : Arn{names.partition, "iam", "", names.account, "role/" + role}.str();
    out.push_back({"iam:PassRole", {arn, ""}, "iam:passedtoservice", service});
  }
}

}  // namespace

std::vector<FurtherNeed> furtherNeedsOf(std::string_view operation, const Json& input,
                                        const std::vector<Need>& own, const ecs::Names& names,
                                        const State& state) {
  std::vector<FurtherNeed> out;
  if (hasTags(input)) {
    for (Need& need : madeBy(operation, own))
      out.push_back({"ecs:TagResource", std::move(need), "ecs:createaction", std::string(operation)});
  }
  addRoles(operation, input, names, state, out);
  return out;
}

}  // namespace berth::controller
