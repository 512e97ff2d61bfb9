#include "common/service/watchdog.hpp"

#include <optional>

#include "common/service/notifier.hpp"

namespace berth {

Async<void> feedWatchdog(std::stop_token stop) {
  Notifier notifier;
  const std::optional<Duration> interval = notifier.watchdogInterval();
  if (!interval) co_return;
  do {
    notifier.watchdog();
  } while (co_await sleepFor(*interval, stop));
}

}  // namespace berth
