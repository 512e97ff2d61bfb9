#include "common/service/notifier.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/support/temp_dir.hpp"

using namespace berth;
using namespace std::chrono_literals;

namespace {

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

}  // namespace

TEST_CASE("the service manager is told of each step") {
  Manager manager;
  Notifier notifier;
  notifier.ready();
  CHECK(manager.next() == "READY=1");
  notifier.status("3 tasks running");
  CHECK(manager.next() == "STATUS=3 tasks running");
  notifier.watchdog();
  CHECK(manager.next() == "WATCHDOG=1");
  notifier.stopping();
  CHECK(manager.next() == "STOPPING=1");
  CHECK(manager.next().empty());
}

TEST_CASE("a status is one line") {
  Manager manager;
  Notifier().status("a\nREADY=1\tb");
  CHECK(manager.next() == "STATUS=a READY=1 b");
}

TEST_CASE("without a service manager nothing happens") {
  unsetenv("NOTIFY_SOCKET");
  Notifier notifier;
  notifier.ready();
  notifier.status("x");
  notifier.stopping();
  notifier.watchdog();
  const Variable gone("NOTIFY_SOCKET", "/proc/berth/notify");
  notifier.ready();
  CHECK_FALSE(notifier.watchdogInterval());
}

TEST_CASE("the watchdog is fed twice in its time, when it watches this process") {
  const Variable time("WATCHDOG_USEC", "30000000");
  CHECK(Notifier().watchdogInterval() == 15s);
  const Variable self("WATCHDOG_PID", std::to_string(getpid()));
  CHECK(Notifier().watchdogInterval() == 15s);
  const Variable other("WATCHDOG_PID", "1");
  CHECK_FALSE(Notifier().watchdogInterval());
}
