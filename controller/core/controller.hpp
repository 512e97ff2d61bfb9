// The controller's core: the state, the API's actions on it, and the agents' sessions. No I/O: every call
// takes the present moment and answers with what has to be made durable and sent (Output).
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>

#include "common/aws/errors.hpp"
#include "controller/api/quotas.hpp"
#include "controller/api/recipes.hpp"
#include "controller/api/reply.hpp"
#include "controller/core/delivery.hpp"
#include "controller/core/job_keeper.hpp"
#include "controller/core/service_keeper.hpp"
#include "controller/core/waiting.hpp"
#include "controller/jobs/zone.hpp"
#include "controller/scheduler/scheduler.hpp"

namespace berth::controller {

struct Caller;
struct Context;

struct ControllerOptions {
  DeliveryOptions delivery;
  Quotas quotas;
  Duration keepStopped = std::chrono::hours(1);  ///< how long stopped tasks stay visible
  bool keepHistory = false;                      ///< leave a StoppedTask when they go
  Duration keepTokens = std::chrono::hours(24);  ///< how long a clientToken is remembered
  Duration sweep = std::chrono::minutes(1);
  size_t sweepBatch = 1000;                             ///< tasks that go at once; more go
  Duration sweepPause = std::chrono::milliseconds(50);  ///< so much later
  /// How long a task waits for a host of a capacity provider with managed scaling.
  Duration providerWait = std::chrono::hours(1);
  ServiceOptions services;
  std::shared_ptr<const Zones> zones = std::make_shared<OnlyUtc>();  ///< of jobs' schedules
};

/// How an agent introduces itself when it opens its session (amazon-ecs-agent, ecs-agent/acs/session).
struct Hello {
  std::string cluster;   ///< name or ARN, as the agent's user configured it
  std::string instance;  ///< ARN
  std::string agentVersion;
  std::string agentHash;
  std::string dockerVersion;  ///< without the prefix "DockerVersion: "
  /// The agent's process is new (sendCredentials=true): it may have forgotten tasks, so it is sent all.
  bool newProcess = false;
  std::string address = {};  ///< IP address that it comes from; empty when that is not known
};

/// Single-threaded. `random` must outlive it.
class Controller {
 public:
  Controller(ecs::Names names, ControllerOptions options, Random& random);

  /// Puts stored entities in place, before anything else. A task whose definition or instance is not among
  /// them (their records were damaged) can't be run or stopped any more: it is STOPPED, and says so; the next
  /// manifest makes the agent stop what is left of it. `now`: when such tasks have stopped; by default so
  /// long ago that the next sweep takes them.
  void load(const std::vector<Entity>& entities, Now now = {});

  /// Performs an API operation. `input` is the request's JSON; it is validated here. The reply is to be given
  /// only after the output's mutations are durable.
  Reply call(const std::string& operation, nlohmann::json input, const Caller& caller, Now now, Output& out);

  /// Performs an action that is none of the API's; it checks `input` by itself. Otherwise as call().
  Reply perform(const std::function<Reply(Context&)>& action, const nlohmann::json& input,
                const Caller& caller, Now now, Output& out);

  /// An agent opens its command session. The error, if any, refuses it: InactiveInstanceException,
  /// InvalidInstanceException, InvalidClusterException. An older session of the same instance is closed.
  aws::ApiResult<SessionId> connect(const Hello& hello, Now now, Output& out);
  /// Checks the introduction of a telemetry session; it has no state of its own here.
  aws::ApiResult<std::string> knownInstance(const std::string& cluster, const std::string& instance) const;
  void onFrame(SessionId session, const acs::FromAgent& frame, Now now, Output& out);
  void disconnect(SessionId session, Now now, Output& out);

  /// What an agent says of a container's health check: HEALTHY, UNHEALTHY or UNKNOWN.
  void onHealth(const std::string& taskArn, const std::string& container, const std::string& status, Now now,
                Output& out);

  void onTimer(Now now, Output& out);
  MonoTime nextDeadline() const;

  /// Answers a question that is none of the API's; what it stages is dropped.
  aws::ApiResult<nlohmann::json> ask(const std::function<aws::ApiResult<nlohmann::json>(Context&)>& question,
                                     const nlohmann::json& input, const Caller& caller, Now now);
  /// The session of an instance's agent; null when there is none.
  const Delivery* session(const std::string& instance) const { return deliveryFor(instance); }

  const State& state() const { return state_; }
  /// The tasks that wait for a place, and what keeps each.
  const WaitingQueue& waiting() const { return waiting_; }
  const ServiceKeeper& services() const { return services_; }
  const ecs::Names& names() const { return names_; }

 private:
  /// What an action on behalf of `caller` works with. What it refers to must outlive it.
  Context contextOf(Transaction& tx, Now now, const Caller& caller, const nlohmann::json& input);
  /// Applies what a transaction staged and delivers the tasks that it changed.
  void commit(Transaction& tx, Now now, Output& out);
  /// Sends the tasks that have changed to the agents that are there.
  void deliver(const std::vector<const Task*>& changed, Now now, Output& out);
  void send(Delivery& delivery, std::vector<acs::ToAgent> messages, Output& out);
  void close(SessionId session, const std::string& reason, Output& out);
  /// What other changes may have made possible or necessary: tries again to place those that wait, looks at
  /// services, and does what is due of jobs.
  void followUp(Now now, Output& out);
  /// Does what is due of jobs, retries and limited lives.
  void keepJobs(Now now, Output& out);
  /// Ends those that have waited for too long.
  void giveUpWaiting(Now now, Output& out);
  void forgetOld(Now now, Output& out);
  /// False when there are more.
  bool forgetTasks(Transaction& tx, Now now) const;
  void forgetDeleted(Transaction& tx) const;
  Delivery* deliveryFor(const std::string& instance) const;
  /// Ends what is known of a session.
  void forget(SessionId session, Output& out);
  /// Makes sure that onTimer comes to a session when it next has something to do.
  void arm(SessionId session);

  ecs::Names names_;
  ControllerOptions options_;
  Random& random_;
  State state_;
  Payloads payloads_{names_};
  Scheduler scheduler_{state_.fleet()};
  WaitingQueue waiting_{state_};
  ServiceKeeper services_;
  Recipes recipes_;
  JobKeeper jobs_{state_};
  Now seen_{};  ///< the last moment that a call has told: what the wall clock's deadlines are reckoned by
  struct Session {
    std::unique_ptr<Delivery> delivery;
    MonoTime armedAt = MonoTime::max();  ///< its entry in deadlines_; never later than its next deadline
  };

  std::unordered_map<SessionId, Session> sessions_;
  std::set<std::pair<MonoTime, SessionId>> deadlines_;
  std::unordered_map<std::string, SessionId> session_of_;  ///< instance id -> its session
  SessionId lastSession_ = 0;
  std::optional<MonoTime> nextSweep_;
};

}  // namespace berth::controller
