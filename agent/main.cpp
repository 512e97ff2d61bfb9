#include <iostream>

#include "agent/config/config.hpp"
#include "agent/config/describe.hpp"
#include "agent/wiring.hpp"
#include "common/config/load.hpp"
#include "common/service/program.hpp"

int main(int argc, char** argv) {
  berth::ProgramInfo info{"berth-agent", BERTH_VERSION,
                          "Node agent of Berth: runs the tasks that a controller places on this host"};
  info.describesConfig = true;
  auto parsed = berth::parseCommandLine(info, argc, argv, std::cout, std::cerr);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& options = std::get<berth::ProgramOptions>(parsed);
  if (options.describeConfig) {
    std::cout << berth::agent::describeConfig();
    return berth::exit_code::kStopped;
  }
  berth::agent::ConfigSources sources;
  sources.environment = berth::config::processEnvironment();
  sources.file = options.configFile;
  auto config = berth::agent::loadConfig(sources);
  if (!config) {
    std::cerr << config.error().message << "\n";
    return berth::exit_code::kUsage;
  }
  if (options.checkConfig) {
    std::cout << config->described;
    for (const std::string& warning : config->warnings) std::cerr << "warning: " << warning << "\n";
    return berth::exit_code::kStopped;
  }
  auto log = berth::makeLog(config->log);
  for (const std::string& warning : config->warnings)
    log->warn("a setting does not count as it stands", {{"what", warning}});
  return berth::agent::run(std::move(*config), sources, *log);
}
