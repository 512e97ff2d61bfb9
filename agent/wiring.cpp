#include "agent/wiring.hpp"

#include <filesystem>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "agent/config/watcher.hpp"
#include "agent/endpoints/calls/controller_calls.hpp"
#include "agent/host/spot_watch.hpp"
#include "agent/options.hpp"
#include "agent/process.hpp"
#include "common/aws/file_credentials.hpp"
#include "common/service/data_dir.hpp"
#include "common/service/directory_lock.hpp"
#include "common/service/program.hpp"
#include "common/service/watchdog.hpp"
#include "common/store/sqlite_store.hpp"

namespace berth::agent {
namespace {

constexpr const char* kUserAgent = "berth-agent/" BERTH_VERSION;

using Provider = std::unique_ptr<aws::CredentialsProvider>;

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

/// What the reserve leaves must be something.
Status checkReserve(const Config& config, const Host& host) {
  const HostCapacity left = hostCapacity(config, host, {});
  if (left.memory <= 0) {
    return makeError(Code::InvalidArgument, "reserved.memory is " + std::to_string(config.reservedMemory) +
                                                " MiB and this host has " + std::to_string(host.memoryMiB) +
                                                ": leave something to the tasks");
  }
  if (left.cpu <= 0) {
    return makeError(Code::InvalidArgument,
                     "reserved.cpu is " + std::to_string(config.reservedCpu) + " units and this host has " +
                         std::to_string(host.cpus * 1024) + ": leave something to the tasks");
  }
  return {};
}

/// An audit log that can't be written is no reason to leave the host without its agent, for ever: the path is
/// often that of another agent, whose folder this one's unit does not open.
Config withUsableAuditLog(Config config, Log& log) {
  if (config.endpoints.auditLog.empty()) return config;
  const auto audit = endpoints::AuditFile::open(config.endpoints.auditLog);
  if (audit) return config;
  log.error("requests for credentials are not written down: going on without an audit log",
            {{"reason", audit.error().message},
             {"way_out",
              "set audit_log.file (ECS_AUDIT_LOGFILE) to a file in data_dir, or open the folder to the "
              "unit: ReadWritePaths= in systemctl edit berth-agent"}});
  config.endpoints.auditLog.clear();
  return config;
}

int fail(Log& log, std::string_view what, const Error& error, int code = exit_code::kFailed) {
  log.error(what, {{"reason", error.message}});
  return code;
}

/// Reads the settings again when it is told to.
class Reloader {
 public:
  Reloader(Process& process, ConfigSources sources, Log& log)
      : process_(process), sources_(std::move(sources)), log_(log) {}

  void reload() {
    auto changes = agent::reload(process_.config(), sources_);
    if (!changes) {
      log_.error("the settings can't be used: going on with those before",
                 {{"reason", changes.error().message}});
      return;
    }
    if (!changes->changes.empty()) process_.reconfigure(std::move(*changes));
  }

  /// Without watches SIGHUP still works.
  void watch(Executor executor) {
    executor_ = executor;
    ConfigWatcher::Options options;
    options.files = configFiles(sources_);
    watched_ = options.files;
    auto watcher = ConfigWatcher::make(std::move(executor), std::move(options), [this] { onChange(); });
    if (watcher) {
      watcher_ = std::move(*watcher);
    } else {
      log_.warn("changes of the settings are not seen by themselves: send SIGHUP after a change",
                {{"reason", watcher.error().message}});
    }
  }

  void onHangup(boost::asio::signal_set& signals) {
    signals.async_wait([this, &signals](boost::system::error_code fault, int) {
      if (fault) return;
      log_.info("reading the settings again");
      onChange();
      onHangup(signals);
    });
  }

 private:
  void onChange() {
    if (configFiles(sources_) == watched_) return reload();
    // ecs.config names another JSON file now: it is watched before it is read, so that no change is missed.
    // Posted, as the watcher that goes may be the one that calls.
    boost::asio::post(executor_, [this] {
      watch(executor_);
      onChange();
    });
  }

  Process& process_;
  ConfigSources sources_;
  Log& log_;
  Executor executor_;
  std::vector<std::string> watched_;
  std::unique_ptr<ConfigWatcher> watcher_;
};

/// Everything under the loop; built in order, undone in the reverse order.
class Agent {
 public:
  Agent(Config config, Log& log) : config_(std::move(config)), log_(log) {}

  /// The exit code when it can't run; nullopt: it can.
  std::optional<int> build();
  int run(const ConfigSources& sources);

 private:
  std::optional<int> buildClients();
  std::optional<int> buildRuntime();
  sinks::AwsLogsMeans awsLogsMeans();
  void buildSpotWatch();

  Config config_;
  Log& log_;
  SystemClock clock_;
  SystemRandom random_;
  std::optional<DirectoryLock> lock_;
  boost::asio::io_context io_{1};
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<http::Client> http_;     ///< to the controller and the runtime
  std::unique_ptr<http::Client> awsHttp_;  ///< to everybody else
  Provider credentials_;
  std::unique_ptr<aws::JsonClient> client_;
  std::unique_ptr<ImageMemory> images_;
  StartTraces traces_;
  ChosenRuntime runtime_;
  std::unique_ptr<SecretSources> secrets_;
  std::unique_ptr<endpoints::ControllerCalls> calls_;  ///< of the local endpoints
  std::unique_ptr<LocalEndpoints> endpoints_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<InstanceMetadata> metadata_;
  std::unique_ptr<ControlPlane> drains_;
  std::unique_ptr<SpotWatch> spot_;  ///< absent: not asked for
};

std::optional<int> Agent::buildClients() {
  http_ = std::make_unique<http::Client>(io_, httpOptions(config_.caFile));
  awsHttp_ = std::make_unique<http::Client>(io_, httpOptions(""));
  auto credentials = credentialsOf(config_, {*awsHttp_, clock_, random_, log_});
  if (!credentials) return fail(log_, "can't read the credentials", credentials.error());
  credentials_ = std::move(*credentials);
  const aws::ClientConfig client = clientConfig(config_);
  client_ = std::make_unique<aws::JsonClient>(*http_, client, *credentials_, clock_);
  calls_ = std::make_unique<endpoints::ControllerCalls>(io_, *http_, client, *credentials_, clock_, log_);
  auto secrets = SecretSources::make(FetchMeans{io_.get_executor(), *awsHttp_, clock_, random_, log_},
                                     config_, *credentials_);
  if (!secrets) return fail(log_, "can't use the configuration", secrets.error(), exit_code::kUsage);
  secrets_ = std::move(*secrets);
  return std::nullopt;
}

/// The credentials of roles are where the credentials endpoint has them, which comes after the runtime.
sinks::AwsLogsMeans Agent::awsLogsMeans() {
  const auto ofRole = [this](const std::string& id) -> std::optional<aws::Credentials> {
    const auto found = endpoints_ ? endpoints_->directory().credentials(id) : std::nullopt;
    if (!found || !found->credentials) return std::nullopt;
    const endpoints::RoleCredentials& held = *found->credentials;
    return aws::Credentials{held.accessKeyId, held.secretAccessKey, held.sessionToken, std::nullopt};
  };
  const auto endpoint = [](const std::string& region) { return awsEndpoint("logs", region); };
  return {*awsHttp_, clock_, *credentials_, ofRole, endpoint, config_.region, kUserAgent};
}

std::optional<int> Agent::buildRuntime() {
  auto records = store_->load();
  if (!records) return fail(log_, "can't read the state", records.error());
  const auto keep = [this](Changes changes) { store_->commit(std::move(changes), [](const Status&) {}); };
  images_ = std::make_unique<ImageMemory>(*records, keep, log_);
  RuntimeMeans means{*http_, clock_, random_, log_, images_.get(), {}};
  means.awsLogs.emplace(awsLogsMeans());
  means.onStart = [this](const std::string& name, StartStep step) {
    traces_.mark(name, step, clock_.now().mono);
  };
  means.onDiskFull = [this] {
    if (process_) process_->diskFull();
  };
  auto settled = settleRuntime(config_, !records->empty(), means);
  if (!settled) return fail(log_, "can't use data_dir", settled.error());
  config_ = std::move(*settled);
  auto runtime = chooseRuntime(io_.get_executor(), std::move(means), config_);
  if (!runtime) return fail(log_, "can't use the runtime", runtime.error(), exit_code::kUsage);
  runtime_ = std::move(*runtime);
  return std::nullopt;
}

void Agent::buildSpotWatch() {
  metadata_ = std::make_unique<InstanceMetadata>(*awsHttp_, metadataOptions(config_));
  drains_ = std::make_unique<ControlPlane>(*client_, *credentials_, config_.region, clock_);
  const auto drain = [this](std::stop_token stop) -> Async<Status> {
    const std::string arn = endpoints_->directory().instance().instanceArn;
    if (arn.empty()) co_return makeError(Code::Unavailable, "this host has not joined its cluster yet");
    auto failure = co_await drains_->setInstanceStatus(config_.cluster, arn, "DRAINING", stop);
    co_return failure ? Status(failure->error) : Status();
  };
  spot_ = std::make_unique<SpotWatch>(*metadata_, drain, random_, log_, SpotWatch::Options());
}

std::optional<int> Agent::build() {
  if (Status ready = prepareDataDir(config_.dataDir); !ready)
    return fail(log_, "can't use data_dir", ready.error());
  auto lock = DirectoryLock::acquire(config_.dataDir);
  if (!lock) return fail(log_, "can't use data_dir", lock.error());
  lock_ = std::move(*lock);
  auto host = readHost();
  if (!host) return fail(log_, "can't read the host's size", host.error());
  if (Status enough = checkReserve(config_, *host); !enough)
    return fail(log_, "can't use the configuration", enough.error(), exit_code::kUsage);
  auto store = openStore(io_, config_, clock_.now().wall, log_);
  if (!store) return fail(log_, "can't open the state", store.error());
  store_ = std::move(*store);
  if (auto failed = buildClients()) return failed;
  if (auto failed = buildRuntime()) return failed;
  auto endpoints = LocalEndpoints::make({io_, clock_, log_, *calls_, calls_.get(), &traces_},
                                        withUsableAuditLog(config_, log_));
  if (!endpoints) return fail(log_, "can't serve the local endpoints", endpoints.error());
  endpoints_ = std::move(*endpoints);
  const Gpus gpus = config_.capabilities.gpu ? findGpus() : Gpus{};
  if (config_.capabilities.gpu && gpus.ids.empty()) {
    log_.warn("gpu.enabled is true and the NVIDIA driver shows no GPU in /proc/driver/nvidia/gpus");
  }
  process_ = std::make_unique<Process>(
      ProcessParts{io_, *host, gpus, *store_, *runtime_.runtime, runtime_.reconfigure, runtime_.streams.get(),
                   traces_, *images_, *secrets_, *endpoints_, *client_, *credentials_, clock_, random_, log_},
      config_);
  if (config_.drainOnSpotInterruption) buildSpotWatch();
  return std::nullopt;
}

int Agent::run(const ConfigSources& sources) {
  std::stop_source stop;
  int code = exit_code::kStopped;
  boost::asio::signal_set signals(io_, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code fault, int number) {
    if (fault) return;
    log_.info("stopping; containers go on", {{"signal", number}});
    Notifier().stopping();
    stop.request_stop();
  });
  boost::asio::signal_set hangups(io_, SIGHUP);
  Reloader reloader(*process_, sources, log_);
  reloader.onHangup(hangups);
  reloader.watch(io_.get_executor());
  spawn(io_.get_executor(), log_, "watchdog", [&] { return feedWatchdog(stop.get_token()); });
  if (spot_) spawn(io_.get_executor(), log_, "spot watch", [&] { return spot_->run(stop.get_token()); });
  spawn(io_.get_executor(), log_, "agent", [&]() -> Async<void> {
    code = co_await process_->run(stop.get_token());
    io_.stop();
  });
  io_.run();
  return code;
}

}  // namespace

Result<std::unique_ptr<aws::CredentialsProvider>> credentialsOf(const Config& config,
                                                                aws::InstanceCredentials::Means means) {
  switch (config.credentialsKind) {
    case CredentialsKind::Key: {
      aws::Credentials given{config.accessKey, config.secretKey, config.sessionToken, std::nullopt};
      return Provider(std::make_unique<aws::StaticCredentials>(std::move(given)));
    }
    case CredentialsKind::Imds: {
      aws::InstanceOptions options;
      options.endpoint = metadataOptions(config).endpoint;
      return Provider(std::make_unique<aws::InstanceCredentials>(means, options));
    }
    case CredentialsKind::File:
      break;
  }
  auto readable = aws::readCredentialsFile(config.credentialsFile, config.credentialsProfile);
  if (!readable && config.credentialsGuessed) {
    return makeError(readable.error().code, "nothing names credentials, and of a controller on this host: " +
                                                readable.error().message +
                                                "; start berth-controller here, or give credentials.file");
  }
  if (!readable) return readable.error();
  return Provider(
      std::make_unique<aws::FileCredentials>(config.credentialsFile, config.credentialsProfile, means.log));
}

aws::ClientConfig clientConfig(const Config& config) {
  aws::ClientConfig out;
  // The setting's rule holds here: it is a URL.
  if (auto controller = http::parseUrl(config.controller)) out.endpoint = std::move(*controller);
  out.scope = aws::Scope{config.region, "ecs"};
  out.targetPrefix = "AmazonEC2ContainerServiceV20141113";
  out.userAgent = kUserAgent;
  return out;
}

http::ClientOptions httpOptions(const std::string& caFile) {
  http::ClientOptions out;
  out.caFile = caFile;
  out.userAgent = kUserAgent;
  // A connection that is kept costs the engine less than a new one, but each is looked at by the watch over
  // the local endpoints, for as long as it is kept.
  out.maxIdle = 16;
  return out;
}

InstanceMetadata::Options metadataOptions(const Config& config) {
  InstanceMetadata::Options out;
  if (auto endpoint = http::parseUrl(config.metadataEndpoint)) out.endpoint = std::move(*endpoint);
  return out;
}

int run(Config config, const ConfigSources& sources, Log& log) {
  Agent agent(std::move(config), log);
  if (auto failed = agent.build()) return *failed;
  return agent.run(sources);
}

}  // namespace berth::agent
