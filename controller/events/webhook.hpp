// Someone who is sent events.
#pragma once

#include <string>

#include "common/time/clock.hpp"
#include "controller/events/render_event.hpp"

namespace berth::controller {

struct Webhook {
  std::string name;
  std::string url;
  std::string secret;  ///< empty: events are not signed
  EventFilter filter;
};

/// The value of the header Berth-Signature: "t=SECONDS,v1=HEX", where HEX is the HMAC-SHA-256 with the secret
/// of "SECONDS.BODY".
std::string webhookSignature(const std::string& secret, WallTime now, const std::string& body);

/// How long to wait after so many failures (1: the first): anything up to twice as long each time, at most a
/// minute. `draw` is in [0, 1).
Duration webhookPause(int failures, double draw);

/// Whether an answer of that HTTP status may be another one later: 408, 429 and 5xx.
bool isPassing(int status);

}  // namespace berth::controller
