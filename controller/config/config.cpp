#include "controller/config/config.hpp"

#include <algorithm>

#include "common/config/load.hpp"
#include "common/config/rules.hpp"
#include "common/http/message.hpp"
#include "common/text/number.hpp"
#include "controller/discovery/zone.hpp"

namespace berth::controller {
namespace {

bool isAccount(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool isDnsAddress(std::string_view text) { return !text.starts_with("unix:") && http::isListenAddress(text); }

constexpr int64_t kMostQuota = 1'000'000'000;

/// A number of things; the default is that of Amazon ECS.
config::Setting quota(const char* key, const char* doc, int64_t most, int64_t byDefault) {
  return config::integer(key, doc).between(1, most).byDefault(std::to_string(byDefault));
}

config::Schema schema() {
  using namespace config;  // NOLINT: a table of declarations
  return Schema({
      string("listen", "address and port of the API and the agents' sessions")
          .matching(http::isListenAddress,
                    "must be IPv4:port, [IPv6]:port or unix:/path, like 127.0.0.1:7400")
          .byDefault("127.0.0.1:7400"),
      path("data_dir", "where the state is kept").byDefault("/var/lib/berth/controller"),
      config::region("the region in every ARN"),
      string("account", "the account in every ARN")
          .matching(isAccount, "must be twelve digits: quote them in YAML")
          .byDefault("000000000000"),
      choice("auth", {"sigv4", "none"}, "who may call: signed requests only, or anyone (loopback only)")
          .byDefault("sigv4"),
      path("tls.cert", "PEM file with the server's certificate chain; with tls.key it turns TLS on"),
      path("tls.key", "PEM file with the certificate's private key"),
      path("callers", "folder of the callers beside the admin: a folder each with credentials and policies"),
      path("audit.file", "where a line is written for each changing call and each refused one"),
      integer("throttle.rate", "calls a second that a caller may make of each class; 0: no limit")
          .between(0, 1'000'000)
          .byDefault("5000"),
      integer("throttle.burst", "calls of a class that a caller may make at once")
          .between(1, 1'000'000)
          .byDefault("10000"),
      map("throttle.classes", "other rates of single classes, like resource_modify: 40/100"),
      integer("max_connections", "how many may be open at once; an agent has two or three")
          .between(10, 1'000'000)
          .byDefault("50000"),
      size("max_body", "the largest request that is read").between(65536, 268435456).byDefault("1MiB"),
      duration("keep_stopped", "how long stopped tasks stay visible")
          .between(Duration(0), std::chrono::hours(24 * 365))
          .byDefault("1h"),
      duration("history.keep", "how long stopped tasks are remembered after that; 0: not at all")
          .between(Duration(0), std::chrono::hours(24 * 3650))
          .byDefault("7d"),
      integer("history.max_tasks", "how many are remembered; beyond, the oldest go")
          .between(0, 1'000'000'000)
          .byDefault("1000000"),
      integer("events.keep", "changes that are kept for those who read events and come back later")
          .between(100, 10'000'000)
          .byDefault("20000"),
      integer("streams.max", "commands in containers and readers of logs at once")
          .between(1, 100'000)
          .byDefault("1000"),
      duration("streams.idle_timeout", "a command's session without input and output ends after so long")
          .between(std::chrono::seconds(1), std::chrono::hours(24 * 7))
          .byDefault("20m"),
      path("webhooks", "folder of those who are sent events: a file NAME.yaml each"),
      // Agents give a session up that was silent for a minute.
      duration("heartbeat", "between two heartbeats to an agent")
          .between(std::chrono::milliseconds(100), std::chrono::seconds(50))
          .byDefault("20s"),
      duration("lost_after",
               "an agent that has said nothing for so long is lost; it is asked after two thirds of it")
          .between(std::chrono::seconds(1), std::chrono::minutes(10))
          .byDefault("15s"),
      duration("provider_wait",
               "how long a task waits for a host of a capacity provider with managed scaling")
          .between(std::chrono::seconds(1), std::chrono::hours(24 * 7))
          .byDefault("1h"),
      duration("services.replace_after",
               "how long the tasks of a service on a lost host are waited for before others take their place")
          .between(std::chrono::seconds(0), std::chrono::hours(24))
          .byDefault("10s"),
      duration("services.healthy_after",
               "how long the first task of a deployment has to run before it counts as healthy, without "
               "health checks")
          .between(std::chrono::seconds(0), std::chrono::minutes(10))
          .byDefault("2s"),
      string("discovery.listen", "address and port of the DNS server; it turns discovery on")
          .matching(isDnsAddress, "must be IPv4:port or [IPv6]:port, like 127.0.0.1:5353"),
      string("discovery.zone", "the zone that the DNS server answers for")
          .matching([](std::string_view text) { return parseZone(text).has_value(); },
                    "must be labels of letters, digits and hyphens with dots between, of at most 80 "
                    "characters, like berth.internal")
          .byDefault("berth.internal"),
      duration("discovery.ttl",
               "how long an answer, or its absence, may be kept, in whole seconds (rounded up)")
          .between(std::chrono::seconds(1), std::chrono::hours(1))
          .byDefault("1s"),
      duration("discovery.keep_lost", "how long the tasks of a lost agent are still answered with")
          .between(Duration(0), std::chrono::hours(24))
          .byDefault("30s"),
      duration("discovery.drain",
               "how long a task that a service stops goes on after it has left its name; ttl and 1s unless "
               "given")
          .between(Duration(0), std::chrono::hours(1)),
      quota("quotas.clusters", "how many clusters there may be", kMostQuota, kDefaultQuotas.clusters),
      quota("quotas.instances_per_cluster", "how many container instances a cluster may have", kMostQuota,
            kDefaultQuotas.instancesPerCluster),
      quota("quotas.revisions_per_family", "how many revisions a task definition family may ever have",
            kMostQuota, kDefaultQuotas.revisionsPerFamily),
      quota("quotas.attributes_per_instance", "how many custom attributes a container instance may have",
            1000, kDefaultQuotas.attributesPerInstance),
      quota("quotas.providers_per_cluster", "how many capacity providers a cluster may have", 1000,
            kDefaultQuotas.providersPerCluster),
      quota("quotas.waiting_per_cluster", "how many tasks of a cluster may wait for a place", 100'000,
            kDefaultQuotas.waitingPerCluster),
      choice("log.level", {"debug", "info", "warn", "error"}, "the least severe that is logged")
          .byDefault("info"),
      choice("log.format", {"auto", "text", "json"}, "auto: text on a terminal, JSON lines otherwise")
          .byDefault("auto"),
  });
}

bool listensOnLoopback(const std::string& listen) {
  // Port 0, any free one, is right here and in no URL.
  auto url = http::parseUrl("http://" + listen.substr(0, listen.rfind(':')));
  return listen.starts_with("unix:") || (url && url->loopback());
}

/// "40/100": 40 calls a second, 100 at once.
std::optional<Rate> parseRate(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto rate = parseNumber<uint32_t>(text.substr(0, slash));
  const auto burst = parseNumber<uint32_t>(text.substr(slash + 1));
  if (!rate || !burst || (*rate > 0 && *burst == 0)) return std::nullopt;
  return Rate{static_cast<double>(*rate), static_cast<double>(*burst)};
}

std::string classNames() {
  std::string out;
  for (size_t i = 0; i < kCallClasses; ++i)
    out += (i == 0 ? "" : ", ") + std::string(name(static_cast<CallClass>(i)));
  return out;
}

/// The rates that the settings mean; what they can't mean goes to `problems`.
ThrottleRates ratesOf(const config::Settings& settings, std::vector<std::string>& problems) {
  const Rate usual{static_cast<double>(settings.integer("throttle.rate")),
                   static_cast<double>(settings.integer("throttle.burst"))};
  ThrottleRates out = throttleRates(usual);
  for (const auto& [key, text] : settings.map("throttle.classes")) {
    const std::string where = settings.source("throttle.classes") + ": throttle.classes: '" + key + "' ";
    const auto call_class = callClassNamed(key);
    const auto rate = parseRate(text);
    if (!call_class) problems.push_back(where + "is no class of calls: use " + classNames());
    if (!rate) problems.push_back(where + "must be calls a second and calls at once, like 40/100");
    if (call_class && rate) out[static_cast<size_t>(*call_class)] = *rate;
  }
  return out;
}

/// A second more than answers may be kept: for calls that are under way, and for resolvers that count whole
/// seconds.
Duration drainOf(const config::Settings& settings) {
  if (!settings.has("discovery.listen")) return Duration::zero();
  if (settings.has("discovery.drain")) return settings.duration("discovery.drain");
  return std::chrono::ceil<std::chrono::seconds>(settings.duration("discovery.ttl")) +
         std::chrono::seconds(1);
}

/// What one setting alone can't show.
Status checkTogether(const config::Settings& settings) {
  std::vector<std::string> problems;
  const std::string& listen = settings.string("listen");
  if (settings.string("auth") == "none" && !listensOnLoopback(listen)) {
    problems.push_back(settings.source("auth") + ": auth none is allowed on loopback only, and listen is " +
                       listen + ": use sigv4 or listen on 127.0.0.1");
  }
  if (settings.has("tls.cert") != settings.has("tls.key")) {
    problems.emplace_back("tls.cert and tls.key go together: give both or neither");
  }
  if (settings.string("auth") == "none" && settings.has("callers")) {
    problems.push_back(settings.source("auth") +
                       ": with auth none everyone may do everything: take callers away, or use sigv4");
  }
  ratesOf(settings, problems);
  return config::noProblems(problems);
}

}  // namespace

Result<Config> loadConfig(const std::optional<std::string>& file,
                          const std::map<std::string, std::string>& environment) {
  config::Sources sources;
  sources.yamlFile = file;
  sources.envPrefix = "BERTH_CONTROLLER_";
  sources.environment = environment;
  auto settings = config::load(schema(), sources);
  if (!settings) return settings.error();
  if (Status status = checkTogether(*settings); !status) return status.error();
  Config out;
  out.listen = settings->string("listen");
  out.dataDir = settings->string("data_dir");
  out.region = settings->string("region");
  out.account = settings->string("account");
  out.authenticate = settings->string("auth") == "sigv4";
  if (settings->has("tls.cert")) out.tlsCert = settings->string("tls.cert");
  if (settings->has("tls.key")) out.tlsKey = settings->string("tls.key");
  if (settings->has("callers")) out.callers = settings->string("callers");
  if (settings->has("audit.file")) out.auditFile = settings->string("audit.file");
  std::vector<std::string> none;
  out.throttle = ratesOf(*settings, none);
  out.maxBody = settings->integer("max_body");
  out.maxConnections = settings->integer("max_connections");
  out.keepStopped = settings->duration("keep_stopped");
  out.history.keep = settings->duration("history.keep");
  out.history.maxTasks = settings->integer("history.max_tasks");
  out.streams.most = settings->integer("streams.max");
  out.streams.idle = settings->duration("streams.idle_timeout");
  if (settings->has("webhooks")) out.webhooks = settings->string("webhooks");
  out.eventsKept = settings->integer("events.keep");
  out.heartbeat = settings->duration("heartbeat");
  out.lostAfter = settings->duration("lost_after");
  out.providerWait = settings->duration("provider_wait");
  out.services.replaceAfter = settings->duration("services.replace_after");
  out.services.healthyAfter = settings->duration("services.healthy_after");
  if (settings->has("discovery.listen")) out.discovery.listen = settings->string("discovery.listen");
  out.discovery.zone = settings->string("discovery.zone");
  out.discovery.ttl = settings->duration("discovery.ttl");
  out.discovery.keepLost = settings->duration("discovery.keep_lost");
  out.discovery.drain = drainOf(*settings);
  out.quotas.clusters = settings->integer("quotas.clusters");
  out.quotas.instancesPerCluster = settings->integer("quotas.instances_per_cluster");
  out.quotas.revisionsPerFamily = settings->integer("quotas.revisions_per_family");
  out.quotas.attributesPerInstance = settings->integer("quotas.attributes_per_instance");
  out.quotas.providersPerCluster = settings->integer("quotas.providers_per_cluster");
  out.quotas.waitingPerCluster = settings->integer("quotas.waiting_per_cluster");
  out.log.program = "berth-controller";
  out.log.level = *parseLogLevel(settings->string("log.level"));
  out.log.format = *parseLogFormat(settings->string("log.format"));
  out.described = settings->describe();
  return out;
}

}  // namespace berth::controller
