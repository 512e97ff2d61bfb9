#include "agent/runtime_choice.hpp"

#include <utility>

#include "agent/options.hpp"
#include "agent/runtimes/containerd/containerd_runtime.hpp"
#include "agent/runtimes/docker/docker_runtime.hpp"

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

}  // namespace

Result<ChosenRuntime> chooseRuntime(Executor executor, RuntimeMeans means, const Config& config) {
  if (config.runtimeKind == RuntimeKind::Containerd) {
    return chosen<ContainerdRuntime>(std::move(executor), means, containerdOptions(config),
                                     &containerdOptions);
  }
  return chosen<DockerRuntime>(std::move(executor), means, dockerOptions(config), &dockerOptions);
}

}  // namespace berth::agent
