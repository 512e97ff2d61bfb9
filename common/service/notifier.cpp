#include "common/service/notifier.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <string>

namespace berth {

void Notifier::ready() { sd_notify(0, "READY=1"); }

void Notifier::status(std::string_view text) {
  std::string line = "STATUS=" + std::string(text);
  // A line end would begin an assignment of its own.
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  sd_notify(0, line.c_str());
}

void Notifier::stopping() { sd_notify(0, "STOPPING=1"); }

void Notifier::watchdog() { sd_notify(0, "WATCHDOG=1"); }

std::optional<Duration> Notifier::watchdogInterval() const {
  uint64_t micros = 0;
  if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
  return std::chrono::microseconds(micros) / 2;
}

}  // namespace berth
