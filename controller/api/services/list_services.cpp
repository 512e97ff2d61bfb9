// ListServices and ListServicesByNamespace.
#include "controller/api/services/actions.hpp"
#include "controller/api/services/render.hpp"

namespace berth::controller {
namespace {

constexpr size_t kMostListed = 100;
constexpr int64_t kUsuallyListed = 10;

bool passes(const Service& service, const Json& input) {
  const auto given = [&](const char* member, std::string_view value) {
    return !input.contains(member) || text(input, member) == value;
  };
  const bool provided = parsed(service.document, Json::object()).contains("capacityProviderStrategy");
  return service.status == ServiceStatus::Active && given("schedulingStrategy", name(service.scheduling)) &&
         given("launchType", provided ? "" : service.launchType) &&
         given("resourceManagementType", "CUSTOMER");
}

}  // namespace

ApiResult<Json> listServices(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  std::vector<std::string> names;
  const std::string prefix = cluster->name + "/";
  const auto& services = context.state().services();
  for (auto it = services.lower_bound(prefix); it != services.end() && it->first.starts_with(prefix); ++it) {
    if (passes(it->second, context.input)) names.push_back(it->second.name);
  }
  Json input = context.input;
  input.emplace("maxResults", kUsuallyListed);
  return page(input, names, "serviceArns", kMostListed, [&](const std::string& name) {
    return serviceArnOf(context.state(), context.names, cluster->name, name);
  });
}

/// Berth has no namespaces, so there is none that a service could be found in.
ApiResult<Json> listServicesByNamespace(Context& context) {
  return ApiError{"NamespaceNotFoundException",
                  "Failed to retrieve namespace for " + text(context.input, "namespace") +
                      ": Service Connect needs AWS Cloud Map, which Berth does not have."};
}

}  // namespace berth::controller
