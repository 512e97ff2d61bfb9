// Which messages an agent's session still has to carry, and which it has. One object a session; a new
// session starts from nothing, because everything that matters is in the state.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids/random.hpp"
#include "controller/core/effects.hpp"
#include "controller/core/payloads.hpp"
#include "proto/ecs/names.hpp"

namespace berth::controller {

struct DeliveryOptions {
  Duration heartbeat = std::chrono::seconds(20);  ///< at most between two; agents give up after a minute
  Duration resend = std::chrono::seconds(10);     ///< of a payload that was not acknowledged
  /// Without a frame from the agent for so long it is lost: the session ends. Of a quiet agent an answer is
  /// asked for, by a heartbeat, each half of it: asked sooner, it would not come sooner after a cut, as TCP
  /// tries again after 6 s and then after 13.
  Duration lostAfter = std::chrono::seconds(15);
  size_t tasksPerPayload = 10;
  /// How long the stop of a task that had a name is held back (drainsUntil()); 0: it is not.
  Duration drain{0};
};

class Delivery {
 public:
  Delivery(SessionId session, std::string instance, const ecs::Names& names, Payloads& payloads,
           DeliveryOptions options, Random& random, Now now);

  SessionId session() const { return session_; }
  const std::string& instance() const { return instance_; }

  /// The manifest with which a session begins: the instance's tasks that have not stopped, and what each is
  /// to do. `timeline` must be higher than that of any message sent to this instance before.
  acs::TaskManifestMessage manifest(const State& state, int64_t timeline, Now now);

  /// Payloads for those of `tasks` that the agent has not been sent in their present form. With `all` also of
  /// those that were reported as RUNNING before: the agent may have lost its record of them, and its
  /// credentials are gone in any case.
  std::vector<acs::ToAgent> payloads(const State& state, const std::vector<const Task*>& tasks, Now now,
                                     bool all = false);

  /// The agent has stored what the message said. Unknown and repeated ids are ignored.
  void acknowledged(const std::string& messageId);

  /// Confirms those candidates that really are to stop: tasks that ended, are to stop, or are not known.
  std::optional<acs::TaskStopVerificationAck> verify(const State& state,
                                                     const acs::TaskStopVerificationMessage& message,
                                                     Now now);

  /// How far a task that is to be begun or stopped has got on its way to the agent.
  enum class Told { No, Sent, Acknowledged, Held };
  Told told(const std::string& task) const {
    if (isHeld(task)) return Told::Held;
    if (isOutstanding(task)) return Told::Sent;
    return sent_.contains(task) ? Told::Acknowledged : Told::No;
  }
  MonoTime heardAt() const { return heardAt_; }
  /// Whether stops are held back.
  bool holds() const { return !held_.empty(); }

  /// Any frame from the agent shows that it is there.
  void heard(Now now) { heardAt_ = now.mono; }
  bool silent(Now now) const { return now.mono - heardAt_ >= options_.lostAfter; }

  /// Heartbeats and payloads that are due again.
  std::vector<acs::ToAgent> due(const State& state, Now now);
  MonoTime nextDeadline() const;

 private:
  MonoTime nextHeartbeat() const;

  struct Outstanding {
    std::string messageId;
    std::vector<std::pair<std::string, bool>> tasks;  ///< id, stop?
    MonoTime resendAt;
    bool all = false;  ///< as payloads() was asked
  };

  acs::PayloadMessage payload(const State& state, const std::vector<const Task*>& tasks, Now now, bool all);
  bool isOutstanding(const std::string& task) const;
  bool isHeld(const std::string& task) const;
  /// Whether the stop of a task is to wait; then it is sent when its time has come.
  bool hold(const State& state, const Task& task, Now now);
  /// The tasks whose stop has waited for long enough.
  std::vector<const Task*> released(const State& state, Now now);

  SessionId session_;
  std::string instance_;
  const ecs::Names& names_;
  Payloads& payloads_;
  DeliveryOptions options_;
  Random& random_;
  int64_t timeline_ = 0;
  std::string manifestId_;
  /// Task id -> was its stop sent? Of tasks that are to be begun or stopped; others need nothing.
  std::unordered_map<std::string, bool> sent_;
  std::vector<Outstanding> outstanding_;             ///< the oldest first; there are few
  std::set<std::pair<MonoTime, std::string>> held_;  ///< tasks whose stop waits, by when it is sent
  MonoTime beatenAt_;                                ///< the last heartbeat
  MonoTime heardAt_;
};

}  // namespace berth::controller
