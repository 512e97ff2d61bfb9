// UpdateCluster, UpdateClusterSettings, and what CreateCluster shares with them.
#include <utility>

#include "controller/api/actions.hpp"
#include "controller/api/cluster_settings.hpp"
#include "controller/api/render.hpp"

namespace berth::controller {

std::optional<ApiError> checkSettings(const Json& settings) {
  for (const Json& setting : settings) {
    const std::string name = text(setting, "name");
    const std::string value = text(setting, "value");
    if (name.empty()) return invalidParameter("A cluster setting needs a name: containerInsights.");
    if (value != "enabled" && value != "disabled" && value != "enhanced") {
      return invalidParameter("Invalid value '" + value + "' for setting " + name +
                              ": use enabled, disabled or enhanced.");
    }
  }
  return std::nullopt;
}

void mergeIntoDocument(Json& document, const Json& input) {
  Json& settings = document["settings"];
  settings = mergedBy("name", std::move(settings), input.value("settings", Json::array()));
  for (const char* member : {"configuration", "serviceConnectDefaults"}) {
    if (input.contains(member)) document[member] = input[member];
  }
}

ApiResult<Json> updateCluster(Context& context) {
  BERTH_API_TRY(cluster, findCluster(context));
  if (auto error = checkSettings(context.input.value("settings", Json::array()))) return *error;
  Json document = parsed(cluster->document, Json::object());
  mergeIntoDocument(document, context.input);
  Cluster changed = *cluster;
  changed.document = document.dump();
  context.tx.put(changed);
  return Json{{"cluster", renderCluster(context.state(), context.names, changed,
                                        {"SETTINGS", "CONFIGURATIONS", "TAGS"})}};
}

}  // namespace berth::controller
