#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> describeTaskDefinition(Context& context) {
  BERTH_API_TRY(definition, findDefinition(context, text(context.input, "taskDefinition"),
                                           "Unable to describe task definition."));
  Json out{{"taskDefinition", renderDefinition(context.names, *definition)}};
  out["tags"] = includes(context.input, "TAGS") ? parsed(definition->tags, Json::array()) : Json::array();
  return out;
}

}  // namespace berth::controller
