#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> deregisterTaskDefinition(Context& context) {
  std::string reference = text(context.input, "taskDefinition");
  auto parsed_reference = context.names.parseTaskDefinition(reference);
  if (!parsed_reference) return invalidParameter(parsed_reference.error().message);
  if (!parsed_reference->revision) return clientError("Revision is missing.");
  BERTH_API_TRY(definition, findDefinition(context, reference, "Unable to describe task definition."));
  TaskDefinition changed = *definition;
  if (changed.active) {
    changed.active = false;
    changed.deregisteredAt = context.now.wall;
    context.tx.put(changed);
  }
  return Json{{"taskDefinition", renderDefinition(context.names, changed)}};
}

}  // namespace berth::controller
