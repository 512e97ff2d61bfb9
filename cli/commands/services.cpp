#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kServicesAtOnce = 10;  ///< of DescribeServices

Result<json> allServices(const Session& session) {
  auto arns = session.listInCluster("ListServices", json::object(), "serviceArns");
  if (!arns) return arns.error();
  json all = json::array();
  for (size_t from = 0; from < arns->size(); from += kServicesAtOnce) {
    json some = json::array();
    for (size_t i = from; i < std::min(from + kServicesAtOnce, arns->size()); ++i) some.push_back((*arns)[i]);
    auto answer = session.inCluster("DescribeServices", {{"services", some}});
    if (!answer) return answer.error();
    for (json& one : (*answer)["services"]) all.push_back(std::move(one));
  }
  return all;
}

/// How far the newest deployment is.
std::string rolloutOf(const json& service) {
  for (const json& deployment : listAt(service, "deployments")) {
    if (textAt(deployment, "status") == "PRIMARY") return textAt(deployment, "rolloutState");
  }
  return textAt(service, "status");
}

Result<int> services(Session& session, bool asJson) {
  auto all = allServices(session);
  if (!all) return all.error();
  if (asJson) {
    session.print({{"services", *all}});
    return exits::kDone;
  }
  std::vector<std::vector<Cell>> rows;
  for (const json& service : *all) {
    const std::string rollout = rolloutOf(service);
    const int64_t desired = numberAt(service, "desiredCount");
    const int64_t running = numberAt(service, "runningCount");
    rows.push_back({textAt(service, "serviceName"),
                    std::to_string(desired),
                    {std::to_string(running), running >= desired ? Tone::Good : Tone::Wait},
                    std::to_string(numberAt(service, "pendingCount")),
                    idOf(textAt(service, "taskDefinition")),
                    {rollout, toneOf(rollout)},
                    sinceAt(service, "createdAt", session.api.now())});
  }
  session.table({{"NAME"},
                 {"DESIRED", true},
                 {"RUNNING", true},
                 {"PENDING", true},
                 {"DEFINITION"},
                 {"DEPLOYMENT"},
                 {"AGE", true}},
                rows);
  return exits::kDone;
}

}  // namespace

void addServices(CLI::App& app, Chosen& chosen) {
  auto asJson = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("services", "Services, and how far their deployments are");
  sub->add_flag("--json", *asJson, "As DescribeServices tells them");
  sub->callback(
      [&chosen, asJson] { chosen.work = [asJson](Session& session) { return services(session, *asJson); }; });
}

}  // namespace berth::cli
