#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands/lookup.hpp"
#include "cli/commands/session.hpp"
#include "cli/commands/values.hpp"

namespace berth::cli {
namespace {

using nlohmann::json;

constexpr size_t kMostNames = 1000;

/// What is completed by asking: the words behind these commands.
constexpr const char* kScript = R"bash(_berth() {
  local word=${COMP_WORDS[COMP_CWORD]} command= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --profile|--region|--endpoint|--cluster) ((i++)) ;;
      -*|=) ;;
      *) command=${COMP_WORDS[i]}; break ;;
    esac
  done
  if [ -z "$command" ] && [[ $word != -* ]]; then
    COMPREPLY=($(compgen -W "$_berth_commands" -- "$word"))
    return
  fi
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$_berth_options ${_berth_options_of[$command]}" -- "$word"))
    return
  fi
  case $command in
    up|down) COMPREPLY=($(compgen -f -- "$word")) ;;
    run) COMPREPLY=($(compgen -f -- "$word") $(compgen -W "$(berth names run 2>/dev/null)" -- "$word")) ;;
    deploy|rollback|scale|drain|stop|why|exec|logs)
      COMPREPLY=($(compgen -W "$(berth names "$command" 2>/dev/null)" -- "$word")) ;;
  esac
}
complete -o default -F _berth berth
)bash";

std::string optionsOf(const CLI::App* app) {
  std::string out;
  for (const CLI::Option* option : app->get_options()) {
    for (const std::string& name : option->get_lnames()) out += (out.empty() ? "--" : " --") + name;
  }
  return out;
}

int script(const CLI::App& app) {
  std::string commands;
  std::string options = "declare -A _berth_options_of=(\n";
  for (const CLI::App* sub : app.get_subcommands({})) {
    if (sub->get_group().empty()) continue;
    commands += (commands.empty() ? "" : " ") + sub->get_name();
    options += "  [" + sub->get_name() + "]=\"" + optionsOf(sub) + "\"\n";
  }
  std::cout << "# Completion of berth for bash: . <(berth completion bash)\n_berth_commands=\"" << commands
            << "\"\n_berth_options=\"" << optionsOf(&app) << "\"\n"
            << options << ")\n"
            << kScript;
  return exits::kDone;
}

Status printNames(const Session& session, const std::string& operation, const std::string& list,
                  const std::string& ending) {
  auto arns = session.listInCluster(operation, json::object(), list, kMostNames);
  if (!arns) return arns.error();
  for (const json& arn : *arns) session.out << idOf(arn.get<std::string>()) << ending << "\n";
  return {};
}

/// The words that can follow a command, one a line.
Result<int> names(const Session& session, const std::string& command) {
  if (command == "run") {
    auto families =
        session.api.list("ListTaskDefinitionFamilies", {{"status", "ACTIVE"}}, "families", kMostNames);
    if (!families) return families.error();
    for (const json& one : *families) session.out << one.get<std::string>() << "\n";
    return exits::kDone;
  }
  Status done;
  if (command == "drain" || command == "why") {
    auto nodes = allNodes(session);
    if (!nodes) return nodes.error();
    for (const json& node : *nodes) {
      const std::string name = nodeName(node);
      session.out << (name.empty() ? idOf(textAt(node, "containerInstanceArn")) : name) << "\n";
    }
  }
  const bool ofServices =
      command == "deploy" || command == "rollback" || command == "scale" || command == "why";
  if (ofServices) done = printNames(session, "ListServices", "serviceArns", command == "scale" ? "=" : "");
  if (!done) return done.error();
  const bool ofTasks = command == "stop" || command == "exec" || command == "logs" || command == "why";
  if (ofTasks) done = printNames(session, "ListTasks", "taskArns", "");
  if (!done) return done.error();
  return exits::kDone;
}

}  // namespace

void addCompletion(CLI::App& app, Chosen& chosen) {
  CLI::App* sub = app.add_subcommand("completion", "Completion for a shell: . <(berth completion bash)");
  auto shell = std::make_shared<std::string>("bash");
  sub->add_option("shell", *shell, "bash")->check(CLI::IsMember({"bash"}));
  sub->callback([&app, &chosen, shell] { chosen.alone = [&app] { return script(app); }; });

  auto command = std::make_shared<std::string>();
  CLI::App* asked = app.add_subcommand("names", "The names that can follow a command")->group("");
  asked->add_option("command", *command)->required();
  asked->callback(
      [&chosen, command] { chosen.work = [command](Session& session) { return names(session, *command); }; });
}

}  // namespace berth::cli
