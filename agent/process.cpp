#include "agent/process.hpp"

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

#include "agent/committed.hpp"
#include "agent/kernel/processes.hpp"
#include "agent/options.hpp"
#include "agent/registrar.hpp"
#include "agent/resources/task_resources.hpp"
#include "agent/session/acs_session.hpp"
#include "agent/session/report_request.hpp"
#include "agent/session/tcs_session.hpp"
#include "agent/stats/cgroup_usage.hpp"
#include "agent/streams/stream_server.hpp"
#include "common/async/callback.hpp"
#include "common/service/program.hpp"
#include "common/service/spare_memory.hpp"

namespace berth::agent {
namespace {

constexpr auto kRuntimeRetry = std::chrono::seconds(1);
constexpr auto kStartSettles = std::chrono::seconds(2);
constexpr Duration kSweepTakes = std::chrono::seconds(5);
constexpr Duration kEndTakes = std::chrono::seconds(5);
constexpr Duration kLongWhile = std::chrono::hours(1);
constexpr auto kTick = std::chrono::seconds(1);
constexpr int kQuietTicks = 3;  ///< after a change of tasks, until a burst of them is over

/// The task's own reason, or else what a container says: what somebody who reads the log looks for.
std::string why(const Report& report) {
  if (!report.reason.empty()) return report.reason;
  for (const ContainerReport& container : report.containers) {
    if (!container.reason.empty()) return container.name + ": " + container.reason;
    if (container.exitCode) return container.name + ": exit code " + std::to_string(*container.exitCode);
  }
  return "as asked";
}

std::vector<std::string> wantedImages(const Engine& engine) {
  std::vector<std::string> out;
  for (const auto& [arn, task] : engine.tasks()) {
    if (statusOf(task) == TaskStatus::Stopped) continue;
    for (const Container& container : task.containers) out.push_back(container.spec.image);
  }
  return out;
}

std::vector<KeptContainer> keptContainers(const Engine& engine) {
  std::vector<KeptContainer> out;
  for (const auto& [arn, task] : engine.tasks()) {
    const bool told = task.sent == TaskStatus::Stopped;
    for (const Container& container : task.containers) {
      if (container.runtimeId.empty() || container.removed) continue;
      KeptContainer kept{container.runtimeId, std::nullopt, told};
      if (container.known == ContainerStatus::Stopped) {
        kept.stoppedAt = container.finishedAt ? container.finishedAt : task.stoppedAt;
      }
      out.push_back(std::move(kept));
    }
  }
  return out;
}

Result<LocatedContainer> locate(const Engine& engine, const std::string& task, const std::string& name) {
  const auto found = engine.tasks().find(task);
  if (found == engine.tasks().end())
    return makeError(Code::NotFound, "the agent does not know the task any more");
  for (const Container& container : found->second.containers) {
    if (container.internal || container.spec.name != name) continue;
    const bool running = container.known == ContainerStatus::Running && !container.restarting;
    return LocatedContainer{name, container.removed ? "" : container.runtimeId, running};
  }
  return makeError(Code::NotFound, "the task has no container '" + name + "'");
}

/// Coroutines that end when they are told to, and the wait for that.
class Background {
 public:
  Background(boost::asio::io_context& io, Log& log) : io_(io), log_(log) {}

  template <class Body>
  void add(const char* name, Body body) {
    ++left_;
    spawn(io_.get_executor(), log_, name, [this, body = std::move(body)]() -> Async<void> {
      co_await body();
      if (--left_ == 0) done_.set();
    });
  }
  Async<void> wait() {
    if (left_ > 0) co_await done_.wait();
  }

 private:
  boost::asio::io_context& io_;
  Log& log_;
  int left_ = 0;
  Event done_;
};

}  // namespace

/// What lives as long as one registration.
struct Process::Serving {
  Serving(Process& process, const Stored& stored)
      : engine(identityOf(process.config_, stored.instanceArn),
               engineOptions(process.config_,
                             hostCapacity(process.config_, process.parts_.host, process.parts_.gpus)),
               process.parts_.random),
        later([&io = process.parts_.io](std::function<void()> what) {
          boost::asio::post(io, std::move(what));
        }),
        processes(later),
        resources(process.parts_.runtime, process.groupKeeper(), hostPorts(process.config_), later),
        commands(linkDeps(process), linkOptions(process, stored),
                 [this](const acs::ToAgent& message) {
                   if (const auto* open = std::get_if<acs::OpenStreamMessage>(&message)) {
                     if (streams) streams->open(*open, commands.endpoint());
                     return;
                   }
                   if (std::holds_alternative<acs::HeartbeatMessage>(message)) telemetry.checkInstance();
                   if (const auto* payload = std::get_if<acs::PayloadMessage>(&message)) begin(*payload);
                   runner->take(engine.onMessage(message, clock.now()));
                 }),
        usage(kernelRoots(process.config_)),
        telemetry(linkDeps(process), linkOptions(process, stored), telemetryOptions(process), engine, usage),
        traces(process.parts_.traces),
        clock(process.parts_.clock) {
    traces.clear();
    if (!process.parts_.streams) return;
    const auto find = [this](const std::string& task, const std::string& container) {
      return locate(engine, task, container);
    };
    streams.emplace(StreamServerDeps{linkDeps(process), *process.parts_.streams, find},
                    linkOptions(process, stored));
  }

  static LinkDeps linkDeps(Process& process) {
    const ProcessParts& parts = process.parts_;
    return LinkDeps{parts.io, process.controlPlane_, parts.clock, parts.random, parts.log};
  }

  static TcsOptions telemetryOptions(Process& process) {
    TcsOptions out;
    out.sample = process.config_.metricsInterval;
    out.cpus = process.parts_.host.cpus;
    out.metrics = process.config_.metrics;
    LocalEndpoints& endpoints = process.parts_.endpoints;
    out.listener.read = [&endpoints](const std::string& id, const SharedUsage& usage, const HostUsage& host) {
      endpoints.putUsage(id, usage, host);
    };
    out.listener.gone = [&endpoints](const std::string& id) { endpoints.directory().eraseStats(id); };
    out.checkRuntime = [&process](std::function<void(Status)> done) {
      process.parts_.runtime.info([&process, done = std::move(done)](const Result<RuntimeInfo>& info) {
        const Status status = info ? Status() : Status(info.error());
        process.noteAnswer(status);
        if (info) process.noteRuntime(*info);
        done(status);
      });
    };
    return out;
  }

  static LinkOptions linkOptions(const Process& process, const Stored& stored) {
    LinkOptions out;
    out.identity = identityOf(process.config_, stored.instanceArn);
    out.dockerVersion = process.runtimeInfo_.version;
    out.caFile = process.config_.caFile;
    if (process.parts_.streams)
      out.offered = {acs::Extension::Reports, acs::Extension::Exec, acs::Extension::Logs};
    return out;
  }

  void begin(const acs::PayloadMessage& payload) {
    for (const acs::Task& task : payload.tasks) {
      if (!engine.tasks().contains(task.arn)) traces.begin(task.arn, clock.now().mono);
    }
  }

  Engine engine;
  std::function<void(std::function<void()>)> later;
  KernelProcesses processes;
  HostTaskResources resources;
  AcsSession commands;
  std::optional<StreamServer> streams;
  CgroupUsageSource usage;
  TcsSession telemetry;
  StartTraces& traces;
  const Clock& clock;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Janitor> janitor;
};

Process::Process(ProcessParts parts, Config config)
    : parts_(parts),
      config_(std::move(config)),
      controlPlane_(parts_.client, parts_.credentials, config_.region, parts_.clock),
      former_(parts_.io.get_executor(), parts_.runtime, parts_.store, parts_.log) {}

Async<RuntimeInfo> Process::waitForRuntime(std::optional<RuntimeInfo> remembered, std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto info =
        co_await loopAwait<RuntimeInfo>([&](auto done) { parts_.runtime.info(std::move(done)); }, stop);
    noteAnswer(info ? Status() : Status(info.error()));
    if (info) co_return *info;
    parts_.log.warn("the container runtime does not answer", {{"reason", info.error().message}});
    // The controller can be told, and stop what it likes, all the same.
    if (remembered) co_return *remembered;
    notifier_.status("waiting for the container runtime");
    co_await sleepFor(kRuntimeRetry, stop);
  }
  co_return RuntimeInfo{};
}

void Process::noteAnswer(const Status& status) {
  runtimeTrouble_ = status ? "" : "the container runtime does not answer: " + status.error().message;
  parts_.endpoints.setTrouble(runtimeTrouble_);
}

void Process::noteRuntime(const RuntimeInfo& info) {
  if (!serving_ || info == runtimeInfo_) return;
  parts_.log.info("the container runtime has changed: registering what it can do",
                  {{"before", runtimeInfo_.version}, {"now", info.version}});
  runtimeInfo_ = info;
  spawn(parts_.io.get_executor(), parts_.log, "registration of a changed runtime",
        [this, arn = serving_->engine.identity().instanceArn, stop = ending_.get_token()]() -> Async<void> {
          static_cast<void>(co_await enrol(arn, stop));
        });
}

Async<int> Process::run(std::stop_token asked) {
  std::stop_callback forward(asked, [this] { ending_.request_stop(); });
  const std::stop_token stop = ending_.get_token();
  spawn(parts_.io.get_executor(), parts_.log, "end", [this, stop] { return endInTime(stop); });
  const int code = co_await live(stop);
  co_return damaged_ ? exit_code::kFailed : code;
}

Async<int> Process::live(std::stop_token stop) {
  // From here on it gets by alone: what depends on this unit must not wait for a runtime or a controller.
  notifier_.ready();
  std::optional<RuntimeInfo> before = showStored();
  spawn(parts_.io.get_executor(), parts_.log, "local endpoints",
        [this, stop] { return parts_.endpoints.serve(stop); });
  runtimeInfo_ = co_await waitForRuntime(std::move(before), stop);
  while (!stop.stop_requested()) {
    auto records = parts_.store.load();
    if (!records) {
      parts_.log.error("can't read the state", {{"reason", records.error().message}});
      co_return exit_code::kFailed;
    }
    Stored stored = fromRecords(*records);
    for (const std::string& arn : stored.former) former_.sweep(arn, stop);
    for (const std::string& damaged : stored.damaged)
      parts_.log.error("left out a damaged row", {{"row", damaged}});
    if (!stored.cluster.empty() && stored.cluster != config_.cluster) {
      parts_.log.error(
          "the state belongs to another cluster: use another data_dir, or remove this one's state.db",
          {{"state", stored.cluster}, {"config", config_.cluster}});
      co_return exit_code::kTerminal;
    }
    const bool remembered = !stored.instanceArn.empty();
    if (!remembered) {
      auto joined = co_await join(stop);
      if (!joined && joined.error().code == Code::NotFound) continue;
      if (!joined && joined.error().code == Code::Cancelled) co_return exit_code::kStopped;
      if (!joined) co_return exit_code::kTerminal;
      stored.instanceArn = joined->instanceArn;
    }
    const std::string arn = stored.instanceArn;
    // What is remembered is kept as asked, whether or not the controller answers by now.
    Ended ended = co_await serve(std::move(stored), remembered, stop);
    if (ended == Ended::Refused) co_return exit_code::kTerminal;
    if (ended != Ended::Inactive) break;
    co_await abandon(arn, stop);
  }
  co_return exit_code::kStopped;
}

std::optional<RuntimeInfo> Process::showStored() {
  auto records = parts_.store.load();
  if (!records) return std::nullopt;  // said where it matters
  Stored stored = fromRecords(*records);
  noteZone(stored.availabilityZone);
  Engine known(identityOf(config_, stored.instanceArn), EngineOptions(), parts_.random);
  static_cast<void>(known.restore(std::move(stored.tasks), stored.timeline, parts_.clock.now()));
  parts_.endpoints.show(known);
  return stored.runtime;
}

GroupKeeper Process::groupKeeper() {
  if (!runtimeInfo_.systemdGroups) return keepBy(taskGroups(config_));
  // systemd answers when it can, so it is asked away from the loop.
  const auto ask = [this](auto what, auto done) {
    spawn(parts_.io.get_executor(), parts_.log, "task slice",
          [this, what, done]() -> Async<void> { done(co_await blocking_.run(what)); });
  };
  const SystemdSlices slices = taskSlices(config_);
  GroupKeeper out;
  out.make = [ask, slices](std::string taskId, GroupLimits limits, Callback<std::string> done) {
    ask([slices, taskId, limits] { return slices.make(taskId, limits); }, std::move(done));
  };
  out.remove = [ask, slices](std::string taskId, std::function<void(Status)> done) {
    ask([slices, taskId] { return slices.remove(taskId); }, std::move(done));
  };
  return out;
}

bool Process::noteZone(const std::string& zone) {
  return config_.endpoints.availabilityZone && parts_.endpoints.setZone(zone);
}

RunnerPorts Process::runnerPorts(Serving& serving) {
  return RunnerPorts{
      parts_.store,
      parts_.runtime,
      serving.processes,
      serving.resources,
      parts_.secrets.registryAuths(),
      parts_.secrets.provisioner(),
      [](const Output& output) { return toChanges(output); },
      [this](Report due, std::function<void(Status, bool)> done) { report(std::move(due), std::move(done)); },
      [&serving](const acs::FromAgent& message) { serving.commands.send(message); },
      [this, &serving](const Output& output) {
        parts_.endpoints.update(output, serving.engine, parts_.runtime.pullStatus());
        quietTicks_ = 0;
      },
      [this] { damaged(); },
      &parts_.traces};
}

JanitorPorts Process::janitorPorts(Serving& serving) {
  return JanitorPorts{parts_.runtime, parts_.images, [&serving] { return wantedImages(serving.engine); },
                      [&serving] { return keptContainers(serving.engine); },
                      [this, &serving](const std::string& id) {
                        serving.runner->take(serving.engine.cleanUpEarly(id, parts_.clock.now()));
                      }};
}

Async<Ended> Process::serve(Stored stored, bool enrolFirst, std::stop_token stop) {
  Serving serving(*this, stored);
  serving.runner =
      std::make_unique<Runner>(parts_.io, serving.engine, runnerPorts(serving), parts_.clock, parts_.log);
  serving.janitor =
      std::make_unique<Janitor>(janitorPorts(serving), cleanupPolicy(config_), parts_.clock, parts_.log);
  serving.runner->take(serving.engine.restore(std::move(stored.tasks), stored.timeline, parts_.clock.now()));
  parts_.endpoints.show(serving.engine);
  serving.runner->start();
  serving_ = &serving;

  std::stop_source ended;
  std::stop_callback forward(stop, [&ended] { ended.request_stop(); });
  Background background(parts_.io, parts_.log);
  const std::stop_token token = ended.get_token();
  Event enrolled;
  background.add("telemetry session", [&]() -> Async<void> {
    co_await enrolled.wait();
    if (!token.stop_requested()) co_await serving.telemetry.run(token);
  });
  background.add("metrics", [&] { return serving.telemetry.sample(token); });
  if (serving.streams) background.add("streams", [&] { return serving.streams->run(token); });
  background.add("clean-up", [&] { return serving.janitor->run(token); });
  background.add("tick", [&] { return tick(serving, token); });
  background.add("start-up memory", [&]() -> Async<void> {
    if (co_await sleepFor(kStartSettles, token)) releaseStartupMemory();
  });
  Ended result = co_await command(serving, enrolFirst, enrolled, token);
  ended.request_stop();
  enrolled.set();
  co_await background.wait();
  serving_ = nullptr;
  co_return result;
}

Async<void> Process::tick(Serving& serving, std::stop_token stop) {
  while (co_await sleepFor(kTick, stop)) {
    parts_.endpoints.refresh(serving.engine, parts_.runtime.pullStatus());
    if (++quietTicks_ == kQuietTicks) releaseFreedMemory();
    const std::string& reason = serving.runner->blockedBy();
    parts_.endpoints.setTrouble(reason.empty() ? runtimeTrouble_ : "the state can't be written: " + reason);
  }
}

void Process::diskFull() {
  if (serving_) serving_->janitor->wake();
}

void Process::reconfigure(ConfigChanges changes) {
  for (const ConfigChange& change : changes.changes) {
    const bool now = change.applies == Applies::Now;
    parts_.log.info(now ? "a setting has changed" : "a changed setting waits for a restart",
                    {{"setting", change.key}});
  }
  if (Status taken = parts_.secrets.reconfigure(changes.use); !taken) {
    parts_.log.error("the changed settings are not taken over", {{"reason", taken.error().message}});
    return;
  }
  config_ = std::move(changes.use);
  parts_.log.setLevel(config_.log.level);
  parts_.reconfigureRuntime(config_);
  parts_.endpoints.reconfigure(config_);
  if (!serving_) return;
  serving_->engine.reconfigure(engineOptions(config_, hostCapacity(config_, parts_.host, parts_.gpus)));
  serving_->janitor->reconfigure(cleanupPolicy(config_));
}

Async<Result<Registered>> Process::join(std::stop_token stop) {
  auto former = co_await formerInstance(parts_.runtime, config_.cluster, former_.arns(), parts_.log, stop);
  if (!former) co_return makeError(Code::Cancelled, "stopped");
  if (!former->empty()) {
    parts_.log.warn("containers on this host tell who the agent was: joining as that again",
                    {{"container_instance", *former}});
  }
  auto joined = co_await enrol(*former, stop);
  if (!joined && joined.error().code == Code::NotFound) co_await abandon(*former, stop);
  co_return joined;
}

Async<Result<Registered>> Process::enrol(std::string known, std::stop_token stop) {
  notifier_.status("joining " + config_.cluster);
  RegistrarDeps deps{controlPlane_, parts_.store, parts_.clock, parts_.random, parts_.log};
  auto registered =
      co_await registerHost(deps, config_, parts_.host, runtimeInfo_, parts_.gpus, std::move(known), stop);
  const bool news = registered && noteZone(registered->availabilityZone);
  if (news && serving_) parts_.endpoints.show(serving_->engine);
  co_return registered;
}

Async<Ended> Process::command(Serving& serving, bool enrolFirst, Event& enrolled, std::stop_token stop) {
  if (enrolFirst) {
    auto again = co_await enrol(serving.engine.identity().instanceArn, stop);
    if (!again && again.error().code == Code::NotFound) co_return Ended::Inactive;
    if (!again && again.error().code == Code::Cancelled) co_return Ended::Stopped;
    if (!again) co_return Ended::Refused;
  }
  notifier_.status("joined " + config_.cluster);
  enrolled.set();
  co_return co_await serving.commands.run(stop);
}

/// The instance is gone, and its tasks with it: what still runs of them must not go on unseen.
Async<void> Process::abandon(std::string instanceArn, std::stop_token stop) {
  parts_.log.warn("the controller does not know this container instance any more: registering anew",
                  {{"container_instance", instanceArn}});
  auto records = parts_.store.load();
  Changes changes = records ? forgetChanges(*records, instanceArn) : Changes();
  const Status forgotten = co_await committed(parts_.store, std::move(changes));
  former_.sweep(instanceArn, stop);
  // Mostly that is quick, and the new tasks find the room; a runtime that hangs must not hold up the agent.
  co_await former_.settle(kSweepTakes);
  if (forgotten && records) co_return;
  parts_.log.error("can't forget the registration",
                   {{"reason", (records ? forgotten.error() : records.error()).message}});
  co_await sleepFor(kRuntimeRetry, stop);
}

void Process::damaged() {
  if (std::exchange(damaged_, true)) return;
  parts_.log.error("the state is damaged: ending, so that the next start moves it aside");
  ending_.request_stop();
}

/// A controller or a runtime that does not answer must not hold up the end: what is stored is what counts.
Async<void> Process::endInTime(std::stop_token stop) {
  while (!stop.stop_requested()) co_await sleepFor(kLongWhile, stop);
  co_await sleepFor(kEndTakes);
  parts_.log.warn("ending although something is still under way", {{"waited", formatDuration(kEndTakes)}});
  std::_Exit(damaged_ ? exit_code::kFailed : exit_code::kStopped);
}

void Process::report(Report report, std::function<void(Status, bool)> done) {
  const auto channel = serving_ ? serving_->commands.reports() : nullptr;
  spawn(parts_.io.get_executor(), parts_.log, "report", [this, channel, report, done]() -> Async<void> {
    auto failure = co_await controlPlane_.submit(report, config_.cluster, channel);
    if (!failure) {
      parts_.log.info("reported",
                      {{"task", report.taskArn}, {"status", name(report.status)}, {"why", why(report)}});
      done(Status(), false);
      co_return;
    }
    bool rejected = failure->exception == "InvalidParameterException";
    parts_.log.warn("a report was not accepted", {{"task", report.taskArn},
                                                  {"status", name(report.status)},
                                                  {"reason", failure->error.message},
                                                  {"final", rejected}});
    done(Status(failure->error), rejected);
  });
}

}  // namespace berth::agent
