#include <chrono>

#include "agent/config/declarations.hpp"
#include "agent/config/ecs_forms.hpp"
#include "agent/config/rules.hpp"

namespace berth::agent {
namespace {

using namespace config;  // NOLINT: tables of declarations
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kYear = hours(24 * 365);

std::vector<Setting> pullSettings() {
  return {
      choice("images.pull_behavior", {"default", "always", "once", "prefer-cached"},
             "when the registry is asked: `default` asks each time and falls back to a local image; `always` "
             "does "
             "not fall back; `once` asks unless this agent has pulled it before, in whatever run, and not "
             "cleaned "
             "it up since; `prefer-cached` asks if there is no local image, and turns clean-up off")
          .byDefault("default")
          .live()
          .from(asPullBehavior("ECS_IMAGE_PULL_BEHAVIOR", "ImagePullBehavior")),
      integer("images.concurrency", "downloads at once").between(1, 64).byDefault("3").live(),
      duration("images.pull_timeout",
               "the longest that a pull may take, with all its attempts and all its waiting")
          .between(seconds(1), kYear)
          .byDefault("2h")
          .live()
          .from(asDuration("ECS_IMAGE_PULL_TIMEOUT", "ImagePullTimeout", seconds(1))),
      duration("images.pull_inactivity_timeout",
               "the longest that a download may make no progress; while its layers wait for those of other "
               "pulls, their progress counts")
          .between(seconds(1), kYear)
          .byDefault("1m")
          .live()
          .from(asDuration("ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "ImagePullInactivityTimeout", minutes(1))),
      duration("images.manifest_timeout", "the longest that a registry may take to tell an image's digest")
          .between(seconds(1), kYear)
          .byDefault("1m")
          .live()
          .from(asDuration("ECS_MANIFEST_PULL_TIMEOUT", "ManifestPullTimeout", seconds(30))),
      boolean("images.pull_dependents_upfront",
              "pull the image of a container before the containers that it waits for have come so far")
          .byDefault("false")
          .live()
          .from(asBoolean("ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT", "DependentContainersPullUpfront")),
      integer("images.layers_at_once", "on containerd: downloads of layers at once, of whatever images")
          .between(1, 64)
          .byDefault("4")
          .live(),
      size("images.layers_bytes",
           "on containerd: the most bytes that downloads at once may have together; a larger one goes alone")
          .between(1 << 20, int64_t{1} << 50)
          .byDefault("4GiB")
          .live(),
      list("images.mirrors",
           "on containerd: hosts that are asked before a registry, as `registry=host`; they get none of its "
           "credentials")
          .matching(isMirror, "must be registry=host, like docker.io=mirror.example:5000")
          .byDefault(""),
      list(
          "images.plain_http",
          "on containerd: hosts of registries and mirrors that are spoken to without TLS; loopback always is")
          .byDefault(""),
      path("images.policy", "on containerd: the file that says whose signatures images need to run here"),
  };
}

std::vector<Setting> cleanupSettings() {
  return {
      boolean("images.cleanup.enabled", "remove images that no task uses any more")
          .byDefault("true")
          .live()
          .from(asOpposite("ECS_DISABLE_IMAGE_CLEANUP", "ImageCleanupDisabled")),
      duration("images.cleanup.interval", "between two looks for such images")
          .between(seconds(1), kYear)
          .byDefault("30m")
          .live()
          .from(asDurationOrDefault("ECS_IMAGE_CLEANUP_INTERVAL", "ImageCleanupInterval", minutes(10))),
      duration("images.cleanup.minimum_age", "images pulled less long ago stay")
          .between(Duration(0), kYear)
          .byDefault("1h")
          .live()
          .from(asDuration("ECS_IMAGE_MINIMUM_CLEANUP_AGE", "MinimumImageDeletionAge")),
      integer("images.cleanup.per_cycle", "the most images removed at one look, while the disk is not full")
          .between(1, 1 << 20)
          .byDefault("5")
          .live()
          .from(asNumber("ECS_NUM_IMAGES_DELETE_PER_CYCLE", "NumImagesToDeletePerCycle")),
      integer("images.cleanup.high_mark",
              "percent of the disk's bytes or inodes in use from which unused images go at once, whatever "
              "their age")
          .between(1, 100)
          .byDefault("85")
          .live(),
      integer("images.cleanup.low_mark", "percent down to which they then go; below high_mark")
          .between(0, 99)
          .byDefault("75")
          .live(),
      boolean("images.cleanup.untracked", "also remove images and stopped containers that no task brought")
          .byDefault("false")
          .live()
          .from(asBoolean("ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", "DeleteNonECSImagesEnabled")),
      duration("images.cleanup.untracked_minimum_age",
               "such images and containers stay that this run of the agent first saw less long ago")
          .between(Duration(0), kYear)
          .byDefault("1h")
          .live()
          .from(asDuration("NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", "NonECSMinimumImageDeletionAge")),
      integer("images.cleanup.untracked_containers_per_cycle", "the most such containers removed at one look")
          .between(1, 1 << 20)
          .byDefault("5")
          .live()
          .from(asNumber("NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE", "NumNonECSContainersToDeletePerCycle")),
      list("images.cleanup.exclude", "images that stay, as `name:tag`")
          .byDefault("")
          .live()
          .from(asCommaList("ECS_EXCLUDE_UNTRACKED_IMAGE", "ImageCleanupExclusionList")),
  };
}

std::vector<Setting> containerSettings() {
  return {
      duration("containers.create_timeout", "the longest that the runtime may take to create a container")
          .between(seconds(1), kYear)
          .byDefault("4m")
          .live()
          .from(asDuration("ECS_CONTAINER_CREATE_TIMEOUT", "ContainerCreateTimeout", minutes(1))),
      duration("containers.start_timeout", "the longest that it may take to start one")
          .between(seconds(1), kYear)
          .byDefault("3m")
          .live()
          .from(asDuration("ECS_CONTAINER_START_TIMEOUT", "ContainerStartTimeout", seconds(45))),
      boolean("containers.health_checks", "run the health checks that containers ask for")
          .byDefault("true")
          .from(asOpposite("ECS_DISABLE_DOCKER_HEALTH_CHECK", "DisableDockerHealthCheck")),
      size("containers.keep_stopped_bytes",
           "the most disk that stopped containers may keep: beyond, the oldest are removed before "
           "`cleanup_delay`; "
           "0 is no limit")
          .between(0, int64_t{1} << 50)
          .byDefault("5GiB")
          .live(),
      duration("stop_timeout", "from a stop's signal to its kill, where a container gives none")
          .between(Duration(0), kYear)
          .byDefault("30s")
          .live()
          .from(asDuration("ECS_CONTAINER_STOP_TIMEOUT", "DockerStopTimeout", seconds(1))),
      duration("cleanup_delay", "how long stopped containers are kept on the host")
          .between(Duration(0), kYear)
          .byDefault("3h")
          .live()
          .from(asDurationOrDefault("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "TaskCleanupWaitDuration",
                                    seconds(1))),
      duration("cleanup_jitter", "up to this much more, by chance, so that not all are removed at once")
          .between(Duration(0), kYear)
          .byDefault("0s")
          .live()
          .from(asDuration("ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", "TaskCleanupWaitDurationJitter")),
      boolean("privileged.allowed", "tasks may have privileged containers")
          .byDefault("true")
          .from(asOpposite("ECS_DISABLE_PRIVILEGED", "PrivilegedDisabled")),
  };
}

std::vector<Setting> limitSettings() {
  return {
      boolean("task_limits", "hold each task to its CPU and memory with a control group of its own")
          .byDefault("true")
          .from(asBoolean("ECS_ENABLE_TASK_CPU_MEM_LIMIT", "TaskCPUMemLimit")),
      integer("task_pids_limit", "the most processes of a task; without it there is no limit")
          .between(1, 4194304)
          .from(asNumber("ECS_TASK_PIDS_LIMIT", "TaskPidsLimit")),
      path("cgroup_path", "where the control groups are mounted")
          .byDefault("/sys/fs/cgroup")
          .from(asText("ECS_CGROUP_PATH", "CgroupPath")),
      duration("cgroup_cpu_period", "the period in which a task gets its share of the processors")
          .between(milliseconds(8), milliseconds(100))
          .byDefault("100ms")
          .from(asDurationOrDefault("ECS_CGROUP_CPU_PERIOD", "CgroupCPUPeriod", milliseconds(8))),
      boolean("propagate_task_memory",
              "a container without a memory limit gets the task's (control groups v2)")
          .byDefault("false")
          .from(asBoolean("ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2", "PropagateTaskMemoryLimitCgroupV2")),
      string("dynamic_ports", "host ports for containers that ask for any; without it the kernel's range")
          .matching(isPortRange, "must be two ports, the lower first, like 32768-60999")
          .from(asText("ECS_DYNAMIC_HOST_PORT_RANGE", "DynamicHostPortRange")),
      boolean("volumes.match_full_config",
              "a shared volume that exists must have the driver options and labels that the task gives")
          .byDefault("false")
          .from(asBoolean("ECS_SHARED_VOLUME_MATCH_FULL_CONFIG", "SharedVolumeMatchFullConfig")),
      list("logging_drivers", "log drivers that tasks may use")
          .byDefault("json-file,syslog,journald,fluentd,none")
          .from(asJsonList("ECS_AVAILABLE_LOGGING_DRIVERS", "AvailableLoggingDrivers")),
  };
}

}  // namespace

std::vector<config::Setting> taskSettings() {
  std::vector<config::Setting> all;
  for (auto group : {pullSettings, cleanupSettings, containerSettings, limitSettings})
    for (config::Setting& setting : group()) all.push_back(std::move(setting));
  return all;
}

}  // namespace berth::agent
