#include "agent/kernel/task_groups.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/child.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;

/// A tree of files; the kernel would make those of a new group by itself, here they are there before.
struct GroupTree {
  explicit GroupTree(bool unified) {
    if (unified) file("cgroup.controllers", "cpu memory pids\n");
  }

  TempDir folder;

  TaskGroups groups() const { return TaskGroups({folder.path("proc"), folder.path("cgroup")}); }
  void file(const std::string& path, const std::string& text = "") { folder.write("cgroup/" + path, text); }
  std::string text(const std::string& path) const { return folder.read("cgroup/" + path); }
  bool has(const std::string& path) const { return fs::exists(folder.path("cgroup/" + path)); }
};

TEST_CASE("On version 2 a task's group has its limits, and hands controllers on to containers") {
  GroupTree tree(true);
  for (const char* name : {"cpu.max", "cpu.weight", "memory.max", "pids.max", "cgroup.subtree_control"}) {
    tree.file(std::string("ecs/t1/") + name);
  }
  tree.file("ecs/cgroup.subtree_control");
  const auto made = tree.groups().make("t1", {1.5, 512, 64 << 20, 100});
  REQUIRE(made);
  CHECK(*made == "/ecs/t1");
  CHECK(tree.text("ecs/t1/cpu.max") == "150000 100000");
  CHECK(tree.text("ecs/t1/cpu.weight").empty());
  CHECK(tree.text("ecs/t1/memory.max") == "67108864");
  CHECK(tree.text("ecs/t1/pids.max") == "100");
  CHECK_FALSE(tree.text("ecs/cgroup.subtree_control").empty());
  CHECK_FALSE(tree.text("ecs/t1/cgroup.subtree_control").empty());
}

TEST_CASE("Without a limit of CPUs the shares count, as weights on version 2") {
  const auto [shares, weight] =
      GENERATE(table<int64_t, std::string>({{2, "1"}, {1024, "39"}, {262144, "10000"}}));
  GroupTree tree(true);
  tree.file("ecs/t1/cpu.max");
  tree.file("ecs/t1/cpu.weight");
  tree.file("ecs/t1/memory.max");
  REQUIRE(tree.groups().make("t1", {0, shares, 0, 0}));
  CHECK(tree.text("ecs/t1/cpu.weight") == weight);
  CHECK(tree.text("ecs/t1/cpu.max").empty());
  CHECK(tree.text("ecs/t1/memory.max").empty());
}

TEST_CASE("On version 1 there is a group in each controller, with what that one limits") {
  GroupTree tree(false);
  for (const char* name : {"cpu,cpuacct", "memory", "pids", "cpuset", "systemd"}) {
    tree.file(std::string(name) + "/cgroup.procs");
  }
  for (const char* name : {"cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares"}) {
    tree.file(std::string("cpu,cpuacct/ecs/t1/") + name);
  }
  tree.file("memory/ecs/t1/memory.limit_in_bytes");
  tree.file("pids/ecs/t1/pids.max");
  tree.file("cpuset/cpuset.cpus", "0-1\n");
  tree.file("cpuset/cpuset.mems", "0\n");
  for (const char* folder : {"cpuset/ecs/", "cpuset/ecs/t1/"}) {
    tree.file(std::string(folder) + "cpuset.cpus");
    tree.file(std::string(folder) + "cpuset.mems");
  }
  REQUIRE(tree.groups().make("t1", {0.25, 0, 64 << 20, 100}));
  CHECK(tree.text("cpu,cpuacct/ecs/t1/cpu.cfs_period_us") == "100000");
  CHECK(tree.text("cpu,cpuacct/ecs/t1/cpu.cfs_quota_us") == "25000");
  CHECK(tree.text("cpu,cpuacct/ecs/t1/cpu.shares").empty());
  CHECK(tree.text("memory/ecs/t1/memory.limit_in_bytes") == "67108864");
  CHECK(tree.text("pids/ecs/t1/pids.max") == "100");
  CHECK(tree.text("cpuset/ecs/t1/cpuset.cpus") == "0-1\n");
  CHECK(tree.text("cpuset/ecs/t1/cpuset.mems") == "0\n");
  CHECK_FALSE(tree.has("systemd/ecs"));

  REQUIRE(tree.groups().make("t2", {0, 512, 0, 0}));
  CHECK(tree.has("memory/ecs/t2"));
}

TEST_CASE("Making a group again and removing one that is not there are no errors") {
  GroupTree tree(true);
  const TaskGroups groups = tree.groups();
  CHECK(groups.remove("t1"));
  REQUIRE(groups.make("t1", {}));
  REQUIRE(groups.make("t1", {}));
  CHECK(groups.remove("t1"));
  CHECK_FALSE(tree.has("ecs/t1"));
  CHECK(groups.remove("t1"));
}

TEST_CASE("A group in use stays, and a failure names the file") {
  GroupTree tree(true);
  const TaskGroups groups = tree.groups();
  tree.file("ecs/t1/in-use");
  const Status removed = groups.remove("t1");
  REQUIRE_FALSE(removed);
  CHECK(removed.error().code == Code::FailedPrecondition);
  CHECK_THAT(removed.error().message, Catch::Contains("ecs/t1 is still in use"));

  fs::create_directories(tree.folder.path("cgroup/ecs/t2/memory.max"));
  const auto made = groups.make("t2", {0, 0, 1 << 20, 0});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::Unavailable);
  CHECK_THAT(made.error().message, Catch::Contains("can't open") && Catch::Contains("ecs/t2/memory.max"));
}

std::string firstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The folders of "/ecs" that this test made, in the order of their making.
struct RealTask {
  const std::string id = "berth-test-" + std::to_string(::getpid());
  std::vector<fs::path> parents;

  RealTask() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/fs/cgroup", error)) {
      if (entry.is_directory() && !fs::exists(entry.path() / "ecs")) parents.push_back(entry.path() / "ecs");
    }
    if (!fs::exists("/sys/fs/cgroup/ecs")) parents.emplace_back("/sys/fs/cgroup/ecs");
  }
  ~RealTask() {
    static_cast<void>(TaskGroups().remove(id).ok());
    for (const fs::path& parent : parents) ::rmdir(parent.c_str());
  }
};

TEST_CASE("On the real kernel limits hold, and a group is removed when it is empty", "[cgroup]") {
  RealTask task;
  const TaskGroups groups;
  const auto made = groups.make(task.id, {0.5, 0, 64 << 20, 20});
  if (!made) {
    WARN("left out: " << made.error().message);
    return;
  }
  const bool v2 = fs::exists("/sys/fs/cgroup/cgroup.controllers");
  const std::string root = "/sys/fs/cgroup";
  const std::string group = *made;
  CHECK(firstLine(v2 ? root + group + "/memory.max" : root + "/memory" + group + "/memory.limit_in_bytes") ==
        "67108864");
  CHECK(firstLine(v2 ? root + group + "/pids.max" : root + "/pids" + group + "/pids.max") == "20");
  REQUIRE(groups.make(task.id, {0.5, 0, 32 << 20, 20}));
  CHECK(firstLine(v2 ? root + group + "/memory.max" : root + "/memory" + group + "/memory.limit_in_bytes") ==
        "33554432");
  {
    // A group of version 2 that hands controllers on holds no processes itself.
    const std::string holder = v2 ? root + group + "/container" : root + "/pids" + group;
    fs::create_directories(holder);
    Child child;
    std::ofstream(holder + "/cgroup.procs") << child.pid();
    CHECK(groups.remove(task.id).error().code == Code::FailedPrecondition);
    ::kill(child.pid(), SIGKILL);
    child.end();
    if (v2) ::rmdir(holder.c_str());
  }
  CHECK(groups.remove(task.id));
  CHECK_FALSE(fs::exists(v2 ? root + group : root + "/memory" + group));
}

}  // namespace
}  // namespace berth::agent
