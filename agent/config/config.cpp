#include "agent/config/config.hpp"

#include <chrono>

#include "common/config/load.hpp"
#include "common/config/rules.hpp"
#include "common/http/message.hpp"
#include "common/text/number.hpp"

namespace berth::agent {
namespace {

bool isPort(std::string_view text) { return parseNumber<uint16_t>(text).value_or(0) != 0; }

bool isApi(std::string_view text) {
  auto url = http::parseUrl(text);
  return url && (url->scheme == "http" || url->scheme == "https");
}

bool isUnixSocket(std::string_view text) { return text.starts_with("unix:///"); }

config::Schema schema() {
  using namespace config;  // NOLINT: a table of declarations
  return Schema({
      string("cluster", "name or ARN of the cluster that this host belongs to").byDefault("default"),
      string("controller", "URL of the controller's API")
          .matching(isApi, "must be an http or https URL, like http://127.0.0.1:7400")
          .byDefault("http://127.0.0.1:7400"),
      config::region("the region that requests are signed for"),
      path("credentials.file", "access key in the format of AWS's shared credentials file"),
      string("credentials.profile", "the profile in that file").byDefault("default"),
      string("credentials.access_key", "access key id, instead of a file"),
      string("credentials.secret_key", "its secret").secret(),
      path("tls.ca_file", "PEM file with the authorities to trust, instead of the system's"),
      choice("runtime.kind", {"docker", "auto"}, "what runs the containers").byDefault("auto"),
      string("runtime.socket", "the runtime's socket")
          .matching(isUnixSocket, "must be unix:// and an absolute path, like unix:///var/run/docker.sock")
          .byDefault("unix:///var/run/docker.sock"),
      path("data_dir", "what must survive a restart").byDefault("/var/lib/berth/agent"),
      map("attributes", "custom attributes of this container instance"),
      integer("reserved.memory", "MiB that tasks don't get").between(0, 1 << 30).byDefault("0"),
      list("reserved.ports", "TCP ports that tasks don't get")
          .matching(isPort, "must be TCP ports between 1 and 65535")
          .byDefault("22,2375,2376,51678,51679"),
      list("logging_drivers", "log drivers that tasks may use")
          .byDefault("json-file,syslog,journald,fluentd,none"),
      choice("images.pull_behavior", {"default", "always", "once", "prefer-cached"},
             "when a registry is asked")
          .byDefault("default"),
      duration("stop_timeout", "from a stop's signal to its kill, where a container gives none")
          .between(Duration(0), std::chrono::hours(24 * 365))
          .byDefault("30s"),
      duration("cleanup_delay", "how long stopped containers are kept")
          .between(Duration(0), std::chrono::hours(24 * 365))
          .byDefault("3h"),
      boolean("metrics.enabled", "publish resource use").byDefault("true"),
      duration("metrics.interval", "between two readings of a container")
          .between(std::chrono::milliseconds(100), std::chrono::seconds(20))
          .byDefault("1s"),
      choice("log.level", {"debug", "info", "warn", "error"}, "the least severe that is logged")
          .byDefault("info"),
      choice("log.format", {"auto", "text", "json"}, "auto: text on a terminal, JSON lines otherwise")
          .byDefault("auto"),
  });
}

PullBehavior pullBehavior(const std::string& word) {
  if (word == "always") return PullBehavior::Always;
  if (word == "once") return PullBehavior::Once;
  if (word == "prefer-cached") return PullBehavior::PreferCached;
  return PullBehavior::Default;
}

/// What one setting alone can't show.
Status checkCredentials(const config::Settings& settings) {
  std::vector<std::string> problems;
  bool key = settings.has("credentials.access_key");
  bool secret = settings.has("credentials.secret_key");
  bool file = settings.has("credentials.file");
  if (key != secret) {
    problems.emplace_back(
        "credentials.access_key and credentials.secret_key go together: give both or neither");
  }
  if (file && key) {
    problems.emplace_back("credentials.file and credentials.access_key exclude each other: give one");
  }
  if (!file && !key) {
    problems.emplace_back(
        "credentials.file is missing: name the file that the controller made on its first start "
        "(admin-credentials in its data directory), or a copy of it");
  }
  return config::noProblems(problems);
}

}  // namespace

Result<Config> loadConfig(const std::optional<std::string>& file,
                          const std::map<std::string, std::string>& environment) {
  config::Sources sources;
  sources.yamlFile = file;
  sources.envPrefix = "BERTH_AGENT_";
  sources.environment = environment;
  auto settings = config::load(schema(), sources);
  if (!settings) return settings.error();
  if (Status status = checkCredentials(*settings); !status) return status.error();
  auto text = [&](const char* key) { return settings->has(key) ? settings->string(key) : std::string(); };
  Config out;
  out.cluster = text("cluster");
  out.clusterGiven = settings->source("cluster") != "default";
  out.controller = text("controller");
  out.region = text("region");
  out.credentialsFile = text("credentials.file");
  out.credentialsProfile = text("credentials.profile");
  out.accessKey = text("credentials.access_key");
  out.secretKey = text("credentials.secret_key");
  out.caFile = text("tls.ca_file");
  out.runtimeSocket = text("runtime.socket");
  out.dataDir = text("data_dir");
  out.attributes = settings->map("attributes");
  out.reservedMemory = settings->integer("reserved.memory");
  for (const std::string& reserved : settings->list("reserved.ports"))
    out.reservedPorts.insert(*parseNumber<uint16_t>(reserved));
  out.loggingDrivers = settings->list("logging_drivers");
  out.pullBehavior = pullBehavior(text("images.pull_behavior"));
  out.stopTimeout = settings->duration("stop_timeout");
  out.cleanupDelay = settings->duration("cleanup_delay");
  out.metrics = settings->boolean("metrics.enabled");
  out.metricsInterval = settings->duration("metrics.interval");
  out.log.program = "berth-agent";
  out.log.level = *parseLogLevel(text("log.level"));
  out.log.format = *parseLogFormat(text("log.format"));
  out.described = settings->describe();
  return out;
}

}  // namespace berth::agent
