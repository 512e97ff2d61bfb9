#include "controller/wiring.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>

#include "common/async/async.hpp"
#include "common/http/server_thread.hpp"
#include "common/service/data_dir.hpp"
#include "common/service/directory_lock.hpp"
#include "common/service/notifier.hpp"
#include "common/service/program.hpp"
#include "common/store/sqlite_store.hpp"
#include "controller/config/callers_folder.hpp"
#include "controller/config/webhooks_folder.hpp"
#include "controller/dns/codec.hpp"
#include "controller/server/audit_log.hpp"
#include "controller/server/core_runner.hpp"
#include "controller/server/discovery.hpp"
#include "controller/server/dns_server.hpp"
#include "controller/server/gateway.hpp"
#include "controller/server/history.hpp"
#include "controller/server/webhooks.hpp"
#include "controller/state/codec.hpp"
#include "controller/zones/zones.hpp"

namespace berth::controller {
namespace {

/// The admin's access key: made on the first start, read on all others.
Result<aws::Credentials> adminCredentials(const std::string& dataDir, Random& random, Log& log) {
  std::filesystem::path path = std::filesystem::path(dataDir) / "admin-credentials";
  auto known = aws::readCredentialsFile(path);
  if (known || known.error().code != Code::NotFound) return known;
  aws::Credentials fresh = aws::generateCredentials(random);
  if (Status written = aws::writeCredentialsFile(path, fresh); !written) return written.error();
  log.info("made the admin access key", {{"file", path.string()}, {"access_key_id", fresh.accessKeyId}});
  return fresh;
}

/// All who may call: the admin, and those of the folder.
Result<CallerBook> callersOf(const Config& config, const aws::Credentials& admin) {
  CallerBook book;
  if (config.callers) {
    auto read = readCallers(*config.callers, config.account);
    if (!read) return read.error();
    book = std::move(*read);
  }
  auto root = std::make_shared<const KnownCaller>(
      KnownCaller{rootOf({"aws", config.region, config.account}), Rights::All, {}});
  if (book.add(admin, std::move(root))) return book;
  return makeError(Code::InvalidArgument, *config.callers + ": the access key " + admin.accessKeyId +
                                              " is the admin's: give its caller another");
}

Result<std::vector<Entity>> loadEntities(SqliteStore& store, Log& log) {
  auto records = store.loadWithout({kStoppedTask, kStoppedOrder});
  if (!records) return records.error();
  Decoded decoded = fromRecords(*records);
  for (const std::string& damaged : decoded.damaged) log.error("left out a damaged row", {{"row", damaged}});
  return std::move(decoded.entities);
}

Result<std::vector<Webhook>> webhooksOf(const Config& config) {
  return config.webhooks ? readWebhooks(*config.webhooks) : std::vector<Webhook>{};
}

HistoryOptions historyOptions(const Config& config) {
  HistoryOptions options;
  options.keep = config.history.keep;
  options.maxTasks = config.history.maxTasks;
  options.taskKind = kStoppedTask;
  options.orderKind = kStoppedOrder;
  return options;
}

http::ServerOptions serverOptions(const Config& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.maxBody = static_cast<size_t>(config.maxBody);
  options.maxConnections = static_cast<size_t>(config.maxConnections);
  options.errorResponse = errorResponse;
  options.webSocket.readDeadline = std::chrono::minutes(3);
  if (config.tlsCert) options.tls = http::TlsFiles{*config.tlsCert, *config.tlsKey};
  return options;
}

/// Where the DNS server is asked, when it listens on one address.
std::optional<IpAddress> dnsAddress(const std::string& listen) {
  std::string host = listen.substr(0, listen.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  const auto address = parseIpAddress(host);
  const bool any = !address || *address == IpAddress{{}, address->v6};
  return any ? std::nullopt : address;
}

/// Names and the server that is asked for them.
struct NameService {
  NameService(boost::asio::io_context& io, const Config& config, const Clock& clock, Random& random)
      : discovery(io, config.discovery.keepLost, clock),
        zone({*parseZone(config.discovery.zone),
              static_cast<uint32_t>(std::chrono::ceil<std::chrono::seconds>(config.discovery.ttl).count()),
              static_cast<uint32_t>(toEpochMillis(clock.now().wall) / 1000),
              dnsAddress(*config.discovery.listen)},
             discovery.index(), random) {}

  Status serve(const std::string& listen, boost::asio::io_context& io, const Clock& clock, Registry& metrics,
               Log& log) {
    DnsServerOptions options;
    options.listen = listen;
    auto answer = [this](std::string_view message, bool by_tcp) {
      return dns::respond(zone, message, by_tcp);
    };
    server = std::make_unique<DnsServer>(options, DnsServerDeps{io, answer, clock, metrics, log});
    return server->start();
  }

  Discovery discovery;
  DnsZone zone;
  std::unique_ptr<DnsServer> server;
};

int fail(Log& log, std::string_view what, const Error& error, int code = exit_code::kFailed) {
  log.error(what, {{"reason", error.message}});
  return code;
}

/// Reads again at SIGHUP what people change while the controller runs. What can't be used leaves what was
/// there before in force.
class Reloader {
 public:
  struct Parts {
    CallerBook& callers;
    AuditLog& audit;
    Streams& streams;
    OpenEnds& ends;
    http::ServerThread& server;
  };
  Reloader(const Config& config, const aws::Credentials& admin, Parts parts, Log& log)
      : config_(config), admin_(admin), parts_(parts), log_(log) {}

  void onHangup(boost::asio::signal_set& signals) {
    signals.async_wait([this, &signals](boost::system::error_code fault, int) {
      if (fault) return;
      reload();
      onHangup(signals);
    });
  }

 private:
  void reload() {
    auto callers = callersOf(config_, admin_);
    if (callers) {
      parts_.callers = std::move(*callers);
      log_.info("read the callers again", {{"access_keys", parts_.callers.size()},
                                           {"ended", config_.authenticate ? endStrangers() : 0}});
    } else {
      log_.error("the callers can't be used: going on with those before",
                 {{"reason", callers.error().message}});
    }
    told("the certificate can't be used: going on with the one before", parts_.server.reloadTls());
    told("the audit log can't be opened anew: going on with the file before", parts_.audit.open());
  }
  /// What callers have open who are none any more; answers how many connections.
  size_t endStrangers() {
    const auto known = [this](std::string_view key) { return parts_.callers.find(key) != nullptr; };
    parts_.streams.forgetStrangers(known);
    return parts_.ends.endStrangers(known);
  }
  void told(std::string_view what, const Status& status) {
    if (!status) log_.error(what, {{"reason", status.error().message}});
  }

  const Config& config_;
  const aws::Credentials& admin_;
  Parts parts_;
  Log& log_;
};

}  // namespace

int run(const Config& config, Log& log) {
  // In the order of dependence: what comes later uses what comes earlier and is destroyed before it.
  SystemClock clock;
  SystemRandom random;
  if (Status ready = prepareDataDir(config.dataDir); !ready)
    return fail(log, "can't use data_dir", ready.error());
  auto lock = DirectoryLock::acquire(config.dataDir);
  if (!lock) return fail(log, "can't use data_dir", lock.error());
  auto admin = adminCredentials(config.dataDir, random, log);
  if (!admin) return fail(log, "can't use the admin credentials", admin.error());

  boost::asio::io_context io(1);
  SqliteOptions store_options;
  store_options.path = config.dataDir + "/state.db";
  store_options.executor = [&io](std::function<void()> fn) { boost::asio::post(io, std::move(fn)); };
  auto store = SqliteStore::open(std::move(store_options));
  if (!store) return fail(log, "can't open the state", store.error());

  ControllerOptions core_options;
  core_options.keepStopped = config.keepStopped;
  core_options.sweep = std::clamp<Duration>(config.keepStopped, std::chrono::seconds(1), core_options.sweep);
  core_options.keepHistory = config.history.keep > Duration::zero() && config.history.maxTasks > 0;
  core_options.delivery.heartbeat = config.heartbeat;
  core_options.delivery.lostAfter = config.lostAfter;
  core_options.delivery.drain = config.discovery.drain;
  core_options.quotas = config.quotas;
  core_options.providerWait = config.providerWait;
  core_options.services.lost.replaceAfter = config.services.replaceAfter;
  core_options.services.pace.healthyAfter = config.services.healthyAfter;
  core_options.zones = std::make_shared<SystemZones>();
  ecs::Names names{"aws", config.region, config.account};
  EventFeed feed(static_cast<size_t>(config.eventsKept), clock);
  History history(io, **store, historyOptions(config), clock, log);
  std::optional<NameService> names_served;
  if (config.discovery.listen) names_served.emplace(io, config, clock, random);
  CoreRunner runner(
      CoreRunnerDeps{io, **store, [](const Mutations& mutations) { return toChanges(mutations); },
                     [&] { return loadEntities(**store, log); },
                     [&] { return std::make_unique<Controller>(names, core_options, random); }, clock, log,
                     [&](const Output& output) {
                       feed.add(output, runner.core().state());
                       history.add(output);
                       if (names_served) names_served->discovery.add(output);
                     },
                     [&] {
                       if (names_served) names_served->discovery.know(runner.core().state());
                     }});
  AgentSessions sessions(io, runner, config.heartbeat, clock, log);
  auto callers = callersOf(config, *admin);
  if (!callers) return fail(log, "can't use the callers", callers.error(), exit_code::kUsage);
  AuditLog audit(config.auditFile, log);
  if (Status opened = audit.open(); !opened) return fail(log, "can't use the audit log", opened.error());
  if (Status started = runner.start(sessions); !started)
    return fail(log, "can't load the state", started.error());
  feed.know(runner.core().state());
  history.start();
  if (names_served) names_served->discovery.know(runner.core().state());
  StreamOptions stream_options{static_cast<size_t>(config.streams.most), config.streams.idle};
  OpenEnds ends;
  Streams streams(stream_options, {io, runner, sessions, ends, audit, random, clock, log});
  Extension extension(
      {runner, feed, history, streams, clock, names_served ? &names_served->discovery.index() : nullptr});
  Metrics metrics([&](Registry& registry) {
    measure(registry, runner.core().state());
    registry.gauge("berth_store_transactions", "transactions that reached the disk since the start")
        .set(static_cast<double>((*store)->transactions()));
    registry.gauge("berth_commits_waiting", "outputs of the core that wait to become durable")
        .set(static_cast<double>(runner.waiting()));
    registry.gauge("berth_events_last", "the id of the last event")
        .set(static_cast<double>(feed.log().end() - 1));
    registry.gauge("berth_streams_open", "commands in containers and readers of logs")
        .set(static_cast<double>(streams.open()));
    registry.gauge("berth_history_tasks", "stopped tasks in the history")
        .set(static_cast<double>(history.size().value_or(0)));
    if (names_served) measure(registry, names_served->discovery.index());
  });
  auto hooks = webhooksOf(config);
  if (!hooks) return fail(log, "can't use the webhooks", hooks.error(), exit_code::kUsage);
  http::Client client(io, {});
  auto rendered = [&](const Change& change) {
    return eventOf(change, runner.core().state(), runner.core().names());
  };
  Webhooks webhooks(std::move(*hooks), {io, client, feed, rendered, clock, random, metrics.registry, log});
  webhooks.start();
  GatewayOptions gateway_options{config.region, config.authenticate, config.tlsCert.has_value(),
                                 config.throttle};
  Gateway gateway(gateway_options,
                  {*callers, runner, sessions, audit, extension, streams, ends, metrics, random, clock, log});
  http::ServerThread server(io, serverOptions(config), gateway, log);
  if (Status started = server.start(); !started) return fail(log, "can't serve", started.error());
  if (names_served) {
    const std::string& listen = *config.discovery.listen;
    if (Status served = names_served->serve(listen, io, clock, metrics.registry, log); !served)
      return fail(log, "can't serve names", served.error());
    log.info("serving names",
             {{"listen", listen}, {"port", names_served->server->port()}, {"zone", config.discovery.zone}});
  }
  if (!config.authenticate)
    log.warn("auth is none: anyone on this machine may call", {{"listen", config.listen}});
  log.info("serving", {{"listen", config.listen}, {"port", server.port()}, {"data_dir", config.dataDir}});
  boost::asio::signal_set hangups(io, SIGHUP);
  Reloader reloader(config, *admin, {*callers, audit, streams, ends, server}, log);
  reloader.onHangup(hangups);
  Notifier notifier;
  notifier.ready();

  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code fault, int number) {
    if (fault) return;
    log.info("stopping", {{"signal", number}});
    notifier.stopping();
    spawn(io.get_executor(), log, "stop", [&]() -> Async<void> {
      co_await server.stop();
      io.stop();
    });
  });
  io.run();
  return exit_code::kStopped;
}

}  // namespace berth::controller
