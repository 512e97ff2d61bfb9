#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kPage = 100;
constexpr size_t kLeastId = 12;

struct PsOptions {
  std::string service;
  std::string family;
  std::string node;
  bool all = false;
  bool allPages = false;
  bool json = false;
};

/// The filter of ListTasks that was asked for.
Result<json> filterOf(const Session& session, const PsOptions& options) {
  json filter = json::object();
  if (!options.service.empty()) {
    auto service = findService(session, options.service);
    if (!service) return service.error();
    filter["serviceName"] = service->id;
  }
  if (!options.family.empty()) filter["family"] = options.family;
  if (!options.node.empty()) {
    auto node = findNode(session, options.node);
    if (!node) return node.error();
    filter["containerInstance"] = node->arn;
  }
  return filter;
}

/// The first page of tasks, those that are to run first; all of them where that is wanted.
Result<std::vector<std::string>> tasksWanted(const Session& session, const PsOptions& options, bool& more) {
  auto filter = filterOf(session, options);
  if (!filter) return filter.error();
  const size_t most = options.allPages ? SIZE_MAX : kPage;
  std::vector<std::string> out;
  for (const char* status : {"RUNNING", "STOPPED"}) {
    const bool stopped = std::string_view(status) == "STOPPED";
    if (stopped && !options.all) break;
    if (out.size() >= most) {
      more = true;
      break;
    }
    (*filter)["desiredStatus"] = status;
    auto arns = session.listInCluster("ListTasks", *filter, "taskArns", most - out.size(), &more);
    if (!arns) return arns.error();
    for (std::string& arn : textsOf(*arns)) out.push_back(std::move(arn));
  }
  return out;
}

void showTasks(const Session& session, const json& tasks, const std::map<std::string, std::string>& nodes,
               bool reasons) {
  std::vector<std::string> ids;
  for (const json& task : tasks) ids.push_back(idOf(textAt(task, "taskArn")));
  const size_t length = tellingLength(ids, kLeastId);
  std::vector<std::vector<Cell>> rows;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const json& task = tasks[i];
    const std::string status = taskStatus(task);
    std::string health = textAt(task, "healthStatus");
    if (health == "UNKNOWN") health.clear();
    const auto node = nodes.find(textAt(task, "containerInstanceArn"));
    rows.push_back({ids[i].substr(0, length),
                    taskName(task),
                    {status, toneOf(status)},
                    {health, toneOf(health)},
                    node == nodes.end() ? std::string() : node->second,
                    taskPorts(task),
                    sinceAt(task, "createdAt", session.api.now())});
    if (reasons) rows.back().emplace_back(stopReason(task));
  }
  std::vector<Column> columns{{"ID", false, true}, {"NAME"},  {"STATUS"},   {"HEALTH"},
                              {"WHERE"},           {"PORTS"}, {"AGE", true}};
  if (reasons) columns.push_back({"REASON"});
  session.table(columns, rows);
}

Result<int> ps(Session& session, const PsOptions& options) {
  bool more = false;
  auto arns = tasksWanted(session, options, more);
  if (!arns) return arns.error();
  auto tasks = describeAll(session, "tasks", *arns);
  if (!tasks) return tasks.error();
  if (options.json) {
    session.print({{"tasks", *tasks}, {"more", more}});
    return exits::kDone;
  }
  auto nodes = nodeNames(session, *tasks);
  if (!nodes) return nodes.error();
  showTasks(session, *tasks, *nodes, options.all);
  session.out.flush();
  if (more) session.err << "There are more: --all-pages shows them, --service, --family and --node fewer\n";
  return exits::kDone;
}

}  // namespace

void addPs(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<PsOptions>();
  CLI::App* sub = app.add_subcommand("ps", "Tasks: the first hundred, those that are to run");
  sub->add_option("--service", options->service, "Only of this service")->type_name("NAME");
  sub->add_option("--family", options->family, "Only of this family of task definitions")->type_name("NAME");
  sub->add_option("--node", options->node, "Only on this node")->type_name("NODE");
  sub->add_flag("-a,--all", options->all, "Also stopped ones, with the reason");
  sub->add_flag("--all-pages", options->allPages, "All, however many there are");
  sub->add_flag("--json", options->json, "As DescribeTasks tells them");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return ps(session, *options); }; });
}

}  // namespace berth::cli
