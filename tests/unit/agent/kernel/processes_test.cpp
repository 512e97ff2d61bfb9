#include "agent/kernel/processes.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>

#include "tests/support/child.hpp"
#include "tests/support/real_groups.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

constexpr const char* kSubject = "4f2c6a0d9be1";

/// A host of files whose processes are real children of the test.
struct FakeHost {
  FakeHost() { folder.write("cgroup/cgroup.controllers", "pids\n"); }

  /// A process as the kernel shows it; `state` as in /proc/PID/stat.
  void show(pid_t pid, const std::string& group, const std::string& state = "S") {
    const std::string proc = "proc/" + std::to_string(pid);
    folder.write(proc + "/stat", std::to_string(pid) + " (a) Z (b) " + state + " 1 1 1\n");
    folder.write(proc + "/cgroup", "0::" + group + "\n");
  }
  void fill(const std::string& group, const std::string& pids) {
    folder.write("cgroup" + group + "/cgroup.procs", pids);
  }
  KernelProcesses processes() {
    return KernelProcesses([this](std::function<void()> what) { later.push_back(std::move(what)); },
                           {folder.path("proc"), folder.path("cgroup")});
  }

  TempDir folder;
  std::vector<std::function<void()>> later;
};

bool reap(KernelProcesses& processes, const ProcessTarget& target, bool kill) {
  const auto left = processes.reapNow(target, kill);
  REQUIRE(left);
  return *left;
}

TEST_CASE("What is left of a container is found, in groups inside its own as well, and killed") {
  FakeHost host;
  Child inner;
  Child outer;
  host.fill("/docker/4f2c6a0d9be1", std::to_string(outer.pid()) + "\n");
  host.fill("/docker/4f2c6a0d9be1/init.scope", "");
  host.fill("/docker/4f2c6a0d9be1/init.scope/deep", std::to_string(inner.pid()) + "\n");
  host.show(outer.pid(), "/docker/4f2c6a0d9be1");
  host.show(inner.pid(), "/docker/4f2c6a0d9be1/init.scope/deep");
  KernelProcesses processes = host.processes();
  CHECK(reap(processes, {kSubject, 0}, false));
  CHECK(outer.lives());
  CHECK(inner.lives());
  CHECK(reap(processes, {kSubject, 0}, true));
  CHECK(outer.end() == SIGKILL);
  CHECK(inner.end() == SIGKILL);
}

TEST_CASE("A process that has the number of one that has ended is spared") {
  FakeHost host;
  Child stranger;
  host.fill("/docker/4f2c6a0d9be1", std::to_string(stranger.pid()) + "\n");
  host.show(stranger.pid(), "/user.slice");
  KernelProcesses processes = host.processes();
  CHECK(reap(processes, {kSubject, 0}, true));
  CHECK(stranger.lives());
}

TEST_CASE("A process that has ended, noticed by its parent or not, is not left") {
  FakeHost host;
  host.fill("/docker/4f2c6a0d9be1", "4000001\n4000002\n4000003\n");
  host.show(4000001, "/docker/4f2c6a0d9be1", "Z");
  host.show(4000002, "/docker/4f2c6a0d9be1", "X");
  KernelProcesses processes = host.processes();
  CHECK_FALSE(reap(processes, {kSubject, 0}, true));
  // Of one whose state makes no sense nobody knows that it has ended.
  host.folder.write("proc/4000003/stat", "4000003");
  CHECK(reap(processes, {kSubject, 0}, false));
}

TEST_CASE("Nothing is left of a container without groups") {
  FakeHost host;
  KernelProcesses processes = host.processes();
  CHECK_FALSE(reap(processes, {kSubject, 4711}, true));
  host.fill("/docker/4f2c6a0d9be1", "");
  CHECK_FALSE(reap(processes, {kSubject, 4711}, true));
}

TEST_CASE("A watched container's groups are known after its first process has ended") {
  FakeHost host;
  Child rest;
  host.show(4000001, "/odd/place-4f2c6a0d9be1");
  host.show(rest.pid(), "/odd/place-4f2c6a0d9be1");
  host.fill("/odd/place-4f2c6a0d9be1", std::to_string(rest.pid()) + "\n");
  KernelProcesses watched = host.processes();
  KernelProcesses unwatched = host.processes();
  watched.watch({kSubject, 0});
  watched.watch({kSubject, 4000001});
  std::filesystem::remove_all(host.folder.path("proc/4000001"));
  // Who did not watch has to look everywhere.
  CHECK(reap(unwatched, {kSubject, 4000001}, false));
  CHECK(reap(watched, {kSubject, 4000001}, true));
  CHECK(rest.end() == SIGKILL);

  // Once nothing is left the place is forgotten, as a later life may be elsewhere.
  std::filesystem::remove_all(host.folder.path("proc/" + std::to_string(rest.pid())));
  host.fill("/odd/place-4f2c6a0d9be1", "");
  CHECK_FALSE(reap(watched, {kSubject, 4000001}, false));
  host.fill("/other/4f2c6a0d9be1", "4000002\n");
  host.show(4000002, "/other/4f2c6a0d9be1");
  CHECK(reap(watched, {kSubject, 4000001}, false));
}

TEST_CASE("The answer comes later, never from inside the call") {
  FakeHost host;
  host.fill("/docker/4f2c6a0d9be1", "4000001\n");
  host.show(4000001, "/docker/4f2c6a0d9be1");
  KernelProcesses processes = host.processes();
  std::optional<bool> answer;
  processes.reap({kSubject, 0}, false, [&](const Result<bool>& left) { answer = *left; });
  CHECK_FALSE(answer);
  REQUIRE(host.later.size() == 1);
  host.later.front()();
  CHECK(answer == true);
}

TEST_CASE("A group that can't be read is unavailable, by the name of its file") {
  FakeHost host;
  std::filesystem::create_directories(host.folder.path("cgroup/docker/4f2c6a0d9be1/cgroup.procs"));
  KernelProcesses processes = host.processes();
  const auto left = processes.reapNow({kSubject, 0}, false);
  REQUIRE_FALSE(left);
  CHECK(left.error().code == Code::Unavailable);
  CHECK_THAT(left.error().message, Catch::Contains("4f2c6a0d9be1/cgroup.procs"));
}

TEST_CASE("Real processes in real groups are found and killed, also those below", "[cgroup]") {
  RealGroups groups;
  if (!groups.usable()) {
    WARN("left out: this process may not make control groups");
    return;
  }
  groups.make(kSubject);
  groups.make(std::string(kSubject) + "/inner");
  Child first;
  Child second;
  groups.enter(std::string(kSubject) + "/inner", first.pid());
  groups.enter(std::string(kSubject) + "/inner", second.pid());
  KernelProcesses processes([](std::function<void()>) {});
  const ProcessTarget target{kSubject, first.pid(), groups.parent()};
  processes.watch(target);
  CHECK(reap(processes, target, false));
  CHECK(first.lives());

  // The first one ends by itself: the other is still of the container.
  ::kill(first.pid(), SIGTERM);
  CHECK(first.end() == SIGTERM);
  CHECK(reap(processes, target, true));
  CHECK(second.end() == SIGKILL);
  CHECK_FALSE(reap(processes, target, true));
}

}  // namespace
}  // namespace berth::agent
