#include "controller/callers/further_needs.hpp"

#include <algorithm>
#include <set>

#include "common/ids/arn.hpp"

namespace berth::controller {
namespace {

constexpr std::string_view kRoles[] = {"taskRoleArn", "executionRoleArn"};

/// Operations that make something of a name, or of a family, that their own need is about.
constexpr std::string_view kNamed[] = {"CreateCapacityProvider", "CreateCluster", "CreateService",
                                       "CreateTaskSet", "RegisterTaskDefinition"};

bool makesTasks(std::string_view operation) { return operation == "RunTask" || operation == "StartTask"; }

bool hasTags(const Json& input) {
  const auto tags = input.is_object() ? input.find("tags") : input.end();
  return tags != input.end() && tags->is_array() && !tags->empty();
}

std::string withoutName(std::string_view type, const Json& input, const ecs::Names& names) {
  const std::string given = textOf(input, "cluster", "default");
  const auto cluster = names.parseCluster(given);
  return Arn{names.partition, "ecs", names.region, names.account,
             std::string(type) + "/" + (cluster ? cluster->str() : given) + "/*"}
      .str();
}

void addTagging(std::string_view operation, const Json& input, const std::vector<Need>& own,
                const ecs::Names& names, std::vector<FurtherNeed>& out) {
  if (!hasTags(input)) return;
  const auto add = [&](Need need) {
    out.push_back({"ecs:TagResource", std::move(need), "ecs:createaction", std::string(operation)});
  };
  // What the call itself is about may be a definition, but its cluster is where the new thing will be.
  const std::string cluster = own.empty() ? "" : own.front().cluster;
  if (makesTasks(operation)) add({withoutName("task", input, names), cluster});
  if (operation == "RegisterContainerInstance")
    add({withoutName("container-instance", input, names), own.empty() ? "" : own.front().resource});
  if (std::ranges::find(kNamed, operation) == std::end(kNamed)) return;
  for (const Need& need : own) add(need);
}

/// What a definition that a call names says of its roles; an empty object when there is none of it.
Json definitionOf(const Json& input, const ecs::Names& names, const State& state) {
  const auto given = names.parseTaskDefinition(textOf(input, "taskDefinition"));
  if (!given) return Json::object();
  const TaskDefinition* known = given->revision
                                    ? state.definition(given->family + ":" + std::to_string(*given->revision))
                                    : state.newestActive(given->family);
  if (!known || known->document.find("RoleArn") == std::string::npos) return Json::object();
  return Json::parse(known->document, nullptr, false);
}

void addRoles(std::string_view operation, const Json& input, const ecs::Names& names, const State& state,
              std::vector<FurtherNeed>& out) {
  std::set<std::string> roles;
  const auto take = [&](const std::string& role) {
    if (!role.empty()) roles.insert(role);
  };
  std::string service = "ecs-tasks.amazonaws.com";
  if (operation == "RegisterTaskDefinition") {
    for (const std::string_view role : kRoles) take(textOf(input, role.data()));
  } else if (makesTasks(operation)) {
    const Json definition = definitionOf(input, names, state);
    const auto overrides = input.is_object() ? input.find("overrides") : input.end();
    for (const std::string_view role : kRoles) {
      const std::string instead = overrides == input.end() ? "" : textOf(*overrides, role.data());
      take(instead.empty() ? textOf(definition, role.data()) : instead);
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
  addTagging(operation, input, own, names, out);
  addRoles(operation, input, names, state, out);
  return out;
}

}  // namespace berth::controller
