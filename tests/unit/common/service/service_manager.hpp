// A service manager that the code under test talks to: the socket of sd_notify(3), and variables.
#pragma once

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace berth {

/// A service manager's socket, named by $NOTIFY_SOCKET while this lives.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder_.path("notify");
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The oldest message that has not been taken; empty when there is none.
  std::string next() {
    std::array<char, 256> text{};
    const ssize_t size = recv(socket_, text.data(), text.size(), 0);
    return std::string(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  }

 private:
  TempDir folder_;
  int socket_;
};

/// Sets a variable while this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace berth
