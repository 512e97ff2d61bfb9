#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> listTaskDefinitionFamilies(Context& context) {
  std::string prefix = text(context.input, "familyPrefix");
  std::string status = text(context.input, "status", "ALL");
  std::vector<std::string> families;
  for (const auto& [name, revisions] : context.state().definitions()) {
    if (!name.starts_with(prefix) || revisions.empty()) continue;
    bool active = context.state().newestActive(name) != nullptr;
    if (status == "ALL" || (status == "ACTIVE") == active) families.push_back(name);
  }
  return page(context.input, families, "families", 100, [](const std::string& name) { return name; });
}

}  // namespace berth::controller
