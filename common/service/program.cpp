#include "common/service/program.hpp"

#include <CLI/CLI.hpp>

namespace berth {

std::variant<ProgramOptions, int> parseCommandLine(const ProgramInfo& info, int argc, const char* const* argv,
                                                   std::ostream& out, std::ostream& err) {
  ProgramOptions options;
  CLI::App app(info.description, info.name);
  app.set_help_flag("--help", "Print this and exit");
  app.set_version_flag("--version", info.name + " " + info.version, "Print the version and exit");
  app.add_option("--config", options.configFile, "Read the settings from this YAML file")->type_name("FILE");
  app.add_flag("--check-config", options.checkConfig,
               "Validate the configuration, print the settings that hold, and exit");
  if (!info.describes.empty()) app.add_flag(info.describes, options.describe, info.described);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stop) {
    return app.exit(stop, out, err) == 0 ? exit_code::kStopped : exit_code::kUsage;
  }
  return options;
}

}  // namespace berth
