// Config files and environments: YAML, a line "----", NAME=VALUE lines.
#include "agent/config/config.hpp"
#include "common/config/load.hpp"
#include "controller/config/config.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;
using fuzz::MemoryFile;
using Environment = std::map<std::string, std::string>;

/// A setting of every type.
config::Schema everyType() {
  using namespace config;  // NOLINT: a table of declarations
  return Schema({string("name", "a text"), path("data_dir", "a path"),
                 choice("log.level", {"debug", "info"}, "a choice").byDefault("info"),
                 integer("reserved.memory", "a number").between(0, 1 << 30),
                 boolean("metrics.enabled", "a switch"),
                 duration("stop_timeout", "a time").between(Duration(0), std::chrono::hours(24)),
                 size("max_body", "bytes").between(1024, 1 << 30), list("logging_drivers", "texts"),
                 map("attributes", "texts by names")});
}

/// The values alone: where they come from differs.
std::vector<config::Value> valuesOf(const config::Settings& settings) {
  std::vector<config::Value> values;
  auto put = [&](const char* key, auto value) {
    if (settings.has(key)) values.emplace_back(std::move(value(key)));
  };
  for (const char* key : {"name", "data_dir", "log.level"})
    put(key, [&](auto k) { return settings.string(k); });
  for (const char* key : {"reserved.memory", "max_body"})
    put(key, [&](auto k) { return settings.integer(k); });
  put("metrics.enabled", [&](auto k) { return settings.boolean(k); });
  put("stop_timeout", [&](auto k) { return settings.duration(k); });
  values.emplace_back(settings.list("logging_drivers"));
  values.emplace_back(settings.map("attributes"));
  return values;
}

Result<config::Settings> loadEvery(const std::string& file, const Environment& environment) {
  config::Sources sources;
  sources.yamlFile = file;
  sources.envPrefix = "BERTH_AGENT_";
  sources.environment = environment;
  return config::load(everyType(), sources);
}

void checkEvery(const std::string& file, const Environment& environment) {
  const auto settings = loadEvery(file, environment);
  if (!settings) return fuzz::require(!settings.error().message.empty(), "an error says why");
  const std::string described = settings->describe();
  const MemoryFile copy(described);
  const auto again = loadEvery(copy.path(), {});
  fuzz::require(again.ok(), "settings as they are described can be loaded", described);
  fuzz::require(valuesOf(*again) == valuesOf(*settings), "and are the same", described);
}

}  // namespace

BERTH_FUZZ_TARGET(config) {
  const MemoryFile file(fuzz::takePart(input));
  Environment environment;
  while (!input.empty()) {
    const std::string_view line = fuzz::takeLine(input);
    const size_t equals = std::min(line.find('='), line.size());
    environment.emplace(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
  }
  checkEvery(file.path(), environment);
  agent::ConfigSources sources;
  sources.environment = environment;
  sources.file = file.path();
  sources.ecsConfig = sources.ecsJson = sources.sharedCredentials = "/nowhere";
  // It would name another file of this machine.
  sources.environment.erase("ECS_AGENT_CONFIG_FILE_PATH");
  const auto agent = agent::loadConfig(sources);
  if (agent) {
    fuzz::require(agent->accessKey.empty() == agent->secretKey.empty(), "a key has both halves");
    fuzz::require(agent->secretKey.size() < 8 || agent->described.find(agent->secretKey) == std::string::npos,
                  "a secret is not shown", agent->described);
  } else {
    fuzz::require(!agent.error().message.empty(), "an error says why");
  }
  const auto controller = controller::loadConfig(file.path(), environment);
  if (!controller) fuzz::require(!controller.error().message.empty(), "an error says why");
}
