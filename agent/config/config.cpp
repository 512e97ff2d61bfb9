#include "agent/config/config.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
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

/// The texts of amazon-ecs-agent's configuration, the strongest first.
struct EcsFiles {
  EcsTexts environment;
  EcsTexts lines;
  EcsTexts linesBelow;
  std::string namedJson;  ///< the JSON file that a variable names; empty: none does
};

EcsFiles readEcsFiles(const ConfigSources& sources) {
  EcsFiles out{ecsEnvironment(sources.environment), fromFile(sources.ecsConfig, true, ecsLines),
               fromFile(sources.ecsConfigBelow, true, ecsLines), ""};
  for (const EcsTexts* source : {&out.linesBelow, &out.lines, &out.environment}) {
    for (const EcsText& one : source->texts)
      if (one.name == kJsonFileVariable && !one.text.empty()) out.namedJson = one.text;
  }
  return out;
}

bool isReadable(const std::string& path) { return access(path.c_str(), R_OK) == 0; }

/// What a host has without saying so: where Amazon's agent ran, the key that every AWS tool finds; beside a
/// controller, the one which that has made.
void findCredentials(const ConfigSources& sources, config::Sources& all) {
  bool controller = false;
  for (const config::Layer& layer : all.foreign) {
    controller = controller || layer.given.contains("controller");
    for (const char* key : {"credentials.file", "credentials.access_key"})
      if (layer.given.contains(key) || layer.broken.contains(key)) return;
  }
  const bool shared = controller && isReadable(sources.sharedCredentials);
  config::Given file{sources.controllersCredentials, std::string(kLastResort), config::Origin::Foreign};
  if (shared) file = {sources.sharedCredentials, "shared credentials file", config::Origin::Foreign};
  config::Layer found;
  found.given.emplace("credentials.file", std::move(file));
  all.foreign.push_back(std::move(found));
}

}  // namespace

Result<Config> loadConfig(const ConfigSources& sources) {
  const auto schema = agentSchema();
  const EcsFiles ecs = readEcsFiles(sources);
  const EcsTexts json = ecs.namedJson.empty() ? fromFile(sources.ecsJson, true, ecsJson)
                                              : fromFile(ecs.namedJson, false, ecsJson);

  config::Sources all;
  all.yamlFile = sources.file;
  all.envPrefix = "BERTH_AGENT_";
  all.environment = sources.environment;
  all.together = {"credentials", "registry_auth"};
  std::vector<std::string> warnings;
  for (const EcsTexts* texts : {&ecs.environment, &ecs.lines, &ecs.linesBelow, &json}) {
    EcsLayer one = translateEcs(*schema, *texts);
    all.foreign.push_back(std::move(one.layer));
    warnings.insert(warnings.end(), one.warnings.begin(), one.warnings.end());
  }
  findCredentials(sources, all);
  auto settings = config::load(schema, all);
  if (!settings) return settings.error();
  auto made = makeConfig(std::move(*settings));
  if (!made) return made;
  if (made->credentialsGuessed && !isReadable(made->credentialsFile)) {
    warnings.push_back("nothing names credentials, and " + made->credentialsFile +
                       " can't be read: start berth-controller on this host, which makes it, or give "
                       "credentials.file or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  made->warnings = std::move(warnings);
  return made;
}

std::vector<std::string> configFiles(const ConfigSources& sources) {
  std::vector<std::string> out{sources.ecsConfig, sources.ecsConfigBelow};
  const std::string named = readEcsFiles(sources).namedJson;
  out.push_back(named.empty() ? sources.ecsJson : named);
  if (sources.file) out.push_back(std::filesystem::absolute(*sources.file).string());
  return out;
}

}  // namespace berth::agent
