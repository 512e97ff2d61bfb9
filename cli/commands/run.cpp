#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/definition.hpp"
#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr int64_t kAtOnce = 10;  ///< of RunTask

struct RunOptions {
  std::string what;
  int64_t count = 1;
  std::vector<std::string> environment;
  std::string container;
  std::string wait;
  std::string group;
  std::vector<std::string> command;
  bool exec = false;
  bool json = false;
};

/// What the container is to be given instead of what its definition says.
Result<json> overridesOf(const Session& session, const RunOptions& options) {
  if (options.environment.empty() && options.command.empty()) return json();
  std::string container = options.container;
  if (container.empty()) {
    auto answer = session.api.call("DescribeTaskDefinition", {{"taskDefinition", options.what}});
    if (!answer) return answer.error();
    const json definition = answer->value("taskDefinition", json::object());
    for (const json& one : listAt(definition, "containerDefinitions")) {
      if (container.empty() && one.value("essential", true)) container = textAt(one, "name");
    }
  }
  json override{{"name", container}};
  if (!options.command.empty()) override["command"] = options.command;
  for (const std::string& pair : options.environment) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return makeError(Code::InvalidArgument, "--env '" + pair + "': write NAME=VALUE");
    override["environment"].push_back({{"name", pair.substr(0, equals)}, {"value", pair.substr(equals + 1)}});
  }
  return json{{"containerOverrides", {override}}};
}

/// Starts them, ten a call; what could not be placed is said.
Result<json> start(const Session& session, const RunOptions& options, bool& failed) {
  auto overrides = overridesOf(session, options);
  if (!overrides) return overrides.error();
  json request{{"taskDefinition", options.what}, {"startedBy", "berth"}};
  if (!overrides->is_null()) request["overrides"] = *overrides;
  if (!options.group.empty()) request["group"] = options.group;
  if (options.exec) request["enableExecuteCommand"] = true;
  json tasks = json::array();
  for (int64_t left = options.count; left > 0 && !failed; left -= kAtOnce) {
    request["count"] = std::min(left, kAtOnce);
    auto answer = session.inCluster("RunTask", request);
    if (!answer) return answer.error();
    for (json& task : (*answer)["tasks"]) tasks.push_back(std::move(task));
    for (const json& failure : listAt(*answer, "failures")) {
      const std::string detail = textAt(failure, "detail");
      session.err << "berth: not placed on " << idOf(textAt(failure, "arn")) << ": "
                  << textAt(failure, "reason") << (detail.empty() ? "" : ": " + detail) << "\n";
      failed = true;
    }
  }
  if (failed) session.err << "berth: `berth why " << options.what << "` tells what is missing\n";
  return tasks;
}

/// Whether a task is where it is waited for; `failed` where it ended otherwise.
bool arrived(const json& task, const std::string& awaited, bool& failed) {
  const bool stopped = textAt(task, "lastStatus") == "STOPPED";
  if (stopped) {
    bool well = !listAt(task, "containers").empty();
    for (const json& container : listAt(task, "containers"))
      well = well && container.contains("exitCode") && numberAt(container, "exitCode") == 0;
    failed = failed || !well;
  }
  return stopped || (awaited == "running" && textAt(task, "lastStatus") == "RUNNING");
}

Result<int> await(const Session& session, const std::vector<std::string>& arns, const std::string& awaited) {
  std::map<std::string, std::string> told;
  for (;;) {
    auto tasks = describeAll(session, "tasks", arns);
    if (!tasks) return tasks.error();
    bool all = tasks->size() == arns.size();
    bool failed = false;
    for (const json& task : *tasks) {
      all = arrived(task, awaited, failed) && all;
      const std::string status = taskStatus(task);
      std::string& before = told[textAt(task, "taskArn")];
      if (before == status) continue;
      before = status;
      const std::string why = status == "STOPPED" ? stopReason(task) : std::string();
      session.err << idOf(textAt(task, "taskArn")) << " " << session.paint(status, toneOf(status))
                  << (why.empty() ? "" : ": " + why) << "\n";
    }
    if (all) return failed ? exits::kFailed : exits::kDone;
    if (!session.api.wait(std::chrono::milliseconds(500))) return exits::kStopped;
  }
}

Result<int> run(Session& session, RunOptions options) {
  if (isDefinitionFile(options.what)) {
    auto registered = registerFile(session, options.what);
    if (!registered) return registered.error();
    options.what = *registered;
  }
  bool failed = false;
  auto tasks = start(session, options, failed);
  if (!tasks) return tasks.error();
  std::vector<std::string> arns;
  for (const json& task : *tasks) arns.push_back(textAt(task, "taskArn"));
  if (options.json) {
    session.print({{"tasks", *tasks}});
  } else {
    for (const std::string& arn : arns) session.out << idOf(arn) << "\n";
  }
  session.out.flush();
  if (failed) return exits::kFailed;
  return options.wait.empty() ? Result<int>(exits::kDone) : await(session, arns, options.wait);
}

struct StopOptions {
  std::vector<std::string> tasks;
  std::string reason;
  bool wait = false;
};

Result<int> stop(Session& session, const StopOptions& options) {
  std::vector<std::string> arns;
  for (const std::string& text : options.tasks) {
    auto task = findTask(session, text);
    if (!task) return task.error();
    arns.push_back(task->arn);
  }
  for (const std::string& arn : arns) {
    json members{{"task", arn}};
    if (!options.reason.empty()) members["reason"] = options.reason;
    auto answer = session.inCluster("StopTask", members);
    if (!answer) return answer.error();
    session.out << idOf(arn) << " " << taskStatus((*answer)["task"]) << "\n";
  }
  if (!options.wait) return exits::kDone;
  auto waited = await(session, arns, "stopped");
  // That a container ended with another code than 0 is what a stop may do.
  return waited && *waited == exits::kFailed ? Result<int>(exits::kDone) : waited;
}

}  // namespace

void addRun(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* sub = app.add_subcommand("run", "Start tasks of a task definition, or of a file that has one");
  sub->add_option("what", options->what,
                  "FAMILY, FAMILY:REVISION, or a JSON or YAML file, which is registered first")
      ->required()
      ->type_name("WHAT");
  sub->add_option("--count", options->count, "How many")->check(CLI::Range(1, 10'000));
  sub->add_option("-e,--env", options->environment, "A variable; may come several times")
      ->type_name("NAME=VALUE");
  sub->add_option("--container", options->container,
                  "Whose --env and --command these are; else the first essential")
      ->type_name("NAME");
  sub->add_option("--command", options->command, "Instead of the definition's: all words that follow")
      ->type_name("WORD ...");
  sub->add_option("--group", options->group, "The tasks' group")->type_name("NAME");
  sub->add_flag("--enable-exec", options->exec, "Let `berth exec` in");
  sub->add_flag("--wait{running}", options->wait,
                "Until they run (or ended well); --wait=stopped until they ended")
      ->check(CLI::IsMember({"running", "stopped"}));
  sub->add_flag("--json", options->json, "As RunTask tells it");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return run(session, *options); }; });
}

void addStop(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<StopOptions>();
  CLI::App* sub = app.add_subcommand("stop", "Stop tasks");
  sub->add_option("task", options->tasks, "Ids or the beginnings of them")->required()->type_name("TASK");
  sub->add_option("--reason", options->reason, "Kept as the reason of their end")->type_name("TEXT");
  sub->add_flag("--wait", options->wait, "Until they are STOPPED");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return stop(session, *options); }; });
}

}  // namespace berth::cli
