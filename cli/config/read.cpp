#include <fstream>
#include <iterator>

#include "cli/config/target.hpp"

namespace berth::cli {
namespace {

SharedFile readShared(std::string path) {
  SharedFile out{std::move(path), std::nullopt};
  std::ifstream file(out.path);
  if (file) out.text = std::string(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) out.text.reset();
  return out;
}

}  // namespace

Sources readSources(std::map<std::string, std::string> environment) {
  const auto path = [&](const char* variable, const std::string& below) {
    if (const auto named = environment.find(variable); named != environment.end() && !named->second.empty())
      return named->second;
    const auto home = environment.find("HOME");
    return (home == environment.end() ? std::string() : home->second) + below;
  };
  Sources out;
  out.credentials = readShared(path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"));
  out.config = readShared(path("AWS_CONFIG_FILE", "/.aws/config"));
  out.hostKey = readShared(kHostKeyFile);
  out.environment = std::move(environment);
  return out;
}

}  // namespace berth::cli
