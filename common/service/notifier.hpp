// What the service manager is told: sd_notify(3).
#pragma once

#include <optional>
#include <string_view>

#include "common/time/clock.hpp"

namespace berth {

/// Speaks to the socket that $NOTIFY_SOCKET names; does nothing when it is unset. Never fails: a manager that
/// doesn't listen is no reason to stop.
class Notifier {
 public:
  /// READY=1: the program serves.
  void ready();
  /// STATUS=text: one line for `systemctl status`; control characters become spaces.
  void status(std::string_view text);
  /// STOPPING=1: it is about to end.
  void stopping();
  /// WATCHDOG=1: it is alive; to be called at least as often as watchdogInterval() says.
  void watchdog();

  /// Half of the manager's watchdog time limit ($WATCHDOG_USEC), as sd_watchdog_enabled(3) advises; nullopt
  /// when no watchdog watches this process.
  std::optional<Duration> watchdogInterval() const;
};

}  // namespace berth
