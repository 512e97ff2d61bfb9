#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

#include <algorithm>

namespace berth::controller {
namespace {

/// Families in alphabetical order, in each its revisions as numbers: no family has a blank in its name.
std::string sortable(const TaskDefinition& definition) {
  std::string revision = std::to_string(definition.revision);
  return definition.family + " " + std::string(10 - std::min<size_t>(10, revision.size()), '0') + revision;
}

std::string definitionKey(const std::string& sorted) {
  size_t blank = sorted.rfind(' ');
  return sorted.substr(0, blank) + ":" + std::to_string(std::stoll(sorted.substr(blank + 1)));
}

}  // namespace

ApiResult<Json> listTaskDefinitions(Context& context) {
  // Here the "prefix" is the whole name of a family.
  std::string family = text(context.input, "familyPrefix");
  std::string status = text(context.input, "status", "ACTIVE");
  std::vector<std::string> keys;
  for (const auto& [name, revisions] : context.state().definitions()) {
    if (!family.empty() && name != family) continue;
    for (const auto& [revision, definition] : revisions) {
      if (status == definition.status()) keys.push_back(sortable(definition));
    }
  }
  bool descending = text(context.input, "sort", "ASC") == "DESC";
  if (descending) std::reverse(keys.begin(), keys.end());
  auto shown = [&](const std::string& key) {
    return arnOf(context.names, *context.state().definition(definitionKey(key)));
  };
  return page(context.input, keys, "taskDefinitionArns", 100, shown,
              descending ? Order::Descending : Order::Ascending);
}

}  // namespace berth::controller
