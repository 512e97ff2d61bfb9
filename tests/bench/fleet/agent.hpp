// An agent of the simulated fleet: registers, holds both websockets, acknowledges what it is sent and reports
// each task as RUNNING, and as STOPPED when it is told to stop it: on the command session as Berth's agent
// does, or by a call of its own as Amazon's does. It starts no containers.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids/random.hpp"
#include "tests/bench/fleet/requests.hpp"
#include "tests/bench/fleet/wire.hpp"

namespace berth::fleet {

/// What is to be done later.
class Timers {
 public:
  explicit Timers(const Clock& clock) : clock_(clock) {}
  void after(Duration delay, std::function<void()> what);
  /// Does what is due; how many milliseconds may pass before the next look.
  int run();

 private:
  const Clock& clock_;
  std::multimap<MonoTime, std::function<void()>> due_;
};

/// What the fleet has seen, in all.
struct Counts {
  size_t inSession = 0;  ///< agents with both websockets
  size_t delivered = 0;  ///< tasks that came in payloads to be run
  MonoTime lastDelivered{};
  std::string lastTask = "none";  ///< its ARN
  size_t reported = 0;            ///< tasks whose RUNNING the controller has taken
  size_t refused = 0;             ///< calls that were answered with an error, or not at all
  std::string lastError;
  std::function<void(std::string_view arn)> onDelivered;
};

/// What the agents of a fleet share.
struct FleetDeps {
  Poller& poller;
  sockaddr_in server;
  const Requests& requests;
  Timers& timers;
  const Clock& clock;
  Random& random;
  Counts& counts;
  size_t tasksEach = 1000;  ///< that an agent registers room for
  bool telemetry = true;    ///< each agent has a telemetry session, too
  bool reports = true;      ///< on the command session; false: by calls
};

class Agent {
 public:
  Agent(FleetDeps& deps, uint32_t number);
  /// Registers and opens the sessions; they are kept open from then on.
  void start();
  /// Closes all its connections for good, as a host that is gone.
  void leave();
  bool inSession() const { return acs_.ready() && (tcs_.ready() || !deps_.telemetry); }

 private:
  void registerSelf();
  void dialAcs();
  void dialTcs();
  void onUp();
  void onDown(bool acs);
  void onMessage(std::string_view message);
  void onPayload(std::string_view message);
  void ack(std::string_view messageId);
  void report(std::string_view taskArn, std::string_view status);
  void reportByCall(const std::string& body);
  void sendReports();
  void onReportsAck(std::string_view message);
  /// Of a report that was not taken: it is sent again.
  void onRefused(std::string_view body, std::string_view why);
  void publish();
  Duration backoff(Duration& next, Duration most, double factor);

  FleetDeps& deps_;
  const uint32_t number_;
  std::string arn_;
  HttpChannel api_;
  WebSocketChannel acs_;
  WebSocketChannel tcs_;
  Duration nextAcs_;
  Duration nextTcs_;
  bool up_ = false;
  bool gone_ = false;
  /// Inputs of reports: those of the message that waits for its answer, and those that gather for the next.
  std::vector<std::string> sent_;
  std::vector<std::string> next_;
};

}  // namespace berth::fleet
