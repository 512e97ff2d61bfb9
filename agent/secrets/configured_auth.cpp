#include "agent/secrets/configured_auth.hpp"

#include <algorithm>
#include <array>

namespace berth::agent {
namespace {

constexpr std::string_view kDockerHub = "docker.io";
constexpr std::array<std::string_view, 3> kDockerHubHosts = {"docker.io", "index.docker.io",
                                                             "registry-1.docker.io"};

bool isDockerHub(std::string_view host) {
  return std::ranges::find(kDockerHubHosts, host) != kDockerHubHosts.end();
}

/// Docker's rule: the first part of a name is a host when it could not be a repository's.
bool isHost(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

}  // namespace

std::string registryKey(std::string_view name) {
  for (std::string_view scheme : {"https://", "http://"}) {
    if (name.starts_with(scheme)) name.remove_prefix(scheme.size());
  }
  while (name.ends_with('/')) name.remove_suffix(1);
  const size_t slash = std::min(name.find('/'), name.size());
  const std::string_view host = name.substr(0, slash);
  std::string_view rest = name.substr(slash);
  if (rest == "/v1" || rest == "/v2") rest = {};
  return std::string(isDockerHub(host) ? kDockerHub : host) + std::string(rest);
}

std::string repositoryOf(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const size_t lastSlash = image.rfind('/');
  const size_t colon = image.find(':', lastSlash == std::string_view::npos ? 0 : lastSlash);
  if (colon != std::string_view::npos) image = image.substr(0, colon);
  const size_t slash = image.find('/');
  if (slash == std::string_view::npos) return std::string(kDockerHub) + "/library/" + std::string(image);
  const std::string_view host = image.substr(0, slash);
  if (!isHost(host)) return std::string(kDockerHub) + "/" + std::string(image);
  if (!isDockerHub(host)) return std::string(image);
  const std::string_view rest = image.substr(slash + 1);
  const bool official = rest.find('/') == std::string_view::npos;
  return std::string(kDockerHub) + (official ? "/library/" : "/") + std::string(rest);
}

std::optional<RegistryAuth> chooseAuth(const RegistryAuths& auths, std::string_view image) {
  std::string key = repositoryOf(image);
  for (;;) {
    if (const auto found = auths.find(key); found != auths.end()) return found->second;
    const size_t slash = key.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    key.resize(slash);
  }
}

}  // namespace berth::agent
