#include "agent/host/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>
#include <vector>

#include "common/service/program.hpp"

namespace berth::agent {
namespace {

using Action = CommandLine::Action;

constexpr size_t kLongestReason = 255;

struct Given {
  CommandLine line;
  std::string timeout;
  std::map<Action, CLI::Option*> actions;
};

void addActions(CLI::App& app, Given& given) {
  const std::pair<Action, std::pair<const char*, const char*>> kActions[] = {
      {Action::CheckConfig,
       {"--check-config", "Validate the configuration, print the settings that hold, and exit"}},
      {Action::DescribeConfig,
       {"--describe-config", "Print all settings with their meaning as tables in Markdown, and exit"}},
      {Action::Drain,
       {"--drain", "Take this host out of service: nothing new is placed here (DRAINING), and exit"}},
      {Action::Activate, {"--activate", "Take this host back into service (ACTIVE), and exit"}},
      {Action::HealthCheck,
       {"--healthcheck", "Exit with 0 if the agent of this host answers, with 1 if not"}},
      {Action::ShowAttributes,
       {"--ecs-attributes", "Print the attributes that this host registers with, and exit"}},
  };
  for (const auto& [action, text] : kActions) given.actions[action] = app.add_flag(text.first, text.second);
}

/// By hand: CLI11's own exclusions would fill the help.
void chooseAction(Given& given) {
  const CLI::Option* chosen = nullptr;
  for (const auto& [action, option] : given.actions) {
    if (!*option) continue;
    if (chosen) throw CLI::ExcludesError(chosen->get_name(), option->get_name());
    chosen = option;
    given.line.action = action;
  }
}

std::string wrongTimeout(const std::string& text) {
  const auto parsed = parseDuration(text);
  if (parsed && *parsed > Duration(0)) return {};
  return "'" + text + "' must be a duration above zero, like 90s or 2m";
}

std::string wrongReason(const std::string& text) {
  if (text.size() <= kLongestReason) return {};
  return "must have at most 255 characters, this has " + std::to_string(text.size());
}

void addDetails(CLI::App& app, Given& given) {
  CLI::Option* drain = given.actions.at(Action::Drain);
  CLI::Option* activate = given.actions.at(Action::Activate);
  CLI::Option* stops = app.add_flag("--stop-tasks", given.line.stopTasks,
                                    "With --drain: also stop its tasks, and wait until they have ended");
  stops->needs(drain);
  app.add_flag("--at-shutdown", given.line.atShutdown,
               "With --drain: the host goes down, so --activate --after-shutdown may take this back")
      ->needs(drain);
  app.add_flag("--after-shutdown", given.line.afterShutdown,
               "With --activate: only take back what --drain --at-shutdown did")
      ->needs(activate);
  app.add_option("--timeout", given.timeout,
                 "With --drain and --activate: how long it may take, 2m if absent")
      ->type_name("DURATION")
      ->check(wrongTimeout);
  app.add_option("--reason", given.line.reason, "With --stop-tasks: what the tasks' stoppedReason says")
      ->type_name("TEXT")
      ->check(wrongReason)
      ->needs(stops);
}

/// The arguments behind the program's name, the last first, as CLI11 takes them.
std::vector<std::string> argumentsOf(int argc, const char* const* argv) {
  std::vector<std::string> out;
  for (int at = argc - 1; at > 0; --at) {
    std::string one = argv[at];
    const bool single = one.size() > 2 && one[0] == '-' && one[1] != '-';
    out.push_back(single ? "-" + one : one);
  }
  return out;
}

}  // namespace

std::variant<CommandLine, int> parseCommandLine(const std::string& version, int argc, const char* const* argv,
                                                std::ostream& out, std::ostream& err) {
  Given given;
  CLI::App app("Node agent of Berth: runs the tasks that a controller places on this host", "berth-agent");
  app.set_help_flag("--help", "Print this and exit");
  app.set_version_flag("--version", "berth-agent " + version, "Print the version and exit");
  app.add_option("--config", given.line.configFile, "Read the settings from this YAML file")
      ->type_name("FILE");
  addActions(app, given);
  addDetails(app, given);
  try {
    app.parse(argumentsOf(argc, argv));
    chooseAction(given);
    const bool waits = given.line.action == Action::Drain || given.line.action == Action::Activate;
    if (!given.timeout.empty() && !waits)
      throw CLI::RequiresError("--timeout", std::string("--drain or --activate"));
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop, out, err) == 0 ? exit_code::kStopped : exit_code::kUsage;
  }
  if (!given.timeout.empty()) given.line.timeout = *parseDuration(given.timeout);
  return given.line;
}

}  // namespace berth::agent
