// A whole cluster under virtual time: the real controller core and real agent engines, with faulty disks,
// runtimes and a faulty network between them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "agent/engine/engine.hpp"
#include "agent/session/report_channel.hpp"
#include "agent/state/codec.hpp"
#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"
#include "tests/simulation/disk.hpp"
#include "tests/simulation/faulty_runtime.hpp"

namespace berth::simulation {

using Json = nlohmann::json;
using Reply = std::function<void(Result<Json>)>;  ///< an error here is a call that failed on its way

/// How long after the others something arrives that is late, at most.
inline constexpr Duration kLatest = std::chrono::seconds(5);

class Cluster;

/// The controller's process: what the real one does around the core, with nothing but the order that counts.
class ControllerNode {
 public:
  ControllerNode(World& world, Cluster& cluster);

  void start();
  void kill();
  bool up() const { return core_ != nullptr; }
  /// When this process of it began.
  MonoTime startedAt() const { return startedAt_; }
  /// An API call that has arrived. The reply leaves only when its changes are durable.
  void call(const std::string& operation, const Json& input, Reply reply);
  /// An agent opens its session; nullopt when it is refused or the controller is down.
  std::optional<controller::SessionId> connect(size_t agent, const controller::Hello& hello);
  void onFrame(controller::SessionId session, const std::string& frame);
  void disconnect(controller::SessionId session);
  const controller::State& state() const { return core_->state(); }
  const controller::WaitingQueue& waiting() const { return core_->waiting(); }
  Disk& disk() { return disk_; }
  /// Hears that the core has started, with what is stored.
  std::function<void()> onStart = [] {};
  /// Hears of all that the core has changed, before it is durable.
  std::function<void(const controller::Mutations&)> onChange = [](const controller::Mutations&) {};
  /// Hears of all that has become durable.
  std::function<void(const controller::Mutations&)> onDurable = [](const controller::Mutations&) {};

 private:
  struct Pending {
    controller::Output output;
    std::function<void()> reply;
    std::function<void()> failed;
  };
  void process(controller::Output output, std::function<void()> reply, std::function<void()> failed);
  void pump();
  void commit();
  void release(Pending pending);
  void takeReports(controller::SessionId session, const acs::ReportsMessage& message);
  void armTimer();

  World& world_;
  Cluster& cluster_;
  Disk disk_;
  std::shared_ptr<const controller::Zones> zones_;
  Alive alive_ = std::make_shared<bool>(false);
  std::unique_ptr<controller::Controller> core_;
  std::deque<Pending> queue_;
  bool committing_ = false;
  MonoTime startedAt_{};
  std::map<controller::SessionId, size_t> agentOf_;
  std::optional<MonoTime> timer_;
};

/// One agent's process on its host.
class AgentNode {
 public:
  AgentNode(World& world, Cluster& cluster, size_t index, StartLedger& ledger);

  void start();
  void kill();
  bool up() const { return *alive_; }
  /// While it is down: its state is damaged. Answers the tasks whose records are gone.
  std::vector<std::string> loseState(bool all);
  void onFrame(controller::SessionId session, const std::string& frame);
  void onClosed(controller::SessionId session);
  /// The network between the agent and the controller breaks for so long. When it does so silently the
  /// controller is left to find out; else it hears of it within some seconds.
  void cut(Duration length, bool silently);
  /// Empty before it is registered.
  const std::string& instanceArn() const { return instanceArn_; }
  /// At the end of a run.
  void checkCleanedUp() const;
  /// Whether what runs takes no more than the host has.
  bool withinItsMeans() const { return runtime_.takes().fitIn(cpu_, memory_); }
  FaultyRuntime& runtime() { return runtime_; }
  const FaultyRuntime& runtime() const { return runtime_; }
  Disk& disk() { return disk_; }
  const agent::Engine* engine() const { return engine_.get(); }

 private:
  bool cutOff() const { return world_.now().mono < cutUntil_; }
  void request(const std::string& operation, const Json& input, Reply reply);
  void registerInstance();
  void run(agent::Stored stored);
  void connect();
  void process(agent::Output output);
  void pump();
  void perform(const agent::Effect& effect);
  void checkKill(const agent::ReapEffect& effect);
  void checkCleanUp(const agent::RemoveEffect& effect);
  /// By the session while it takes reports, else by a request.
  void report(const agent::Report& report);
  void request(const agent::Report& report);
  void reported(const agent::Report& report, const Status& result);
  void armTimer();

  World& world_;
  Cluster& cluster_;
  size_t index_;
  // Some hosts run out of one first, some of the other.
  int64_t cpu_ = 1024 << world_.random().below(3);
  int64_t memory_ = 1024 << world_.random().below(3);
  Disk disk_;
  FaultyRuntime runtime_;
  Alive alive_ = std::make_shared<bool>(false);
  std::string token_;
  std::string instanceArn_;
  std::unique_ptr<agent::Engine> engine_;
  std::deque<agent::Output> queue_;
  bool committing_ = false;
  // Some agents are like Amazon's, which know requests only.
  const bool reportsBySession_ = world_.chance(0.5);
  NullLog log_;
  agent::ReportChannel reports_{log_};
  std::optional<controller::SessionId> session_;
  std::optional<MonoTime> sessionSince_;
  MonoTime cutUntil_{};
  std::map<std::string, MonoTime> stopped_;  ///< since when tasks are STOPPED, as this process has seen it
  bool newProcess_ = true;                   ///< until a session has lasted
  std::optional<MonoTime> timer_;
};

class Cluster {
 public:
  Cluster(uint64_t seed, size_t agents);

  /// A call over the faulty network, retried by nobody: either way may be lost, and it may come twice.
  void request(const std::string& operation, const Json& input, const Alive& alive, Reply reply);
  /// Frames of a session mostly arrive in order, like those of a TCP connection. One may get lost without the
  /// others, come twice, or after those that left since: a controller may lose, repeat and reorder too.
  void toAgent(controller::SessionId session, size_t agent, const std::string& frame);
  void toController(controller::SessionId session, const std::string& frame);
  void closed(controller::SessionId session, size_t agent);

  World& world() { return world_; }
  ControllerNode& controller() { return *controller_; }
  std::vector<std::unique_ptr<AgentNode>>& agents() { return agents_; }
  const StartLedger& ledger() const { return ledger_; }

 private:
  void carry(std::map<controller::SessionId, MonoTime>& last, controller::SessionId session,
             const std::function<void()>& arrive);
  Duration orderedDelay(std::map<controller::SessionId, MonoTime>& last, controller::SessionId session);

  World world_;
  StartLedger ledger_;
  Alive forever_ = std::make_shared<bool>(true);
  std::unique_ptr<ControllerNode> controller_;
  std::vector<std::unique_ptr<AgentNode>> agents_;
  std::map<controller::SessionId, MonoTime> lastToAgent_;
  std::map<controller::SessionId, MonoTime> lastToController_;
};

}  // namespace berth::simulation
