#include "cli/commands/app.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "cli/commands/session.hpp"
#include "common/config/load.hpp"
#include "common/text/number.hpp"

namespace berth::cli {
namespace {

constexpr const char* kFooter =
    "Names, ids and their beginnings stand for ARNs. It finds the controller and an access key as the aws "
    "CLI does\n"
    "(--profile, AWS_*, ~/.aws), or the controller on this host; `berth doctor` says which.\n"
    "Exit codes: 0 done, 1 failed, 2 what was typed is wrong, 130 interrupted.";

/// What text is written to: the size and colours of a terminal.
Terminal terminalOf(int file) {
  Terminal out;
  if (isatty(file) == 0) return out;
  winsize size{};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    out.width = size.ws_col;
    out.height = size.ws_row;
  } else {
    out.width = 80;
    out.height = 24;
  }
  const char* plain = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  out.colours = (!plain || *plain == '\0') && kind && std::string_view(kind) != "dumb";
  return out;
}

int exitCodeOf(const Error& error) {
  if (error.code == Code::Cancelled) return exits::kStopped;
  return error.code == Code::InvalidArgument ? exits::kUsage : exits::kFailed;
}

int complain(const Error& error) {
  std::cout.flush();
  if (error.code != Code::Cancelled) std::cerr << "berth: " << error.message << "\n";
  return exitCodeOf(error);
}

int perform(const Work& work, const Choice& choice) {
  auto target = resolveTarget(choice, readSources(config::processEnvironment()));
  if (!target) {
    complain(target.error());
    return exits::kUsage;
  }
  Connection api(*target);
  Session session{api, *target, terminalOf(STDOUT_FILENO), isatty(STDIN_FILENO) != 0, std::cout, std::cerr};
  auto done = work(session);
  if (!done) return complain(done.error());
  std::cout.flush();
  return *done;
}

void addGlobalOptions(CLI::App& app, Choice& choice) {
  app.add_option("--profile", choice.profile, "A profile of ~/.aws/credentials or ~/.aws/config")
      ->type_name("NAME");
  app.add_option("--region", choice.region, "What requests are signed for")->type_name("NAME");
  app.add_option("--endpoint", choice.endpoint, "The controller's address")->type_name("URL");
  app.add_option("--cluster", choice.cluster, "Also BERTH_CLUSTER; `default` without either")
      ->type_name("NAME");
}

void addCommands(CLI::App& app, Chosen& chosen) {
  addPs(app, chosen);
  addServices(app, chosen);
  addNodes(app, chosen);
  addRun(app, chosen);
  addStop(app, chosen);
  addDeploy(app, chosen);
  addRollback(app, chosen);
  addScale(app, chosen);
  addUp(app, chosen);
  addDown(app, chosen);
  addDrain(app, chosen);
  addLogs(app, chosen);
  addExec(app, chosen);
  addJobs(app, chosen);
  addAlarms(app, chosen);
  addDev(app, chosen);
  addDoctor(app, chosen);
  addCompletion(app, chosen);
  addWhy(app, chosen);
  addEvents(app, chosen);
  // With these, the options above may stand anywhere.
  for (CLI::App* sub : app.get_subcommands({})) sub->fallthrough();
}

}  // namespace

int runBerth(int argc, const char* const* argv) {
  // Who reads no more of the output (`| head`) ends the program, as ever.
  std::ios::sync_with_stdio(false);
  Choice choice;
  Chosen chosen;
  CLI::App app("Tasks, services and hosts of a Berth cluster", "berth");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", std::string("berth ") + BERTH_VERSION, "Print the version and exit");
  app.require_subcommand(1);
  app.footer(kFooter);
  addGlobalOptions(app, choice);
  addCommands(app, chosen);
  if (argc <= 1) {
    std::cout << app.help();
    return exits::kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop, std::cout, std::cerr) == 0 ? exits::kDone : exits::kUsage;
  }
  if (chosen.alone) return chosen.alone();
  return perform(chosen.work, choice);
}

}  // namespace berth::cli
