// Feeding the service manager's watchdog from the loop.
#pragma once

#include <stop_token>

#include "common/async/async.hpp"

namespace berth {

/// Sends WATCHDOG=1 (sd_notify(3)) at once and then twice in the manager's time limit, until `stop`. Runs on
/// the loop that it watches over: a loop that is stuck feeds nothing, and the manager starts the program
/// again. Ends at once when no watchdog watches this process.
Async<void> feedWatchdog(std::stop_token stop);

}  // namespace berth
