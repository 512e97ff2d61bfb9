#include "controller/api/actions.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {
ApiResult<Json> discoverPollEndpoint(Context& context) {
  // Agents come back the way they came: whatever address reached the API also reaches the sessions.
  return Json{{"endpoint", context.caller.endpoint + "/v1/acs"},
              {"telemetryEndpoint", context.caller.endpoint + "/v1/tcs"},
              {"serviceConnectEndpoint", context.caller.endpoint + "/v1/sc"}};
}

}  // namespace berth::controller
