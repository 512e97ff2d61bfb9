#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

#include <algorithm>

namespace berth::controller {
ApiResult<Json> listTaskDefinitions(Context& context) {
  // Here the "prefix" is the whole name of a family.
  std::string family = text(context.input, "familyPrefix");
  bool active = text(context.input, "status", "ACTIVE") == "ACTIVE";
  std::vector<const TaskDefinition*> found;
  for (const auto& [name, revisions] : context.state().definitions()) {
    if (!family.empty() && name != family) continue;
    for (const auto& [revision, definition] : revisions) {
      if (definition.active == active) found.push_back(&definition);
    }
  }
  if (text(context.input, "sort", "ASC") == "DESC") std::reverse(found.begin(), found.end());
  std::vector<std::string> keys;
  for (const TaskDefinition* definition : found) keys.push_back(definition->key());
  return page(context.input, keys, "taskDefinitionArns", 100,
              [&](const std::string& key) { return arnOf(context.names, *context.state().definition(key)); });
}

}  // namespace berth::controller
