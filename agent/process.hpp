// One run of the agent: it joins its cluster, serves it, and joins anew when it has been forgotten.
#pragma once

#include <boost/asio/io_context.hpp>
#include <optional>
#include <set>
#include <string>

#include "agent/config/changes.hpp"
#include "agent/config/host.hpp"
#include "agent/former.hpp"
#include "agent/images/janitor.hpp"
#include "agent/local_endpoints.hpp"
#include "agent/model/start_traces.hpp"
#include "agent/resources/gpus.hpp"
#include "agent/resources/task_resources.hpp"
#include "agent/runner/runner.hpp"
#include "agent/runtime_choice.hpp"
#include "agent/secret_sources.hpp"
#include "agent/session/control_plane.hpp"
#include "agent/session/link.hpp"
#include "agent/state/codec.hpp"
#include "common/async/blocking_pool.hpp"
#include "common/service/notifier.hpp"

namespace berth::agent {

/// All that a run consists of, in the order of dependence. All of it outlives the run.
struct ProcessParts {
  boost::asio::io_context& io;
  Host host;
  Gpus gpus;
  Store& store;
  Runtime& runtime;
  std::function<void(const Config&)> reconfigureRuntime;
  ContainerStreams* streams = nullptr;  ///< of the runtime; null: it has none
  StartTraces& traces;
  ImageMemory& images;
  SecretSources& secrets;
  LocalEndpoints& endpoints;
  aws::JsonClient& client;
  aws::CredentialsProvider& credentials;
  const Clock& clock;
  Random& random;
  Log& log;
};

class Process {
 public:
  Process(ProcessParts parts, Config config);

  /// Until `asked`; answers the exit code. What takes longer than some seconds to end does not count: then
  /// the process ends from within.
  Async<int> run(std::stop_token asked);
  /// Takes over what a running agent can, and says in the log what it can't.
  void reconfigure(ConfigChanges changes);
  const Config& config() const { return config_; }
  /// A pull found the disk full.
  void diskFull();

 private:
  struct Serving;

  /// What was known when the last run ended: containers go on asking, whoever else does not answer yet.
  /// Answers what the runtime had said of itself then.
  std::optional<RuntimeInfo> showStored();
  /// The zone that a registration was answered with, for tasks to be told; whether that is news.
  bool noteZone(const std::string& zone);
  /// Where it does not answer, what it said the last time has to do.
  Async<RuntimeInfo> waitForRuntime(std::optional<RuntimeInfo> remembered, std::stop_token stop);
  /// Whether the runtime has answered, for those who look at the agent's health.
  void noteAnswer(const Status& status);
  /// An upgrade, or the first answer since the start: what the host can do is registered again if it is new.
  void noteRuntime(const RuntimeInfo& info);
  /// Keeps the tasks, and the sessions; `enrolFirst`: the controller has not been told yet that the agent is
  /// there again.
  Async<Ended> serve(Stored stored, bool enrolFirst, std::stop_token stop);
  /// Registers where nothing is remembered: as who the containers say the agent was, or anew. NotFound: not
  /// as that; the next call tries another.
  Async<Result<Registered>> join(std::stop_token stop);
  Async<Result<Registered>> enrol(std::string known, std::stop_token stop);
  Async<Ended> command(Serving& serving, bool enrolFirst, Event& enrolled, std::stop_token stop);
  /// What needs doing each second: progress that is shown, trouble that is told.
  Async<void> tick(Serving& serving, std::stop_token stop);
  /// Removes the containers of a registration that is gone, and forgets it.
  Async<void> abandon(std::string instanceArn, std::stop_token stop);
  Async<int> live(std::stop_token stop);
  /// The store says that its file is damaged.
  void damaged();
  /// Bounds the time from `stop` to the end of the process.
  Async<void> endInTime(std::stop_token stop);
  RunnerPorts runnerPorts(Serving& serving);
  /// Who makes control groups on this host.
  GroupKeeper groupKeeper();
  JanitorPorts janitorPorts(Serving& serving);
  void report(Report report, std::function<void(Status, bool)> done);

  ProcessParts parts_;
  Config config_;
  ControlPlane controlPlane_;
  Notifier notifier_;
  RuntimeInfo runtimeInfo_;
  FormerInstances former_;
  BlockingPool blocking_{1};
  std::stop_source ending_;
  bool damaged_ = false;
  std::string runtimeTrouble_;
  int quietTicks_ = 0;          ///< since a task changed
  Serving* serving_ = nullptr;  ///< while it serves
};

}  // namespace berth::agent
