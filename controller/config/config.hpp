// berth-controller's settings: controller.yaml and BERTH_CONTROLLER_* variables.
#pragma once

#include <optional>
#include <string>

#include "common/config/settings.hpp"
#include "common/log/stderr_log.hpp"
#include "common/result/result.hpp"
#include "controller/api/quotas.hpp"
#include "controller/callers/throttle.hpp"

namespace berth::controller {

struct Config {
  std::string listen;
  std::string dataDir;
  std::string region;
  std::string account;
  bool authenticate = true;
  std::optional<std::string> tlsCert;
  std::optional<std::string> tlsKey;
  std::optional<std::string> callers;  ///< the folder of callers beside the admin
  std::optional<std::string> auditFile;
  ThrottleRates throttle{};
  int64_t maxBody = 0;
  int64_t maxConnections = 0;
  Duration keepStopped{};
  struct {
    Duration keep{};
    int64_t maxTasks = 0;
  } history;
  int64_t eventsKept = 0;
  struct {
    int64_t most = 0;
    Duration idle{};
  } streams;
  std::optional<std::string> webhooks;  ///< the folder of those who are sent events
  Duration heartbeat{};
  Duration lostAfter{};
  Duration providerWait{};
  struct {
    Duration replaceAfter{};
    Duration healthyAfter{};
  } services;
  struct {
    std::optional<std::string> listen;  ///< of the DNS server; without it discovery is off
    std::string zone;
    Duration ttl{};
    Duration keepLost{};
    Duration drain{};  ///< 0 without discovery
  } discovery;
  Quotas quotas;
  LogOptions log;
  std::string described;  ///< the effective settings as YAML
};

/// Reads the file, if any, and the environment. InvalidArgument with every problem, one a line: those of
/// single settings first; when there are none, auth none off loopback or with callers, half a TLS key pair,
/// and what throttle.classes can't mean.
Result<Config> loadConfig(const std::optional<std::string>& file,
                          const std::map<std::string, std::string>& environment);

}  // namespace berth::controller
