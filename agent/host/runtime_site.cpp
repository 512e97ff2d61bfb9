#include "agent/host/runtime_site.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "agent/keeper/folder.hpp"
#include "common/files/own_fd.hpp"

namespace berth::agent {
namespace {

// What the agent's own network is made of, and what a container can't be started without.
constexpr std::array kPlugins = {"bridge", "host-local", "loopback", "portmap"};
// Of linux/capability.h.
constexpr int kNetAdmin = 12;
constexpr int kSysAdmin = 21;

std::string placeOf(const std::string& dataDir) { return dataDir + "/runtime"; }

Error lacks(std::string what) { return makeError(Code::FailedPrecondition, std::move(what)); }

Status answers(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return lacks("the path of containerd's socket is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // One that takes no more connections is not waited for.
  const OwnFd peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  return lacks("no containerd answers at " + path + ": " + std::strerror(errno));
}

bool hasRights() {
  const std::string status = keeper::readSmallFile("/proc/self/status");
  constexpr std::string_view kName = "CapEff:\t";
  const size_t at = status.find(kName);
  if (at == std::string::npos) return false;
  const auto held = std::strtoull(status.c_str() + at + kName.size(), nullptr, 16);
  return (held >> kNetAdmin & 1) != 0 && (held >> kSysAdmin & 1) != 0;
}

/// Networks are kept as mounts that containerd has to see.
bool seesHostsMounts() {
  struct stat own = {}, first = {};
  return ::stat("/proc/self/ns/mnt", &own) == 0 && ::stat("/proc/1/ns/mnt", &first) == 0 &&
         own.st_ino == first.st_ino;
}

}  // namespace

Status containerdReady(const RuntimeSite& site) {
  if (Status answered = answers(site.containerd); !answered) return answered;
  for (const char* plugin : kPlugins) {
    if (site.plugins.empty() || ::access((site.plugins + "/" + plugin).c_str(), X_OK) == 0) continue;
    return lacks("there is no CNI plugin " + site.plugins + "/" + plugin +
                 ": install the package containernetworking-plugins");
  }
  if (!hasRights() || !seesHostsMounts())
    return lacks("the agent has not the rights to make networks: see berth-agent-containerd.conf");
  return {};
}

std::optional<std::string> usedRuntime(const std::string& dataDir) {
  std::string text = keeper::readSmallFile(placeOf(dataDir));
  while (text.ends_with('\n')) text.pop_back();
  if (text == "docker" || text == "containerd") return text;
  // Before this was written down, the runtime's own folder told of it. The one above it is also the log
  // keeper's, which runs on every host that has the package.
  if (::access((dataDir + "/containerd/networks").c_str(), F_OK) == 0) return "containerd";
  return std::nullopt;
}

Status rememberRuntime(const std::string& dataDir, const std::string& kind) {
  if (keeper::readSmallFile(placeOf(dataDir)) == kind + "\n") return {};
  if (keeper::replaceFile(placeOf(dataDir), kind + "\n")) return {};
  return makeError(Code::Internal, "can't write " + placeOf(dataDir) + ": " + std::strerror(errno));
}

}  // namespace berth::agent
