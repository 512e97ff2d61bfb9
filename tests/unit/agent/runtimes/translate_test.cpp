#include "agent/runtimes/docker/translate.hpp"

#include <catch2/catch.hpp>

#include "agent/runtimes/docker/image_puller.hpp"

namespace berth::agent {
namespace {

constexpr int64_t kMiB = 1 << 20;

TEST_CASE("CPU shares and memory are kept within the limits of Amazon's agent") {
  ContainerSpec spec;
  CHECK(toCreateBody(spec)->cpuShares == 2);
  CHECK(toCreateBody(spec)->memoryBytes == 0);
  spec.cpuShares = 1;
  spec.memoryBytes = 1;
  CHECK(toCreateBody(spec)->cpuShares == 2);
  CHECK(toCreateBody(spec)->memoryBytes == 4 * kMiB);
  spec.cpuShares = 1024;
  spec.memoryBytes = 64 * kMiB;
  CHECK(toCreateBody(spec)->cpuShares == 1024);
  CHECK(toCreateBody(spec)->memoryBytes == 64 * kMiB);
  spec.cpuShares = 1 << 20;
  CHECK(toCreateBody(spec)->cpuShares == 262144);
}

TEST_CASE("Mounts become binds, and a path with a colon is refused") {
  ContainerSpec spec;
  spec.mounts = {
      {"/host", "/in", false}, {"/host", "/ro", true}, {"volume", "/v", false}, {"", "/scratch", true}};
  CHECK(toCreateBody(spec)->binds ==
        std::vector<std::string>{"/host:/in", "/host:/ro:ro", "volume:/v", "/scratch"});
  spec.mounts = {{"/a:b", "/in", false}};
  CHECK(toCreateBody(spec).error().code == Code::InvalidArgument);
  CHECK(toCreateBody(spec).error().message.find("/a:b") != std::string::npos);
}

TEST_CASE("Ports and Docker configuration are passed on") {
  ContainerSpec spec;
  spec.ports = {{80, 8080, "tcp", ""}, {53, 0, "udp", "127.0.0.1"}};
  spec.dockerConfig = "{}";
  spec.dockerHostConfig = "{\"Init\":true}";
  const auto body = toCreateBody(spec);
  CHECK(body->ports == std::vector<docker::PortBinding>{{80, "tcp", "", 8080}, {53, "udp", "127.0.0.1", 0}});
  CHECK(body->config == "{}");
  CHECK(body->hostConfig == "{\"Init\":true}");
}

TEST_CASE("The engine's states become the port's") {
  struct Case {
    std::string status;
    RunState state;
  };
  const auto each = GENERATE(values<Case>({{"created", RunState::Created},
                                           {"running", RunState::Running},
                                           {"paused", RunState::Running},
                                           {"restarting", RunState::Running},
                                           {"removing", RunState::Exited},
                                           {"exited", RunState::Exited},
                                           {"dead", RunState::Exited}}));
  docker::ContainerInspect from;
  from.status = each.status;
  from.exitCode = 3;
  from.finishedAt = fromEpochMillis(5);
  const RuntimeContainer container = toRuntimeContainer(from);
  CHECK(container.state == each.state);
  CHECK(container.exitCode.has_value() == (each.state == RunState::Exited));
  CHECK(container.finishedAt.has_value() == (each.state == RunState::Exited));
}

TEST_CASE("Health becomes a state and at most 1024 bytes of output") {
  docker::ContainerInspect from;
  CHECK(toRuntimeContainer(from).health == HealthState::None);
  from.health = docker::Health{"starting", std::string(2000, 'x'), std::nullopt};
  CHECK(toRuntimeContainer(from).health == HealthState::Unknown);
  CHECK(toRuntimeContainer(from).healthOutput.size() == 1024);
  from.health->status = "healthy";
  CHECK(toRuntimeContainer(from).health == HealthState::Healthy);
  from.health->status = "unhealthy";
  CHECK(toRuntimeContainer(from).health == HealthState::Unhealthy);
  from.health->status = "none";
  CHECK(toRuntimeContainer(from).health == HealthState::None);
}

TEST_CASE("Bound ports are told, unbound ones are not") {
  docker::ContainerInspect from;
  from.ports = {{80, "tcp", "0.0.0.0", 32768}, {81, "tcp", "", 0}};
  CHECK(toRuntimeContainer(from).ports == std::vector<PortMapping>{{80, 32768, "tcp", "0.0.0.0"}});
}

TEST_CASE("Endpoints are unix sockets") {
  CHECK(*socketPath("unix:///var/run/docker.sock") == "/var/run/docker.sock");
  CHECK(*socketPath("unix:/run/docker.sock") == "/run/docker.sock");
  for (const char* text : {"", "/run/docker.sock", "unix:", "unix://docker.sock", "tcp://127.0.0.1:2375"}) {
    CAPTURE(text);
    CHECK(socketPath(text).error().code == Code::InvalidArgument);
  }
}

TEST_CASE("Only events that change a container count") {
  for (const char* action :
       {"start", "die", "oom", "stop", "destroy", "pause", "unpause", "health_status: healthy"}) {
    CHECK(changesContainer(action));
  }
  for (const char* action : {"", "create", "attach", "exec_start: sh", "kill", "rename", "stopped"}) {
    CHECK_FALSE(changesContainer(action));
  }
}

TEST_CASE("An image's digests are those of the repository that was asked for") {
  const std::string a = "sha256:" + std::string(64, 'a');
  const std::string b = "sha256:" + std::string(64, 'b');
  docker::ImageInspect image;
  image.repoDigests = {"r:5000/web@" + a, "busybox@" + b, "nonsense"};
  CHECK(digestsIn(image, *docker::parseImageReference("r:5000/web:7")) == std::vector<std::string>{a});
  CHECK(digestsIn(image, *docker::parseImageReference("docker.io/library/busybox")) ==
        std::vector<std::string>{b});
  CHECK(digestsIn(image, *docker::parseImageReference("other")).empty());
}

}  // namespace
TEST_CASE("a volume that is there is as a task says it, or it is not") {
  const docker::Volume there{"data", "local", {{"type", "tmpfs"}}, {{"a", "b"}}};
  VolumeSpec spec;
  spec.name = "data";
  spec.options = {{"type", "tmpfs"}};
  spec.labels = {{"a", "b"}};
  CHECK(matches(spec, there));
  spec.driver = "nfs";
  CHECK_FALSE(matches(spec, there));
  spec.driver = "local";
  spec.options["size"] = "1m";
  CHECK_FALSE(matches(spec, there));
  spec.options.erase("size");
  spec.labels.clear();
  CHECK_FALSE(matches(spec, there));
}

TEST_CASE("fallback variables are added all together or not at all") {
  ContainerSpec spec;
  spec.image = "web:1";
  spec.fallbackEnvironment = {{"AWS_REGION", "r"}, {"AWS_DEFAULT_REGION", "r"}};
  CHECK(toCreateBody(spec)->environment.size() == 2);
  spec.environment = {{"AWS_DEFAULT_REGION", "mine"}};
  CHECK(toCreateBody(spec)->environment ==
        std::map<std::string, std::string>{{"AWS_DEFAULT_REGION", "mine"}});
}

}  // namespace berth::agent
