// The agent's core: it keeps the tasks, decides what is done for each, and never does it itself. Every call
// takes the present moment and answers with what has to be made durable and done (Output). The same code
// handles a payload, a manifest, a runtime event and a restart.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/engine/deadline_index.hpp"
#include "agent/engine/effects.hpp"
#include "agent/model/container_spec.hpp"
#include "agent/model/needs.hpp"
#include "agent/model/next_action.hpp"
#include "agent/model/set_up.hpp"
#include "agent/model/support.hpp"
#include "common/ids/random.hpp"

namespace berth::agent {

struct EngineOptions {
  Duration stopTimeout = std::chrono::seconds(30);  ///< where the container gives none
  Duration cleanupDelay = std::chrono::hours(3);    ///< from STOPPED to the removal of the containers
  Duration cleanupJitter{};                         ///< up to so much more, by chance
  Duration recheck = std::chrono::minutes(5);       ///< full comparison with the runtime
  int attempts = 5;                                 ///< of a step whose failure a retry may help
  Duration startSettles =
      std::chrono::seconds(2);  ///< within it a start takes effect, or never: Runtime::start
  Duration retryFirst = std::chrono::milliseconds(500);
  Duration retryMost = std::chrono::seconds(10);
  Duration reportRetryFirst = std::chrono::seconds(1);
  Duration reportRetryMost = std::chrono::seconds(30);
  size_t parallelReports = 10;
  PullBehavior pullBehavior = PullBehavior::Default;
  Rules rules;
  Support support;
  GroupRules groups;
  /// After a restart: how long steps wait for the controller to send the credentials of roles again.
  Duration credentialsWait = std::chrono::minutes(1);
  std::optional<HostCapacity> host;                 ///< nullopt: nothing is counted, all tasks are admitted
  Duration admissionLimit = std::chrono::hours(1);  ///< how long a task waits for room on the host
  /// From a manifest to the end of tasks that it lists, that have containers here, and that are not sent.
  Duration strangerGrace = std::chrono::minutes(1);
  /// Beyond a container's stopTimeout; then the agent ends its processes itself.
  Duration stopGrace = std::chrono::seconds(30);
};

/// What people see of a container that waits: for what, since when and until when.
struct Waiting {
  ContainerKey key;
  std::string what;
  WallTime since{};
  std::optional<WallTime> until{};
};

/// Single-threaded. Holds no reference to anything but `random`, which must outlive it.
class Engine {
 public:
  Engine(Identity identity, EngineOptions options, Random& random);

  /// At start, before anything else: the tasks and the timeline as stored. Asks for a list of the containers;
  /// nothing is done for a restored task until it has arrived.
  Output restore(std::vector<Task> stored, int64_t timeline, Now now);

  /// A decoded ACS message. Messages for another container instance are ignored.
  Output onMessage(const acs::ToAgent& message, Now now);
  Output onRuntimeEvent(const RuntimeEvent& event, Now now);
  Output onDone(Done done, Now now);
  /// Removes the containers of the stopped task that has this one, ahead of their time. Ignored for those of
  /// tasks whose end the controller has not heard of yet.
  Output cleanUpEarly(const std::string& runtimeId, Now now);
  /// To be called at `nextDeadline()`; calling it earlier or more often is harmless.
  Output onTimer(Now now);
  std::optional<MonoTime> nextDeadline() const;

  /// From now on; what is under way keeps the times that it was given.
  void reconfigure(EngineOptions options) {
    options_ = std::move(options);
    deadlines_ = {};
  }
  const Identity& identity() const { return identity_; }
  const std::map<std::string, Task>& tasks() const { return tasks_; }
  /// Whether a step that was decided on is still to be done: what has been given up since must not begin.
  bool stillWanted(const ContainerKey& key) const;
  /// What the admitted tasks hold of the host.
  const Needs& used() const { return used_; }
  int64_t timeline() const { return timeline_; }
  /// Says what holds up everything that is asked of the surroundings; empty: nothing does. It is shown as
  /// what waiting containers wait for, so all tasks are touched.
  Output holdUp(std::string why);
  /// All that wait, or those of one task.
  std::vector<Waiting> waiting(Now now) const;
  std::vector<Waiting> waiting(const std::string& taskArn, Now now) const;

 private:
  void handle(const acs::PayloadMessage& payload, Now now, Output& out);
  void handle(const acs::HeartbeatMessage& heartbeat, Now now, Output& out);
  void handle(const acs::CredentialsMessage& message, Now now, Output& out);
  void handle(const acs::TaskManifestMessage& manifest, Now now, Output& out);
  void handle(const acs::TaskStopVerificationAck& ack, Now now, Output& out);
  /// The session's own matter.
  void handle(const acs::ReportsAck&, Now, Output&) {}
  /// Streams are not the engine's.
  void handle(const acs::OpenStreamMessage&, Now, Output&) {}
  void handle(const acs::OtherMessage& other, Now now, Output& out);
  void accept(const acs::Task& payload, Now now, Output& out);
  void holdCredentials(Task& task, const acs::Credentials& credentials, bool execution);
  /// A task that came for the first time, refused where this host can't run it.
  Task newTask(const acs::Task& payload, Now now);
  void wantStop(Task& task);

  /// What a list says of a container, or does not.
  void takeListed(Task& task, Container& container, const RuntimeContainer* listed, Now now, Output& out);
  /// Asks for all containers.
  void list(Now now, Output& out);
  /// From now on these are the strangers: see strangers.cpp.
  void keepStrangers(const std::vector<RuntimeContainer>& found, Now now);
  /// A task that has just come, and may have been here before: its containers are looked for.
  void recognise(Task& task, Output& out);
  /// Removes the strangers whose tasks the last manifest does not have.
  void dropUnwanted(Output& out);
  /// Ends those whose tasks it has, once they should have been sent.
  void endUnsent(Now now, Output& out);
  /// A task made from the labels of its containers, to be stopped and reported.
  void endStranger(const std::string& arn, Now now, Output& out);
  void addStrangers(std::vector<Waiting>& out) const;

  void finished(const PullDone& done, Now now, Output& out);
  void finished(const CreateDone& done, Now now, Output& out);
  void finished(const StartDone& done, Now now, Output& out);
  void finished(const StopDone& done, Now now, Output& out);
  void finished(const InspectDone& done, Now now, Output& out);
  void finished(const RemoveDone& done, Now now, Output& out);
  void finished(const ReapDone& done, Now now, Output& out);
  void finished(const TailDone& done, Now now, Output& out);
  void finished(const SetUpDone& done, Now now, Output& out);
  void finished(const TearDownDone& done, Now now, Output& out);
  void finished(const ListDone& done, Now now, Output& out);
  void finished(const ReportDone& done, Now now, Output& out);

  /// Takes in what the runtime says; persists and stops what follows from it.
  void see(Task& task, Container& container, const std::optional<RuntimeContainer>& seen, Now now,
           Output& out);
  /// The kernel has confirmed that a container that the runtime says has ended is gone.
  void ended(Task& task, Container& container, const RuntimeContainer& seen, Now now, Output& out);
  /// After a start without an answer, "created" is believed only once the start can't take effect any more;
  /// after some such starts it is given up.
  void settleDoubt(Container& container, Now now);
  void fail(Task& task, Container& container, const std::string& reason, Now now);
  /// All containers end, and the task says why.
  void failTask(Task& task, const std::string& reason, Now now);
  /// A failed step that may be tried again: sets the time for it. False when its attempts are used up.
  /// With full jitter, longer for each attempt.
  Duration backOffDelay(int attempts);
  bool retryLater(Container& container, const Error& error, std::string_view step, Now now);
  /// The runtime says that it has ended, as in `end`: the kernel is asked whether that is so.
  static void awaitEnd(Container& container, RuntimeContainer end);
  /// It is STOPPED with `reason` as soon as the kernel has none of its processes.
  static void endOnceGone(Container& container, std::string reason);
  void backOff(Container& container, std::string what, Now now);

  /// Takes every step that is due for a task: the loop around nextAction().
  void advance(Task& task, Now now, Output& out);
  void perform(Task& task, Container& container, Action action, Now now, Output& out);
  void begin(Task& task, Container& container, Action action, Now now, Output& out);
  /// When the step under way is answered at the latest.
  std::optional<MonoTime> stepBound(const Container& container, MonoTime now) const;
  void pull(Task& task, Container& container, Now now, Output& out);
  void create(Task& task, Container& container, Now now, Output& out);
  void stop(Task& task, Container& container, Output& out);
  void reap(Task& task, Container& container, Now now, Output& out);
  void giveUp(Task& task, Container& container, Now now);
  Duration stopTimeoutOf(const Container& container) const;
  /// Gives each container that has to stop the moment by which it will have.
  void setStopBounds(Task& task, Now now);

  /// Lets tasks in, in the order in which they came, as long as the first of them finds room.
  void admit(Now now, Output& out);
  /// Who has the room that a task waits for, in words.
  std::string holdersOf(const Task& waiting) const;
  void hold(Task& task);
  void release(Task& task);
  void setUp(Task& task, Now now, Output& out);
  /// Gives back the network of a task that has stopped, long before the rest of it is cleaned up.
  void leaveNetwork(Task& task, Output& out);
  bool tearDown(Task& task, Now now, Output& out);
  void report(Task& task, Now now, Output& out);
  /// Containers of a task whose last lines are being read, for as long as their ends wait for that.
  std::set<std::string> unread(const Task& task, MonoTime now) const;
  void cleanUp(Task& task, Now now, Output& out);
  void save(const Task& task) {
    dirty_.insert(task.arn);
    touched_.insert(task.arn);
  }
  /// Closes a call: the changed tasks, as they are now, become what is to be saved.
  Output finish(Output out);
  Container* find(const ContainerKey& key, Task** task);
  Container* stepEnded(const ContainerKey& key, Task** task);
  /// After a step: what happened meanwhile is asked for, then the task goes on.
  void settle(Task& task, Container& container, Now now, Output& out);
  void advanceAll(Now now, Output& out);
  /// The next moment at which a task wants to be looked at, without being asked.
  std::optional<MonoTime> deadlineOf(const Task& task) const;

  Identity identity_;
  EngineOptions options_;
  Random& random_;
  std::map<std::string, Task> tasks_;
  int64_t timeline_ = 0;
  int64_t highestSeq_ = 0;  ///< of payloads and manifests; in memory only, as the protocol has it
  std::string manifestId_;  ///< of the last manifest, until its verification has been answered
  size_t reportsInFlight_ = 0;
  std::map<ContainerKey, MonoTime>
      tails_;                       ///< last lines that are being read, and until when ends wait for it
  std::vector<std::string> queue_;  ///< tasks that are not admitted yet, in the order in which they came
  std::set<std::string> holders_;   ///< tasks whose needs are in used_
  Needs used_;
  int64_t arrivals_ = 0;
  bool room_ = false;     ///< the queue is worth another look
  Now lastNow_{};         ///< of the last call
  bool restored_ = true;  ///< false from a restart until the first list of containers has arrived
  bool listing_ = false;
  bool listAgain_ = false;  ///< events may have been missed since the list under way was asked for
  /// Ids of containers that an event or an answer told of since the list under way was asked for: what the
  /// list says of them may be out of date.
  std::set<std::string> moved_;
  /// A container whose task is not known.
  struct Stranger {
    RuntimeContainer seen;
    WallTime since{};
  };
  std::map<ContainerKey, Stranger> strangers_;   ///< as of the last list
  std::optional<std::set<std::string>> listed_;  ///< tasks of the last manifest that came in this run
  MonoTime strangersBy_{};                       ///< from then on its tasks should have been sent
  std::string heldUp_;
  std::set<std::string> early_;    ///< tasks that came before the first list of containers
  std::set<std::string> dirty_;    ///< tasks changed by the call that is under way
  std::set<std::string> touched_;  ///< and those that may look different since the last call's end
  std::optional<MonoTime> nextList_;
  /// What deadlineOf() said of the tasks that were not touched since: it is asked for after each call.
  mutable DeadlineIndex deadlines_;
};

}  // namespace berth::agent
