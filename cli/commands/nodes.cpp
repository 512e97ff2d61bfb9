#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kNodeId = 12;

int64_t resourceAt(const json& node, const char* list, const char* name) {
  for (const json& resource : listAt(node, list)) {
    if (textAt(resource, "name") == name) return numberAt(resource, "integerValue");
  }
  return 0;
}

/// "512/4096": what tasks have taken, and all.
std::string taken(const json& node, const char* name) {
  const int64_t all = resourceAt(node, "registeredResources", name);
  return std::to_string(all - resourceAt(node, "remainingResources", name)) + "/" + std::to_string(all);
}

std::string nodeStatus(const json& node) {
  const std::string status = textAt(node, "status");
  return status == "ACTIVE" && !flagAt(node, "agentConnected") ? "LOST" : status;
}

Result<int> nodes(Session& session, bool asJson) {
  auto all = allNodes(session);
  if (!all) return all.error();
  if (asJson) {
    session.print({{"containerInstances", *all}});
    return exits::kDone;
  }
  std::ranges::sort(all->get_ref<json::array_t&>(), {}, [](const json& node) {
    return std::pair(nodeName(node), textAt(node, "containerInstanceArn"));
  });
  std::vector<std::vector<Cell>> rows;
  for (const json& node : *all) {
    const std::string status = nodeStatus(node);
    const json version = node.value("versionInfo", json::object());
    rows.push_back({idOf(textAt(node, "containerInstanceArn")).substr(0, kNodeId),
                    nodeName(node),
                    {status, toneOf(status)},
                    flagAt(node, "agentConnected") ? "yes" : "no",
                    std::to_string(numberAt(node, "runningTasksCount")),
                    std::to_string(numberAt(node, "pendingTasksCount")),
                    taken(node, "CPU"),
                    taken(node, "MEMORY"),
                    textAt(version, "agentVersion"),
                    sinceAt(node, "registeredAt", session.api.now())});
  }
  session.table({{"ID", false, true},
                 {"NAME"},
                 {"STATUS"},
                 {"CONNECTED"},
                 {"RUNNING", true},
                 {"PENDING", true},
                 {"CPU", true},
                 {"MEMORY", true},
                 {"AGENT"},
                 {"AGE", true}},
                rows);
  return exits::kDone;
}

struct DrainOptions {
  std::vector<std::string> nodes;
  bool undo = false;
  bool wait = false;
};

/// Until nothing runs there any more.
Result<int> waitEmpty(Session& session, const std::vector<std::string>& arns) {
  int64_t told = -1;
  for (;;) {
    auto nodes = describeAll(session, "containerInstances", arns);
    if (!nodes) return nodes.error();
    int64_t left = 0;
    for (const json& node : *nodes)
      left += numberAt(node, "runningTasksCount") + numberAt(node, "pendingTasksCount");
    if (left == 0) return exits::kDone;
    if (left != told) session.err << "waiting for " << left << " tasks to end\n";
    told = left;
    if (!session.api.wait(std::chrono::seconds(1))) return exits::kStopped;
  }
}

Result<int> drain(Session& session, const DrainOptions& options) {
  std::vector<std::string> arns;
  for (const std::string& text : options.nodes) {
    auto node = findNode(session, text);
    if (!node) return node.error();
    arns.push_back(node->arn);
  }
  auto answer =
      session.inCluster("UpdateContainerInstancesState",
                        {{"containerInstances", arns}, {"status", options.undo ? "ACTIVE" : "DRAINING"}});
  if (!answer) return answer.error();
  for (const json& node : listAt(*answer, "containerInstances"))
    session.out << idOf(textAt(node, "containerInstanceArn")) << " " << textAt(node, "status") << ", "
                << numberAt(node, "runningTasksCount") + numberAt(node, "pendingTasksCount") << " tasks\n";
  for (const json& failure : listAt(*answer, "failures"))
    session.err << "berth: " << idOf(textAt(failure, "arn")) << ": " << textAt(failure, "reason") << "\n";
  if (!listAt(*answer, "failures").empty()) return exits::kFailed;
  return options.wait && !options.undo ? waitEmpty(session, arns) : Result<int>(exits::kDone);
}

}  // namespace

void addNodes(CLI::App& app, Chosen& chosen) {
  auto asJson = std::make_shared<bool>(false);
  CLI::App* sub = app.add_subcommand("nodes", "Hosts of the cluster, and what their tasks take of them");
  sub->add_flag("--json", *asJson, "As DescribeContainerInstances tells them");
  sub->callback(
      [&chosen, asJson] { chosen.work = [asJson](Session& session) { return nodes(session, *asJson); }; });
}

void addDrain(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<DrainOptions>();
  CLI::App* sub = app.add_subcommand("drain", "Place nothing new on nodes, and move services' tasks away");
  sub->add_option("node", options->nodes, "Name, id or the beginning of one")->required()->type_name("NODE");
  sub->add_flag("--undo", options->undo, "Take them back into service");
  sub->add_flag("--wait", options->wait, "Until no task is left there");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return drain(session, *options); }; });
}

}  // namespace berth::cli
