#include "common/ids/arn.hpp"
#include "controller/api/render.hpp"
#include "controller/api/services/actions.hpp"
#include "controller/api/services/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostServices = 10;

/// A name alone stands for the ARN of the old format, as the service answers it.
std::string missingArn(const Context& context, const std::string& reference) {
  if (reference.starts_with("arn:")) return reference;
  const ecs::Names& names = context.names;
  return Arn{names.partition, "ecs", names.region, names.account, "service/" + reference}.str();
}

}  // namespace

ApiResult<Json> describeServices(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  const auto references = context.input.value("services", std::vector<std::string>{});
  if (references.empty()) return invalidParameter("Services cannot be empty.");
  if (references.size() > kMostServices) return invalidParameter("Services can have at most 10 items.");
  Json services = Json::array();
  Json failures = Json::array();
  for (const std::string& reference : references) {
    if (const Service* service = findService(context, *cluster, reference)) {
      services.push_back(
          renderService(context.state(), context.names, *service, includes(context.input, "TAGS")));
    } else {
      failures.push_back(failure(missingArn(context, reference), "MISSING"));
    }
  }
  return Json{{"services", std::move(services)}, {"failures", std::move(failures)}};
}

}  // namespace berth::controller
