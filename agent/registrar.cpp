#include "agent/registrar.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "agent/committed.hpp"
#include "agent/model/container_spec.hpp"
#include "agent/options.hpp"
#include "agent/session/backoff.hpp"
#include "agent/session/capabilities.hpp"
#include "agent/state/codec.hpp"
#include "common/async/callback.hpp"

namespace berth::agent {
namespace {

// What systemd would do for an agent that ends on each failure, without the ends (amazon-ecs-agent,
// ecs-init).
constexpr Backoff::Shape kRetry{std::chrono::milliseconds(500), std::chrono::seconds(15), 2.0, 0.1};

constexpr auto kListAgain = std::chrono::seconds(1);

/// What the host is and can, without the user's own.
std::map<std::string, std::string> hostAttributes(const Config& config, const RuntimeInfo& runtime,
                                                  const Gpus& gpus) {
  auto out = capabilities(runtime, capabilityRules(config, gpus));
  out["ecs.os-type-detailed"] = config.capabilities.osFamily;
  return out;
}

Registration registrationOf(const Config& config, const Host& host, const RuntimeInfo& runtime,
                            const Gpus& gpus, const std::string& known, Random& random) {
  Registration out;
  out.cluster = config.cluster;
  out.instanceArn = known;
  out.clientToken = randomUuid(random);
  const HostCapacity capacity = hostCapacity(config, host, gpus);
  out.resources.cpu = capacity.cpu;
  out.resources.memory = capacity.memory;
  out.resources.ports.assign(config.reservedPorts.begin(), config.reservedPorts.end());
  out.resources.udpPorts.assign(config.reservedPortsUdp.begin(), config.reservedPortsUdp.end());
  out.resources.gpus.assign(gpus.ids.begin(), gpus.ids.end());
  out.tags = config.tags;
  // The user's own attributes belong to the first registration only.
  out.attributes =
      known.empty() ? attributesOf(config, runtime, gpus) : hostAttributes(config, runtime, gpus);
  return out;
}

Async<Status> remember(RegistrarDeps deps, std::string cluster, Registered registered, RuntimeInfo runtime) {
  Changes changes = registrationChanges(cluster, registered.instanceArn);
  for (Changes more : {zoneChanges(registered.availabilityZone), runtimeChanges(runtime)}) {
    std::ranges::move(more, std::back_inserter(changes));
  }
  co_return co_await committed(deps.store, std::move(changes));
}

std::string wayOut(const std::string& known) {
  if (known.empty()) return "correct the configuration";
  return "see why; to begin anew as another container instance, remove the containers of " + known +
         " and state.db in data_dir";
}

}  // namespace

Async<Result<Registered>> registerHost(RegistrarDeps deps, const Config& config, Host host,
                                       RuntimeInfo runtime, Gpus gpus, std::string known,
                                       std::stop_token stop) {
  Backoff backoff(kRetry, deps.random);
  Registration registration = registrationOf(config, host, runtime, gpus, known, deps.random);
  while (true) {
    auto outcome = co_await deps.controlPlane.registerInstance(registration, stop);
    if (const auto* registered = std::get_if<Registered>(&outcome)) {
      Status stored = co_await remember(deps, config.cluster, *registered, runtime);
      if (stored) {
        deps.log.info("registered", {{"cluster", config.cluster},
                                     {"container_instance", registered->instanceArn},
                                     {"availability_zone", registered->availabilityZone}});
        co_return *registered;
      }
      deps.log.error("can't remember the registration", {{"reason", stored.error().message}});
    } else {
      const auto& failure = std::get<CallFailure>(outcome);
      deps.log.warn(
          "can't register",
          {{"cluster", config.cluster}, {"exception", failure.exception}, {"reason", failure.error.message}});
      const Remedy remedy = remedyFor(failure, config.clusterGiven);
      if (remedy == Remedy::CreateCluster) {
        auto refused = co_await deps.controlPlane.createCluster(config.cluster, stop);
        if (!refused) continue;
      } else if (remedy == Remedy::End) {
        if (!known.empty() && co_await deps.controlPlane.isGone(config.cluster, known, stop)) {
          co_return makeError(Code::NotFound, known + " is not registered any more");
        }
        deps.log.error("the controller refuses this host for good: ending until somebody has looked",
                       {{"way_out", wayOut(known)}});
        co_return makeError(Code::FailedPrecondition, failure.error.message);
      }
    }
    if (!co_await sleepFor(backoff.next(), stop)) co_return makeError(Code::Cancelled, "stopped");
  }
}

std::map<std::string, std::string> attributesOf(const Config& config, const RuntimeInfo& runtime,
                                                const Gpus& gpus) {
  auto out = hostAttributes(config, runtime, gpus);
  for (const auto& [name, value] : config.attributes) out[name] = value;
  return out;
}

Async<std::optional<std::string>> formerInstance(Runtime& runtime, std::string cluster,
                                                 std::set<std::string> without, Log& log,
                                                 std::stop_token stop) {
  const std::map<std::string, std::string> labels{{kClusterLabel, cluster}};
  while (!stop.stop_requested()) {
    auto containers = co_await loopAwait<std::vector<RuntimeContainer>>(
        [&](auto done) { runtime.list(labels, std::move(done)); });
    if (containers) {
      std::map<std::string, size_t> owned;
      for (const RuntimeContainer& container : *containers) {
        auto label = container.labels.find(kInstanceLabel);
        if (label != container.labels.end() && !without.contains(label->second)) ++owned[label->second];
      }
      auto most = std::ranges::max_element(owned, {}, [](const auto& one) { return one.second; });
      co_return most == owned.end() ? std::string() : most->first;
    }
    log.warn("can't list the containers", {{"reason", containers.error().message}});
    co_await sleepFor(kListAgain, stop);
  }
  co_return std::nullopt;
}

}  // namespace berth::agent
