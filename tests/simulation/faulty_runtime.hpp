// A container runtime under virtual time. It survives its agent; requests are late, carried out twice, or
// after their caller has given up; answers are late, get lost, never come or are errors; events are late, out
// of order, come twice or are lost with the stream. What a container does follows from the name of its image.
#pragma once

#include <map>
#include <set>
#include <string>

#include "agent/engine/effects.hpp"
#include "tests/simulation/world.hpp"

namespace berth::simulation {

/// What all runtimes of a world have seen: a container of a task may start once, anywhere, unless its restart
/// policy wants it again.
struct StartLedger {
  std::map<agent::ContainerKey, int> starts;
  std::set<agent::ContainerKey> removed;  ///< behind the agent's back
  std::set<std::string> forgotten;        ///< tasks of which the agent lost its record
  std::set<std::string> misdated;         ///< tasks with a container whose age an agent can't tell
  std::map<std::string, int> failures;    ///< of what has to succeed before a task's containers start

  /// Where neither the agent nor the runtime remembers it, nobody can know that it has been started.
  bool excused(const agent::ContainerKey& key) const {
    return removed.contains(key) && forgotten.contains(key.taskArn);
  }
};

/// What containers take of their host.
struct Taken {
  int64_t cpu = 0;     ///< shares
  int64_t memory = 0;  ///< bytes
  bool fitIn(int64_t hostCpu, int64_t hostMebibytes) const {
    return cpu <= hostCpu && memory <= hostMebibytes << 20;
  }
};

class FaultyRuntime {
 public:
  using Answer = std::function<void(agent::Done)>;

  FaultyRuntime(World& world, StartLedger& ledger, std::string name)
      : world_(world), ledger_(ledger), name_(std::move(name)) {}

  /// For a while nothing but the kernel answers; what was asked is carried out afterwards.
  void hang(Duration length);
  /// Whether a process of the container is left, whatever the runtime says of it.
  bool lives(const std::string& containerName) const;
  /// When the last life of a container began, which the runtime has.
  MonoTime began(const std::string& containerName) const { return boxes_.at(containerName).began; }
  /// Whether that life began while the kernel's word that nothing of the container was left was on its way.
  bool beganBehindItsEnd(const std::string& containerName) const {
    const Box& box = boxes_.at(containerName);
    return box.foundGone <= box.began && box.began <= box.toldGone;
  }
  /// Volumes and control groups of tasks that were made and not removed, by the task's id.
  const std::set<std::string>& setUps() const { return setUps_; }

  /// Notes which containers an earlier process of the agent started by another wall clock: the present one
  /// knows their age by that clock alone.
  void noteAges();

  /// Performs an effect; `answer` is called later unless `alive` was reset.
  void perform(const agent::Effect& effect, const Alive& alive, Answer answer);
  /// Sends events to `listener` from now on, until `alive` is reset.
  void subscribe(const Alive& alive, std::function<void(agent::RuntimeEvent)> listener);

  /// Names of the tasks' containers that run right now.
  std::set<agent::ContainerKey> running() const;
  /// What those take.
  Taken takes() const;
  void forget(const std::string& taskArn) { ledger_.forgotten.insert(taskArn); }
  /// A container is removed behind the agent's back; answers its task, or nothing when there was none.
  std::string removeSomething();

 private:
  struct Box {
    agent::RuntimeContainer seen;
    agent::ContainerSpec spec;
    uint64_t run = 0;  ///< counts starts, so that a planned exit finds the right one
    /// The runtime has told its end, and a process of it is still there.
    bool ghost = false;
    MonoTime began{};                      ///< its present or last life
    MonoTime foundGone = MonoTime::max();  ///< the kernel was asked last, and had nothing of it left
    MonoTime toldGone{};                   ///< when that answer arrives
    Alive startedBy;                       ///< the agent's process
    std::chrono::milliseconds wallOff{};
  };

  void pull(const agent::PullEffect& effect, const Alive& alive, const Answer& answer);
  void create(const agent::CreateEffect& effect, const Alive& alive, const Answer& answer);
  void start(const agent::StartEffect& effect, const Alive& alive, const Answer& answer);
  void stop(const agent::StopEffect& effect, const Alive& alive, const Answer& answer);
  void inspect(const agent::InspectEffect& effect, const Alive& alive, const Answer& answer);
  void remove(const agent::RemoveEffect& effect, const Alive& alive, const Answer& answer);
  void list(const Alive& alive, const Answer& answer);
  void reap(const agent::ReapEffect& effect, const Alive& alive, const Answer& answer);
  void setUp(const agent::SetUpEffect& effect, const Alive& alive, const Answer& answer);
  void tearDown(const agent::TearDownEffect& effect, const Alive& alive, const Answer& answer);

  Result<std::string> doCreate(const agent::ContainerSpec& spec);
  Result<agent::RuntimeContainer> doStart(const std::string& id, const Alive& asker);
  void plan(Box& box);
  void exit(Box& box, int code, bool oom);
  Box* find(const std::string& idOrName);
  void emit(const std::string& id, const std::string& action);
  Duration latency() { return world_.between(std::chrono::milliseconds(1), std::chrono::milliseconds(250)); }
  /// The request arrives after `delay`, and is carried out.
  void send(const agent::Effect& effect, Duration delay, const Alive& alive, const Answer& answer);
  void note(const agent::Done& done);
  /// Answers late, or in place of the truth with an error that says nothing about what happened.
  template <class D, class R, class... Key>
  void reply(const Alive& alive, const Answer& answer, R result, const Key&... key);

  World& world_;
  StartLedger& ledger_;
  std::string name_;
  Alive forever_ = std::make_shared<bool>(true);
  std::map<std::string, Box> boxes_;  ///< by name
  uint64_t nextId_ = 0;
  uint64_t nextPort_ = 32768;
  Alive listening_;
  std::function<void(agent::RuntimeEvent)> listener_;
  MonoTime deafUntil_{};
  MonoTime hungUntil_{};
  std::set<std::string> setUps_;
};

}  // namespace berth::simulation
