#include "agent/registrar.hpp"

#include <charconv>

#include "agent/session/backoff.hpp"
#include "agent/session/capabilities.hpp"
#include "agent/state/codec.hpp"
#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

// agent-protocol 1.8
constexpr Backoff::Shape kRetry{std::chrono::milliseconds(500), std::chrono::seconds(60), 2.0, 0.2};

bool isTerminal(const CallFailure& failure) {
  return failure.exception == "ClientException" || failure.exception == "InvalidParameterException" ||
         failure.exception == "AttributeError";
}

bool clusterMissing(const CallFailure& failure) { return failure.exception == "ClusterNotFoundException"; }

Registration registrationOf(const Config& config, const Host& host, const RuntimeInfo& runtime,
                            const std::string& known, Random& random) {
  Registration out;
  out.cluster = config.cluster;
  out.instanceArn = known;
  out.clientToken = randomUuid(random);
  out.resources.cpu = host.cpus * 1024;
  out.resources.memory = host.memoryMiB - config.reservedMemory;
  for (const std::string& port : config.reservedPorts) {
    uint16_t number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    if (number != 0) out.resources.ports.push_back(number);
  }
  out.attributes = capabilities(runtime, config.loggingDrivers);
  // The user's own attributes belong to the first registration only.
  if (known.empty()) {
    for (const auto& [name, value] : config.attributes) out.attributes[name] = value;
  }
  return out;
}

}  // namespace

Async<Result<std::string>> registerHost(RegistrarDeps deps, const Config& config, Host host,
                                        RuntimeInfo runtime, std::string known, std::stop_token stop) {
  Backoff backoff(kRetry, deps.random);
  Registration registration = registrationOf(config, host, runtime, known, deps.random);
  while (true) {
    auto outcome = co_await deps.controlPlane.registerInstance(registration, stop);
    if (const auto* arn = std::get_if<std::string>(&outcome)) {
      Changes changes = registrationChanges(config.cluster, *arn);
      auto stored = co_await loopAwait<std::monostate>([&](auto done) {
        deps.store.commit(std::move(changes), [done](Status status) {
          done(status ? Result<std::monostate>(std::monostate{}) : Result<std::monostate>(status.error()));
        });
      });
      if (stored) {
        deps.log.info("registered", {{"cluster", config.cluster}, {"container_instance", *arn}});
        co_return *arn;
      }
      deps.log.error("can't remember the registration", {{"reason", stored.error().message}});
    } else {
      const auto& failure = std::get<CallFailure>(outcome);
      deps.log.warn(
          "can't register",
          {{"cluster", config.cluster}, {"exception", failure.exception}, {"reason", failure.error.message}});
      if (clusterMissing(failure) && !config.clusterGiven) {
        auto created = co_await deps.controlPlane.createCluster(config.cluster, stop);
        if (!created) continue;
      } else if (isTerminal(failure)) {
        co_return makeError(Code::FailedPrecondition, failure.error.message);
      }
    }
    if (!co_await sleepFor(backoff.next(), stop)) co_return makeError(Code::Cancelled, "stopped");
  }
}

}  // namespace berth::agent
