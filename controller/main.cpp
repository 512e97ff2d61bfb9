#include <iostream>

#include "common/config/load.hpp"
#include "common/service/program.hpp"
#include "controller/config/callers_folder.hpp"
#include "controller/config/webhooks_folder.hpp"
#include "controller/operations/compatibility.hpp"
#include "controller/wiring.hpp"

int main(int argc, char** argv) {
  berth::ProgramInfo info{"berth-controller", BERTH_VERSION,
                          "Control plane of Berth: the ECS API, a scheduler, and the agents' sessions",
                          "--describe-operations",
                          "Print what each operation of the API does here, in Markdown, and exit"};
  auto parsed = berth::parseCommandLine(info, argc, argv, std::cout, std::cerr);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& options = std::get<berth::ProgramOptions>(parsed);
  if (options.describe) {
    std::cout << berth::controller::describeOperations();
    return berth::exit_code::kStopped;
  }
  auto config = berth::controller::loadConfig(options.configFile, berth::config::processEnvironment());
  if (!config) {
    std::cerr << config.error().message << "\n";
    return berth::exit_code::kUsage;
  }
  if (options.checkConfig) {
    if (config->webhooks) {
      auto webhooks = berth::controller::readWebhooks(*config->webhooks);
      if (!webhooks) {
        std::cerr << webhooks.error().message << "\n";
        return berth::exit_code::kUsage;
      }
    }
    if (config->callers) {
      auto callers = berth::controller::readCallers(*config->callers, config->account);
      if (!callers) {
        std::cerr << callers.error().message << "\n";
        return berth::exit_code::kUsage;
      }
    }
    std::cout << config->described;
    return berth::exit_code::kStopped;
  }
  auto log = berth::makeLog(config->log);
  return berth::controller::run(*config, *log);
}
