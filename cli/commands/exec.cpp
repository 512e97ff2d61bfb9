#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/remote_command.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

struct ExecOptions {
  std::string task;
  std::string container;
  std::string user;
  bool tty = false;
  bool noTty = false;
  bool noInput = false;
  std::vector<std::string> command;
};

/// Words as one text that the controller splits into the same words.
std::string quoted(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    out += '\'';
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    out += '\'';
  }
  return out;
}

Result<int> exec(Session& session, const ExecOptions& options) {
  auto task = findTaskOrItsService(session, options.task);
  if (!task) return task.error();
  const std::vector<std::string> command =
      options.command.empty() ? std::vector<std::string>{"sh"} : options.command;
  json members{{"task", task->arn}, {"command", quoted(command)}, {"interactive", true}};
  if (!options.container.empty()) members["container"] = options.container;
  auto answer = session.inCluster("ExecuteCommand", members);
  if (!answer) return answer.error();
  const json granted = answer->value("session", json::object());
  RemoteCommand remote;
  remote.url = textAt(granted, "streamUrl");
  remote.token = textAt(granted, "tokenValue");
  remote.user = options.user;
  remote.tty = options.tty || (!options.noTty && session.input && session.terminal.width > 0);
  remote.input = !options.noInput;
  if (remote.url.empty() || remote.token.empty())
    return makeError(Code::Internal, "the controller's answer has no stream: is it one of Berth's?");
  return runRemote(session, remote);
}

}  // namespace

void addExec(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ExecOptions>();
  CLI::App* sub = app.add_subcommand("exec", "Run a command in a container of a task: berth exec TASK -- sh");
  sub->add_option("task", options->task, "The beginning of its id, or a service with one task")
      ->required()
      ->type_name("TASK");
  sub->add_option("command", options->command, "Behind `--`; sh without one. No shell looks at it")
      ->type_name("WORD ...");
  sub->add_option("--container", options->container, "A task of one container needs none")->type_name("NAME");
  sub->add_option("-u,--user", options->user, "NAME, UID, NAME:GROUP or UID:GID; else the container's own");
  sub->add_flag("-t,--tty", options->tty, "With a terminal, also where input and output are none");
  sub->add_flag("-T,--no-tty", options->noTty, "Without a terminal");
  sub->add_flag("-n,--no-stdin", options->noInput, "Without an input");
  sub->footer("The exit code is the command's; 1 where it has none, 2 for what was typed wrong.");
  sub->callback(
      [&chosen, options] { chosen.work = [options](Session& session) { return exec(session, *options); }; });
}

}  // namespace berth::cli
