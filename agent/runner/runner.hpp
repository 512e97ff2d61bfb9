// Drives the engine: makes its outputs durable, performs their effects over the ports, and brings the
// answers back. Outputs leave in the order in which the engine made them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/engine/engine.hpp"
#include "agent/model/start_traces.hpp"
#include "agent/ports/runtime.hpp"
#include "agent/secrets/provisioner.hpp"
#include "common/log/log.hpp"
#include "common/store/store.hpp"

namespace boost::asio {
class io_context;
}

namespace berth::agent {

/// The ways out of the engine; all outlive the runner.
struct RunnerPorts {
  Store& store;
  Runtime& runtime;
  Processes& processes;
  TaskResources& resources;
  RegistryAuthSource& registryAuths;
  Provisioner& provisioner;
  /// How an output is written to the store.
  std::function<Changes(const Output&)> encode;
  /// Tells the controller; `rejected` as in ReportDone.
  std::function<void(Report, std::function<void(Status, bool rejected)>)> report;
  /// Sends on the command session, if there is one.
  std::function<void(const acs::FromAgent&)> send;
  /// Hears of each output before anything is done about it; may be empty.
  std::function<void(const Output&)> changed;
  /// The store's file is damaged, so no commit will ever succeed again; may be empty.
  std::function<void()> damaged{};
  /// Where the steps of starts are noted; null: nowhere.
  StartTraces* traces = nullptr;
};

/// Lives on one loop and is used on its thread only. Destroyed before its engine and ports, after the
/// runtime's and the store's callbacks have stopped coming.
class Runner {
 public:
  Runner(boost::asio::io_context& io, Engine& engine, RunnerPorts ports, const Clock& clock, Log& log);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Takes an output of the engine; everything that calls the engine passes what it answers here.
  void take(Output output);
  /// Begins to hear the runtime's events.
  void start();
  /// Whether the last commit failed: until one succeeds nothing is begun, acknowledged or reported. Stops and
  /// questions to the runtime go on, and heartbeats are answered.
  bool blocked() const { return !blockedBy_.empty(); }
  /// Why; empty when it is not.
  const std::string& blockedBy() const { return blockedBy_; }

 private:
  void pump();
  bool mayWait() const;
  void gather();
  Changes encodeQueue();
  void commit();
  void setBlocked(std::string reason);
  void performBlocked();
  void perform(const Effect& effect);
  void note(const Output& output);
  void note(const Done& done);
  void noteSent(const Effect& effect);
  void noteKept(size_t outputs);
  void mark(const ContainerKey& of, StartStep step);
  void pull(const PullEffect& effect);
  void create(const CreateEffect& effect);
  void done(Done done);
  /// What the runtime says runs is watched by the kernel's word from then on.
  void watch(const RuntimeContainer& seen);
  void armTimer();

  struct Timer;
  Engine& engine_;
  RunnerPorts ports_;
  const Clock& clock_;
  Log& log_;
  std::deque<Output> queue_;
  bool committing_ = false;
  std::string blockedBy_;
  std::unique_ptr<Timer> timer_;
  std::set<std::string> authorizing_;  ///< pulls, by who wants them, whose credentials are being fetched
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace berth::agent
