#include "controller/server/action_request.hpp"

namespace berth::controller {

ApiError wrongMethod(const std::string& methods) {
  return {"MethodNotAllowedException", "This path takes " + methods + ".", 405};
}

}  // namespace berth::controller
