// Families of operations that need what only AWS has. Each is still checked against its shape first.
#include "controller/api/actions.hpp"

namespace berth::controller {

ApiResult<Json> daemonsUnsupported(Context&) {
  return ApiError{"UnsupportedFeatureException",
                  "Daemons run on hosts that Amazon ECS manages (a capacity provider of managed instances), "
                  "which Berth does not have: a service with the schedulingStrategy DAEMON runs one task on "
                  "each instance of a cluster."};
}

ApiResult<Json> expressUnsupported(Context&) {
  return ApiError{"UnsupportedFeatureException",
                  "Express services bring a load balancer, certificates and automatic scaling of AWS, which "
                  "Berth does not have: use CreateService."};
}

}  // namespace berth::controller
