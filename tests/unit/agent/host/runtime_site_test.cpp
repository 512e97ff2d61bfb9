#include "agent/host/runtime_site.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/files/own_fd.hpp"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "berth-site.XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

/// A socket on which somebody listens.
OwnFd listening(const std::string& path) {
  OwnFd out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  REQUIRE(::bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(out.get(), 16) == 0);
  return out;
}

void putPlugin(const std::string& folder, const char* name) {
  std::ofstream(folder + "/" + name) << "#!/bin/sh\n";
  ::chmod((folder + "/" + name).c_str(), 0755);
}

std::string wayOut(const RuntimeSite& site) {
  const Status ready = containerdReady(site);
  return ready ? "" : ready.error().message;
}

TEST_CASE("containerd is ready once it answers and all that networks are made of is there") {
  const Folder folder;
  const std::string socket = folder.path + "/containerd.sock";
  RuntimeSite site{socket, folder.path};
  CHECK(wayOut(site).find("no containerd answers at " + socket) != std::string::npos);
  const OwnFd server = listening(socket);
  for (const char* plugin : {"bridge", "host-local", "loopback", "portmap"}) {
    CHECK(wayOut(site).find("no CNI plugin " + folder.path + "/" + plugin) != std::string::npos);
    putPlugin(folder.path, plugin);
  }
  // Rights are those of whoever runs the tests.
  const std::string left = wayOut(site);
  CHECK((left.empty() || left.find("has not the rights") != std::string::npos));
  site.plugins = "";
  CHECK(wayOut(site) == left);
}

TEST_CASE("What an agent has worked with is found again") {
  const Folder folder;
  CHECK_FALSE(usedRuntime(folder.path));
  REQUIRE(rememberRuntime(folder.path, "docker"));
  CHECK(usedRuntime(folder.path) == "docker");
  REQUIRE(rememberRuntime(folder.path, "containerd"));
  REQUIRE(rememberRuntime(folder.path, "containerd"));
  CHECK(usedRuntime(folder.path) == "containerd");
  std::ofstream(folder.path + "/runtime") << "something else\n";
  CHECK_FALSE(usedRuntime(folder.path));
  CHECK_FALSE(rememberRuntime(folder.path + "/absent", "docker"));
}

TEST_CASE("A folder of containerd's tells of it where nothing was written down") {
  const Folder folder;
  // The log keeper of a host on Docker has that one.
  fs::create_directories(folder.path + "/containerd/logs");
  CHECK_FALSE(usedRuntime(folder.path));
  fs::create_directory(folder.path + "/containerd/networks");
  CHECK(usedRuntime(folder.path) == "containerd");
  REQUIRE(rememberRuntime(folder.path, "docker"));
  CHECK(usedRuntime(folder.path) == "docker");
}

}  // namespace
}  // namespace berth::agent
