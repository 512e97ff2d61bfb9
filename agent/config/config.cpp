#include "agent/config/config.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_sources.hpp"
#include "agent/config/ecs_unused.hpp"
#include "common/config/load.hpp"

namespace berth::agent {
namespace {

constexpr size_t kMostBytes = 1 << 20;

struct FileText {
  std::string text;
  int error = 0;  ///< errno
};

FileText readSmallFile(const std::string& path) {
  FileText out;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {{}, errno};
  char buffer[8192];
  while (out.text.size() <= kMostBytes) {
    const ssize_t got = ::read(file, buffer, sizeof buffer);
    if (got < 0) out.error = errno;
    if (got <= 0) break;
    out.text.append(buffer, static_cast<size_t>(got));
  }
  ::close(file);
  if (out.text.size() > kMostBytes) out.error = EFBIG;
  return out;
}

/// `parse` of the file's content; empty where it is missing and may be.
EcsTexts fromFile(const std::string& path, bool mayBeMissing,
                  EcsTexts (*parse)(std::string_view, std::string_view)) {
  const FileText file = readSmallFile(path);
  if (file.error == 0) return parse(path, file.text);
  EcsTexts out;
  if (mayBeMissing && (file.error == ENOENT || file.error == ENOTDIR)) return out;
  out.problems.push_back(path + ": can't read it: " + std::generic_category().message(file.error) +
                         "; correct or remove it");
  return out;
}

/// The JSON file that a variable names; empty: none does.
std::string namedJson(const EcsTexts& environment, const EcsTexts& lines) {
  for (const EcsTexts* source : {&environment, &lines}) {
    for (const EcsText& one : source->texts)
      if (one.name == kJsonFileVariable && !one.text.empty()) return one.text;
  }
  return {};
}

/// What a host that Amazon's agent ran on before has without saying so: the key that every AWS tool finds.
void findCredentials(const ConfigSources& sources, config::Sources& all) {
  bool controller = false;
  for (const config::Layer& layer : all.foreign) {
    controller = controller || layer.given.contains("controller");
    for (const char* key : {"credentials.file", "credentials.access_key"})
      if (layer.given.contains(key) || layer.broken.contains(key)) return;
  }
  if (!controller || access(sources.sharedCredentials.c_str(), R_OK) != 0) return;
  config::Layer found;
  found.given.emplace("credentials.file", config::Given{sources.sharedCredentials, "shared credentials file",
                                                        config::Origin::Foreign});
  all.foreign.push_back(std::move(found));
}

}  // namespace

Result<Config> loadConfig(const ConfigSources& sources) {
  const auto schema = agentSchema();
  const EcsTexts environment = ecsEnvironment(sources.environment);
  const EcsTexts lines = fromFile(sources.ecsConfig, true, ecsLines);
  const std::string named = namedJson(environment, lines);
  const EcsTexts json =
      named.empty() ? fromFile(sources.ecsJson, true, ecsJson) : fromFile(named, false, ecsJson);

  config::Sources all;
  all.yamlFile = sources.file;
  all.envPrefix = "BERTH_AGENT_";
  all.environment = sources.environment;
  all.together = {"credentials", "registry_auth"};
  std::vector<std::string> warnings;
  for (const EcsTexts* texts : {&environment, &lines, &json}) {
    EcsLayer one = translateEcs(*schema, *texts);
    all.foreign.push_back(std::move(one.layer));
    warnings.insert(warnings.end(), one.warnings.begin(), one.warnings.end());
  }
  findCredentials(sources, all);
  auto settings = config::load(schema, all);
  if (!settings) return settings.error();
  auto made = makeConfig(std::move(*settings));
  if (made) made->warnings = std::move(warnings);
  return made;
}

}  // namespace berth::agent
