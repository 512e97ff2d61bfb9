#include "agent/wiring.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/kernel/processes.hpp"
#include "agent/registrar.hpp"
#include "agent/resources/task_resources.hpp"
#include "agent/runner/runner.hpp"
#include "agent/runtimes/docker/docker_runtime.hpp"
#include "agent/session/acs_session.hpp"
#include "agent/session/report_request.hpp"
#include "agent/session/tcs_session.hpp"
#include "agent/state/codec.hpp"
#include "agent/stats/cgroup_usage.hpp"
#include "common/async/callback.hpp"
#include "common/aws/file_credentials.hpp"
#include "common/service/data_dir.hpp"
#include "common/service/directory_lock.hpp"
#include "common/service/notifier.hpp"
#include "common/service/program.hpp"
#include "common/service/watchdog.hpp"
#include "common/store/sqlite_store.hpp"

namespace berth::agent {
namespace {

constexpr auto kRuntimeRetry = std::chrono::seconds(1);

using Provider = std::unique_ptr<aws::CredentialsProvider>;

/// Fails at once when the file can't be read: a start that can't succeed had better say so.
Result<Provider> credentialsOf(const Config& config, Log& log) {
  if (config.credentialsFile.empty()) {
    aws::Credentials given{config.accessKey, config.secretKey, {}, std::nullopt};
    return Provider(std::make_unique<aws::StaticCredentials>(std::move(given)));
  }
  auto readable = aws::readCredentialsFile(config.credentialsFile, config.credentialsProfile);
  if (!readable) return readable.error();
  return Provider(
      std::make_unique<aws::FileCredentials>(config.credentialsFile, config.credentialsProfile, log));
}

/// The task's own reason, or else what a container says: what somebody who reads the log looks for.
std::string why(const Report& report) {
  if (!report.reason.empty()) return report.reason;
  for (const ContainerReport& container : report.containers) {
    if (!container.reason.empty()) return container.name + ": " + container.reason;
    if (container.exitCode) return container.name + ": exit code " + std::to_string(*container.exitCode);
  }
  return "as asked";
}

/// A damaged file costs what it held; what runs on the host is then found by asking the runtime.
Result<std::unique_ptr<SqliteStore>> openStore(boost::asio::io_context& io, const Config& config,
                                               WallTime now, Log& log) {
  SqliteOptions options;
  options.path = config.dataDir + "/state.db";
  options.executor = [&io](std::function<void()> fn) { boost::asio::post(io, std::move(fn)); };
  auto store = SqliteStore::open(options);
  if (store || store.error().code != Code::DataLoss) return store;
  auto moved = moveAside(options.path, now);
  if (!moved) return moved.error();
  log.error("the state was damaged and is moved aside: starting anew",
            {{"reason", store.error().message}, {"moved_to", *moved}});
  return SqliteStore::open(options);
}

/// All that one run of the agent consists of, in the order of dependence.
class Process {
 public:
  Process(boost::asio::io_context& io, const Config& config, http::Url controller,
          aws::CredentialsProvider& credentials, Host host, Store& store, Runtime& runtime,
          http::Client& http, const Clock& clock, Random& random, Log& log)
      : io_(io),
        config_(config),
        host_(host),
        store_(store),
        runtime_(runtime),
        clock_(clock),
        random_(random),
        log_(log),
        client_(http, clientConfig(config, std::move(controller)), credentials, clock),
        controlPlane_(client_, credentials, config.region, clock) {}

  /// Until `stop`; answers the exit code.
  Async<int> run(std::stop_token stop);

 private:
  static aws::ClientConfig clientConfig(const Config& config, http::Url controller) {
    aws::ClientConfig out;
    out.endpoint = std::move(controller);
    out.scope = aws::Scope{config.region, "ecs"};
    out.targetPrefix = "AmazonEC2ContainerServiceV20141113";
    out.userAgent = "berth-agent/" BERTH_VERSION;
    return out;
  }

  Async<RuntimeInfo> waitForRuntime(std::stop_token stop);
  Async<Ended> serve(Stored stored, RuntimeInfo runtime, std::stop_token stop);
  Async<void> abandon(std::string instanceArn);
  HostCapacity hostCapacity() const;
  void report(Report report, std::function<void(Status, bool)> done);

  boost::asio::io_context& io_;
  const Config& config_;
  Host host_;
  Store& store_;
  Runtime& runtime_;
  const Clock& clock_;
  Random& random_;
  Log& log_;
  aws::JsonClient client_;
  ControlPlane controlPlane_;
  Notifier notifier_;
};

Async<RuntimeInfo> Process::waitForRuntime(std::stop_token stop) {
  while (!stop.stop_requested()) {
    auto info = co_await loopAwait<RuntimeInfo>([&](auto done) { runtime_.info(std::move(done)); });
    if (info) co_return *info;
    log_.warn("the container runtime does not answer", {{"reason", info.error().message}});
    notifier_.status("waiting for the container runtime");
    co_await sleepFor(kRuntimeRetry, stop);
  }
  co_return RuntimeInfo{};
}

Async<int> Process::run(std::stop_token stop) {
  // From here on it gets by alone: what depends on this unit must not wait for a runtime or a controller.
  notifier_.ready();
  RuntimeInfo runtime = co_await waitForRuntime(stop);
  while (!stop.stop_requested()) {
    auto records = store_.load();
    if (!records) {
      log_.error("can't read the state", {{"reason", records.error().message}});
      co_return exit_code::kFailed;
    }
    Stored stored = fromRecords(*records);
    for (const std::string& damaged : stored.damaged)
      log_.error("left out a damaged row", {{"row", damaged}});
    if (!stored.cluster.empty() && stored.cluster != config_.cluster) {
      log_.error("the state belongs to another cluster: use another data_dir, or remove this one's state.db",
                 {{"state", stored.cluster}, {"config", config_.cluster}});
      co_return exit_code::kTerminal;
    }
    notifier_.status("joining " + config_.cluster);
    RegistrarDeps deps{controlPlane_, store_, clock_, random_, log_};
    auto arn = co_await registerHost(deps, config_, host_, runtime, stored.instanceArn, stop);
    if (!arn && arn.error().code == Code::Cancelled) co_return exit_code::kStopped;
    if (!arn) co_return exit_code::kTerminal;
    stored.instanceArn = *arn;
    Ended ended = co_await serve(std::move(stored), runtime, stop);
    if (ended != Ended::Inactive) break;
    log_.warn("the controller does not know this container instance any more: registering anew",
              {{"container_instance", *arn}});
    co_await abandon(*arn);
  }
  co_return exit_code::kStopped;
}

Async<Ended> Process::serve(Stored stored, RuntimeInfo runtime, std::stop_token stop) {
  EngineOptions options;
  options.stopTimeout = config_.stopTimeout;
  options.cleanupDelay = config_.cleanupDelay;
  options.pullBehavior = config_.pullBehavior;
  options.groups.enabled = !runtime.systemdGroups;
  if (runtime.systemdGroups) {
    log_.warn("limits of whole tasks are not enforced: the runtime leaves control groups to systemd");
  }
  options.host = hostCapacity();
  Identity identity{config_.cluster, stored.instanceArn, config_.region};
  Engine engine(identity, options, random_);
  LinkDeps link{io_, controlPlane_, clock_, random_, log_};
  LinkOptions link_options;
  link_options.identity = identity;
  link_options.dockerVersion = runtime.version;
  link_options.caFile = config_.caFile;
  std::unique_ptr<Runner> runner;
  AcsSession commands(link, link_options, [&](const acs::ToAgent& message) {
    runner->take(engine.onMessage(message, clock_.now()));
  });
  auto later = [this](std::function<void()> what) { boost::asio::post(io_, std::move(what)); };
  KernelProcesses processes(later);
  HostTaskResources resources(runtime_, TaskGroups(), HostPorts(kernelPortSpan()), later);
  RunnerPorts ports{
      store_,
      runtime_,
      processes,
      resources,
      [](const Output& output) { return toChanges(output); },
      [this](Report due, std::function<void(Status, bool)> done) { report(std::move(due), std::move(done)); },
      [&](const acs::FromAgent& message) { commands.send(message); }};
  runner = std::make_unique<Runner>(io_, engine, std::move(ports), clock_, log_);
  runner->take(engine.restore(std::move(stored.tasks), stored.timeline, clock_.now()));
  runner->start();
  CgroupUsageSource usage;
  TcsOptions telemetry_options;
  telemetry_options.sample = config_.metricsInterval;
  telemetry_options.cpus = host_.cpus;
  TcsSession telemetry(link, link_options, telemetry_options, engine, usage);
  std::stop_source ended;
  std::stop_callback forward(stop, [&ended] { ended.request_stop(); });
  Event telemetry_done;
  if (config_.metrics) {
    spawn(io_.get_executor(), log_, "telemetry session", [&]() -> Async<void> {
      co_await telemetry.run(ended.get_token());
      telemetry_done.set();
    });
  } else {
    telemetry_done.set();
  }
  notifier_.status("joined " + config_.cluster);
  Ended result = co_await commands.run(ended.get_token());
  ended.request_stop();
  co_await telemetry_done.wait();
  co_return result;
}

/// What this host offers; the same as its registration says.
HostCapacity Process::hostCapacity() const {
  HostCapacity out;
  out.cpu = host_.cpus * 1024;
  out.memory = host_.memoryMiB - config_.reservedMemory;
  out.reservedTcpPorts = config_.reservedPorts;
  return out;
}

/// The instance is gone, and its tasks with it: what still runs of them must not go on unseen.
Async<void> Process::abandon(std::string instanceArn) {
  std::map<std::string, std::string> labels{{kInstanceLabel, instanceArn}};
  auto containers = co_await loopAwait<std::vector<RuntimeContainer>>(
      [&](auto done) { runtime_.list(labels, std::move(done)); });
  if (containers) {
    for (const RuntimeContainer& container : *containers) {
      auto removed = co_await loopAwait<std::monostate>(
          [&](auto done) { runtime_.remove(container.id, true, std::move(done)); });
      if (!removed) log_.warn("can't remove a container", {{"reason", removed.error().message}});
    }
  }
  auto records = store_.load();
  if (!records) co_return;
  Changes changes = forgetChanges(*records);
  auto forgotten = co_await loopAwait<std::monostate>([&](auto done) {
    store_.commit(std::move(changes), [done](Status status) {
      done(status ? Result<std::monostate>(std::monostate{}) : Result<std::monostate>(status.error()));
    });
  });
  if (!forgotten) log_.error("can't forget the registration", {{"reason", forgotten.error().message}});
}

void Process::report(Report report, std::function<void(Status, bool)> done) {
  spawn(io_.get_executor(), log_, "report", [this, report, done]() -> Async<void> {
    auto failure = co_await controlPlane_.submit(report, config_.cluster);
    if (!failure) {
      log_.info("reported", {{"task", report.taskArn}, {"status", name(report.status)}, {"why", why(report)}});
      done(Status(), false);
      co_return;
    }
    bool rejected = failure->exception == "InvalidParameterException";
    log_.warn("a report was not accepted", {{"task", report.taskArn},
                                            {"status", name(report.status)},
                                            {"reason", failure->error.message},
                                            {"final", rejected}});
    done(Status(failure->error), rejected);
  });
}

int fail(Log& log, std::string_view what, const Error& error, int code = exit_code::kFailed) {
  log.error(what, {{"reason", error.message}});
  return code;
}

}  // namespace

int run(const Config& config, Log& log) {
  SystemClock clock;
  SystemRandom random;
  if (Status ready = prepareDataDir(config.dataDir); !ready)
    return fail(log, "can't use data_dir", ready.error());
  auto lock = DirectoryLock::acquire(config.dataDir);
  if (!lock) return fail(log, "can't use data_dir", lock.error());
  auto credentials = credentialsOf(config, log);
  if (!credentials) return fail(log, "can't read the credentials", credentials.error());
  auto controller = http::parseUrl(config.controller);
  if (!controller) return fail(log, "controller is no URL", controller.error(), exit_code::kUsage);
  auto host = readHost();
  if (!host) return fail(log, "can't read the host's size", host.error());

  if (config.reservedMemory >= host->memoryMiB) {
    Error nothing_left = makeError(Code::InvalidArgument,
                                   "reserved.memory is " + std::to_string(config.reservedMemory) +
                                       " MiB and this host has " + std::to_string(host->memoryMiB) +
                                       ": leave something to the tasks");
    return fail(log, "can't use the configuration", nothing_left, exit_code::kUsage);
  }

  boost::asio::io_context io(1);
  auto store = openStore(io, config, clock.now().wall, log);
  if (!store) return fail(log, "can't open the state", store.error());
  http::ClientOptions http_options;
  http_options.caFile = config.caFile;
  http_options.userAgent = "berth-agent/" BERTH_VERSION;
  http::Client http(io, http_options);
  DockerOptions docker_options;
  docker_options.socket = config.runtimeSocket;
  auto runtime =
      DockerRuntime::make(io.get_executor(), DockerRuntime::Means{http, clock, random, log}, docker_options);
  if (!runtime) return fail(log, "can't use the runtime", runtime.error(), exit_code::kUsage);
  Process process(io, config, *controller, **credentials, *host, **store, **runtime, http, clock, random,
                  log);

  std::stop_source stop;
  int code = exit_code::kStopped;
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code fault, int number) {
    if (fault) return;
    log.info("stopping; containers go on", {{"signal", number}});
    Notifier().stopping();
    stop.request_stop();
  });
  spawn(io.get_executor(), log, "watchdog", [&] { return feedWatchdog(stop.get_token()); });
  spawn(io.get_executor(), log, "agent", [&]() -> Async<void> {
    code = co_await process.run(stop.get_token());
    io.stop();
  });
  io.run();
  return code;
}

}  // namespace berth::agent
