#include "agent/runtime_choice.hpp"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "agent/host/runtime_site.hpp"
#include "agent/model/container_spec.hpp"
#include "agent/options.hpp"
#include "agent/runtimes/containerd/containerd_runtime.hpp"
#include "agent/runtimes/docker/docker_runtime.hpp"
#include "agent/runtimes/docker/translate.hpp"

namespace berth::agent {
namespace {

template <class Kind, class Options>
Result<ChosenRuntime> chosen(Executor executor, const RuntimeMeans& means, Options options,
                             Options (*optionsOf)(const Config&)) {
  options.onDiskFull = means.onDiskFull;
  if constexpr (requires { options.onStart; }) options.onStart = means.onStart;
  typename Kind::Means with{means.client, means.clock, means.random, means.log, means.images};
  if constexpr (requires { with.awsLogs; }) {
    if (means.awsLogs) with.awsLogs.emplace(*means.awsLogs);
  }
  auto made = Kind::make(std::move(executor), with, std::move(options));
  if (!made) return made.error();
  ChosenRuntime out;
  out.reconfigure = [runtime = made->get(), optionsOf](const Config& config) {
    runtime->reconfigure(optionsOf(config));
  };
  if constexpr (requires { (*made)->streams(); }) out.streams = (*made)->streams();
  out.runtime = std::move(*made);
  return out;
}

constexpr auto kDockerTakes = std::chrono::seconds(5);

/// Whether Docker has containers of this cluster, or does not say: an agent without a memory finds its tasks
/// there again.
bool dockerMayHaveTasks(const Config& config, const RuntimeMeans& means) {
  const auto path = socketPath(config.runtimeSocket);
  if (!path || ::access(path->c_str(), F_OK) != 0) return false;
  boost::asio::io_context io{1};
  http::Client client(io, http::ClientOptions{});
  auto docker = DockerRuntime::make(
      io.get_executor(), {client, means.clock, means.random, means.log, nullptr}, dockerOptions(config));
  if (!docker) return true;
  std::optional<size_t> found;
  (*docker)->list({{kClusterLabel, config.cluster}}, [&](Result<std::vector<RuntimeContainer>> all) {
    if (all) found = all->size();
    io.stop();
  });
  io.run_for(kDockerTakes);
  return !found || *found > 0;
}

/// Why it is Docker; empty: it is containerd.
std::string whyDocker(const Config& config, bool knowsTasks, const RuntimeMeans& means) {
  if (knowsTasks) return "this agent has worked with it before";
  const auto socket = socketPath(kContainerdSocket);
  RuntimeSite site{socket ? *socket : "", config.network.conflist.empty() ? config.network.plugins : ""};
  if (const Status ready = containerdReady(site); !ready) return ready.error().message;
  if (dockerMayHaveTasks(config, means)) return "it has, or may have, tasks of this cluster";
  return {};
}

}  // namespace

Result<Config> settleRuntime(Config config, bool knowsTasks, const RuntimeMeans& means) {
  if (config.runtimeKind == RuntimeKind::Auto) {
    const auto used = usedRuntime(config.dataDir);
    const std::string why = used ? (*used == "docker" ? "this agent has worked with it before" : "")
                                 : whyDocker(config, knowsTasks, means);
    config.runtimeKind = why.empty() ? RuntimeKind::Containerd : RuntimeKind::Docker;
    if (why.empty()) config.runtimeSocket = kContainerdSocket;
    means.log.info("runtime.kind is auto",
                   {{"runtime", why.empty() ? "containerd" : "docker"}, {"why", why}});
  }
  const bool docker = config.runtimeKind == RuntimeKind::Docker;
  if (Status kept = rememberRuntime(config.dataDir, docker ? "docker" : "containerd"); !kept)
    return kept.error();
  return config;
}

Result<ChosenRuntime> chooseRuntime(Executor executor, RuntimeMeans means, const Config& config) {
  if (config.runtimeKind == RuntimeKind::Containerd) {
    return chosen<ContainerdRuntime>(std::move(executor), means, containerdOptions(config),
                                     &containerdOptions);
  }
  return chosen<DockerRuntime>(std::move(executor), means, dockerOptions(config), &dockerOptions);
}

}  // namespace berth::agent
