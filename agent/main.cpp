#include <iostream>

#include "agent/wiring.hpp"
#include "common/config/load.hpp"
#include "common/service/program.hpp"

int main(int argc, char** argv) {
  berth::ProgramInfo info{"berth-agent", BERTH_VERSION,
                          "Node agent of Berth: runs the tasks that a controller places on this host"};
  auto parsed = berth::parseCommandLine(info, argc, argv, std::cout, std::cerr);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& options = std::get<berth::ProgramOptions>(parsed);
  auto config = berth::agent::loadConfig(options.configFile, berth::config::processEnvironment());
  if (!config) {
    std::cerr << config.error().message << "\n";
    return berth::exit_code::kUsage;
  }
  if (options.checkConfig) {
    std::cout << config->described;
    return berth::exit_code::kStopped;
  }
  auto log = berth::makeLog(config->log);
  return berth::agent::run(*config, *log);
}
