#include "common/service/notifier.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/unit/common/service/service_manager.hpp"

using namespace berth;
using namespace std::chrono_literals;

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
