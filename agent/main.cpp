#include <iostream>

#include "agent/config/config.hpp"
#include "agent/config/describe.hpp"
#include "agent/drain_command.hpp"
#include "agent/host/command_line.hpp"
#include "agent/wiring.hpp"
#include "common/config/load.hpp"
#include "common/service/program.hpp"
#include "common/service/time_slice.hpp"

int main(int argc, char** argv) {
  using Action = berth::agent::CommandLine::Action;
  auto parsed = berth::agent::parseCommandLine(BERTH_VERSION, argc, argv, std::cout, std::cerr);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& command = std::get<berth::agent::CommandLine>(parsed);
  if (command.action == Action::DescribeConfig) {
    std::cout << berth::agent::describeConfig();
    return berth::exit_code::kStopped;
  }
  berth::agent::ConfigSources sources;
  sources.environment = berth::config::processEnvironment();
  sources.file = command.configFile;
  auto config = berth::agent::loadConfig(sources);
  if (!config) {
    std::cerr << config.error().message << "\n";
    return berth::exit_code::kUsage;
  }
  if (command.action == Action::CheckConfig) {
    std::cout << config->described;
    for (const std::string& warning : config->warnings) std::cerr << "warning: " << warning << "\n";
    return berth::exit_code::kStopped;
  }
  auto log = berth::makeLog(config->log);
  if (command.action != Action::Run) return berth::agent::runCommand(*config, command, *log);
  for (const std::string& warning : config->warnings)
    log->warn("a setting does not count as it stands", {{"what", warning}});
  // What tasks ask of their agent is little, and must not wait until their neighbours' starts pause.
  berth::askForShortTimeSlices();
  return berth::agent::run(std::move(*config), sources, *log);
}
