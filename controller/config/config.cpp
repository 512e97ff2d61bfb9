#include "controller/config/config.hpp"

#include <algorithm>

#include "common/config/load.hpp"
#include "common/http/message.hpp"

namespace berth::controller {
namespace {

config::Schema schema() {
  using namespace config;  // NOLINT: a table of declarations
  return Schema({
      string("listen", "address and port of the API and the agents' sessions").byDefault("127.0.0.1:7400"),
      path("data_dir", "where the state is kept").byDefault("/var/lib/berth/controller"),
      string("region", "the region in every ARN").byDefault("us-east-1"),
      string("account", "the account in every ARN, twelve digits").byDefault("000000000000"),
      choice("auth", {"sigv4", "none"}, "who may call: signed requests only, or anyone (loopback only)")
          .byDefault("sigv4"),
      path("tls.cert", "PEM file with the server's certificate chain; with tls.key it turns TLS on"),
      path("tls.key", "PEM file with the certificate's private key"),
      size("max_body", "the largest request that is read").between(65536, 268435456).byDefault("1MiB"),
      duration("keep_stopped", "how long stopped tasks stay visible")
          .between(Duration(0), std::chrono::hours(24 * 365))
          .byDefault("1h"),
      // Agents give a session up that was silent for a minute.
      duration("heartbeat", "between two heartbeats to an agent")
          .between(std::chrono::milliseconds(100), std::chrono::seconds(50))
          .byDefault("20s"),
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

}  // namespace

Result<Config> loadConfig(const std::optional<std::string>& file,
                          const std::map<std::string, std::string>& environment) {
  config::Sources sources;
  sources.yamlFile = file;
  sources.envPrefix = "BERTH_CONTROLLER_";
  sources.environment = environment;
  auto settings = config::load(schema(), sources);
  if (!settings) return settings.error();
  Config out;
  out.listen = settings->string("listen");
  out.dataDir = settings->string("data_dir");
  out.region = settings->string("region");
  out.account = settings->string("account");
  out.authenticate = settings->string("auth") == "sigv4";
  if (settings->has("tls.cert")) out.tlsCert = settings->string("tls.cert");
  if (settings->has("tls.key")) out.tlsKey = settings->string("tls.key");
  out.maxBody = settings->integer("max_body");
  out.keepStopped = settings->duration("keep_stopped");
  out.heartbeat = settings->duration("heartbeat");
  out.log.program = "berth-controller";
  out.log.level = *parseLogLevel(settings->string("log.level"));
  out.log.format = *parseLogFormat(settings->string("log.format"));
  out.described = settings->describe();
  bool digits = out.account.size() == 12 && std::all_of(out.account.begin(), out.account.end(),
                                                        [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) {
    return makeError(Code::InvalidArgument, settings->source("account") + ": account '" + out.account +
                                                "' is not twelve digits: quote it in YAML");
  }
  if (!out.authenticate && !listensOnLoopback(out.listen)) {
    return makeError(Code::InvalidArgument, settings->source("auth") +
                                                ": auth none is allowed on loopback only, and listen is " +
                                                out.listen + ": use sigv4 or listen on 127.0.0.1");
  }
  if (out.tlsCert.has_value() != out.tlsKey.has_value()) {
    return makeError(Code::InvalidArgument, "tls.cert and tls.key go together: give both or neither");
  }
  return out;
}

}  // namespace berth::controller
