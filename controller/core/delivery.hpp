// Which messages an agent's session still has to carry, and which it has. One object a session; a new
// session starts from nothing, because everything that matters is in the state.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids/random.hpp"
#include "controller/core/effects.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {

struct DeliveryOptions {
  Duration heartbeat = std::chrono::seconds(20);  ///< agents give up after a minute of silence
  Duration resend = std::chrono::seconds(10);     ///< of a payload that was not acknowledged
  Duration silence = std::chrono::seconds(70);    ///< without a frame from the agent the session is dead
  size_t tasksPerPayload = 10;
};

class Delivery {
 public:
  Delivery(SessionId session, std::string instance, const ecs::Names& names, DeliveryOptions options,
           Random& random, Now now);

  SessionId session() const { return session_; }
  const std::string& instance() const { return instance_; }

  /// The manifest with which a session begins: the instance's tasks that have not stopped, and what each is
  /// to do. `timeline` must be higher than that of any message sent to this instance before.
  acs::TaskManifestMessage manifest(const State& state, int64_t timeline, Now now);

  /// From now on payloads() also sends tasks that were reported as RUNNING before: the agent may have lost
  /// its record of them, and its credentials are gone in any case.
  void sendAll() { sendAll_ = true; }

  /// Payloads for those of `tasks` that the agent has not been sent in their present form.
  std::vector<acs::ToAgent> payloads(const State& state, const std::set<std::string>& tasks, Now now);

  /// The agent has stored what the message said. Unknown and repeated ids are ignored.
  void acknowledged(const std::string& messageId);

  /// Confirms those candidates that really are to stop: tasks that ended, are to stop, or are not known.
  std::optional<acs::TaskStopVerificationAck> verify(const State& state,
                                                     const acs::TaskStopVerificationMessage& message,
                                                     Now now);

  /// Any frame from the agent shows that it is there.
  void heard(Now now) { heardAt_ = now.mono; }
  bool silent(Now now) const { return now.mono - heardAt_ >= options_.silence; }

  /// Heartbeats and payloads that are due again.
  std::vector<acs::ToAgent> due(const State& state, Now now);
  MonoTime nextDeadline() const;

 private:
  struct Outstanding {
    std::map<std::string, bool> tasks;  ///< id -> stop?
    MonoTime resendAt;
  };

  acs::PayloadMessage payload(const State& state, const std::vector<const Task*>& tasks, Now now);

  SessionId session_;
  std::string instance_;
  const ecs::Names& names_;
  DeliveryOptions options_;
  Random& random_;
  bool sendAll_ = false;
  int64_t timeline_ = 0;
  std::string manifestId_;
  std::map<std::string, bool> sent_;  ///< task id -> was its stop sent?
  std::map<std::string, Outstanding> outstanding_;
  MonoTime heartbeatAt_;
  MonoTime heardAt_;
};

}  // namespace berth::controller
