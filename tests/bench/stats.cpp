// What reading the use of all containers costs: bench-stats [CONTAINERS] [BATCHES].
//
// Each "container" is a sleeping process in control groups of its own, of the real kernel where this process
// may make some (as root), else of plain files. Batches follow one another without a pause; what one costs is
// what the agent spends at each interval, a second by default.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/endpoints/view.hpp"
#include "agent/session/telemetry.hpp"
#include "agent/stats/cgroup_usage.hpp"
#include "common/time/clock.hpp"
#include "tests/support/child.hpp"
#include "tests/support/real_groups.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace berth;
using namespace berth::agent;

struct Cost {
  double wall = 0;  ///< seconds
  double user = 0;
  double system = 0;
};

double secondsOf(const timeval& of) {
  return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
}

Cost measure(const Clock& clock, int times, const std::function<void()>& what) {
  rusage before{};
  rusage after{};
  const MonoTime began = clock.now().mono;
  ::getrusage(RUSAGE_SELF, &before);
  for (int i = 0; i < times; ++i) what();
  ::getrusage(RUSAGE_SELF, &after);
  return {std::chrono::duration<double>(clock.now().mono - began).count(),
          secondsOf(after.ru_utime) - secondsOf(before.ru_utime),
          secondsOf(after.ru_stime) - secondsOf(before.ru_stime)};
}

void show(const char* what, const Cost& cost, size_t containers, int batches) {
  const double cpu = cost.user + cost.system;
  const double readings = static_cast<double>(containers) * batches;
  std::printf("%-44s %6.1f us a container (%.1f user, %.1f kernel, %.1f wall), %.2f%% of a core at 1 s\n",
              what, cpu / readings * 1e6, cost.user / readings * 1e6, cost.system / readings * 1e6,
              cost.wall / readings * 1e6, cpu / batches * 100);
}

std::string idOf(size_t number) {
  std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), 'c') + digits;
}

/// Files as version 2 has them, of the sizes that a busy host shows.
std::vector<UsageTarget> makeFiles(const TempDir& folder, size_t containers) {
  std::vector<UsageTarget> out;
  folder.write("cgroup/cgroup.controllers", "cpu io memory pids\n");
  folder.write("proc/stat", "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
  std::string memory;
  for (int i = 0; i < 45; ++i) memory += "counter_number_" + std::to_string(i) + " 123456789\n";
  for (size_t i = 0; i < containers; ++i) {
    const std::string group = "/docker/" + idOf(i);
    const std::string process = "proc/" + std::to_string(1000 + i);
    folder.write(process + "/cgroup", "0::" + group + "\n");
    folder.write(
        process + "/net/dev",
        "head\nhead\n  lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\neth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
    folder.write("cgroup" + group + "/memory.current", "123456789\n");
    folder.write("cgroup" + group + "/memory.stat", memory + "inactive_file 4096\n");
    folder.write("cgroup" + group + "/cpu.stat", "usage_usec 5\nuser_usec 3\nsystem_usec 2\n");
    folder.write("cgroup" + group + "/io.stat", "8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n");
    folder.write("cgroup" + group + "/pids.current", "1\n");
    out.push_back({idOf(i), static_cast<int64_t>(1000 + i), true});
  }
  return out;
}

std::vector<UsageTarget> makeGroups(RealGroups& groups, std::deque<Child>& children, size_t containers) {
  std::vector<UsageTarget> out;
  for (size_t i = 0; i < containers; ++i) {
    groups.make(idOf(i));
    groups.enter(idOf(i), children.emplace_back().pid());
    out.push_back({idOf(i), children.back().pid(), true});
  }
  return out;
}

/// Tasks of one container each, as the engine has them.
std::map<std::string, Task> tasksOf(const std::vector<UsageTarget>& targets) {
  std::map<std::string, Task> out;
  for (const UsageTarget& target : targets) {
    Task task;
    task.arn = "arn:aws:ecs:us-east-1:000000000000:task/default/" + target.containerId.substr(32);
    task.spec.family = "bench";
    task.spec.version = "1";
    Container& container = task.containers.emplace_back();
    container.spec.name = "main";
    container.known = ContainerStatus::Running;
    container.runtimeId = target.containerId;
    container.pid = target.pid;
    out.emplace(task.arn, std::move(task));
  }
  return out;
}

void run(CgroupUsageSource source, const std::vector<UsageTarget>& targets, int batches) {
  const SystemClock clock;
  size_t failed = 0;
  for (const auto& reading : source.readAll(targets).containers) failed += reading ? 0 : 1;
  if (failed > 0) std::printf("%zu of %zu containers can't be read\n", failed, targets.size());
  const Cost reading = measure(clock, batches, [&] { source.readAll(targets); });
  show("reading", reading, targets.size(), batches);

  const std::map<std::string, Task> tasks = tasksOf(targets);
  std::map<std::string, endpoints::ContainerStats> shown;
  UsageListener listener;
  listener.read = [&](const std::string& id, const SharedUsage& usage, const HostUsage& host) {
    auto& stats = shown[id];
    stats.previous = std::exchange(stats.current, {clock.now().wall, usage, host});
  };
  Telemetry telemetry(2);
  telemetry.sample(tasks, source, clock.now().mono, listener);
  const Cost all =
      measure(clock, batches, [&] { telemetry.sample(tasks, source, clock.now().mono, listener); });
  show("with metrics summed up and statistics shown", all, targets.size(), batches);

  constexpr int kTimes = 20;
  size_t bytes = 0;
  Cost publishing;
  for (int i = 0; i < kTimes; ++i) {
    telemetry.sample(tasks, source, clock.now().mono);
    const Cost one = measure(clock, 1, [&] {
      for (auto& message : telemetry.takeMetrics(tasks, {}, "id", clock.now())) {
        for (const std::string& part : encodeInParts(std::move(message))) bytes += part.size();
      }
    });
    publishing.user += one.user + one.system;
  }
  std::printf("publishing, every 20 s: %.1f ms, %zu bytes\n", publishing.user / kTimes * 1e3, bytes / kTimes);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t containers = argc > 1 ? static_cast<size_t>(std::atoi(argv[1])) : 200;
  const int batches = argc > 2 ? std::atoi(argv[2]) : 200;
  TempDir folder;
  RealGroups groups({"memory", "cpuacct", "blkio", "pids"});
  if (groups.usable()) {
    std::deque<Child> children;
    const std::vector<UsageTarget> targets = makeGroups(groups, children, containers);
    std::printf("%zu containers, control groups of the kernel:\n", containers);
    run(CgroupUsageSource(), targets, batches);
  }
  const std::vector<UsageTarget> targets = makeFiles(folder, containers);
  std::printf("%zu containers, plain files as version 2 has them:\n", containers);
  run(CgroupUsageSource({folder.path("proc"), folder.path("cgroup")}), targets, batches);
  return 0;
}
