#include "agent/kernel/group_finder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

constexpr const char* kContainer = "4f2c6a0d9be1";

struct Host {
  TempDir folder;
  KernelRoots roots() const { return {folder.path("proc"), folder.path("cgroup")}; }
  void controller(const std::string& name) { folder.write("cgroup/" + name + "/cgroup.procs", ""); }
  void group(const std::string& path) { std::filesystem::create_directories(folder.path("cgroup/" + path)); }
  void process(int pid, const std::string& groups) {
    folder.write("proc/" + std::to_string(pid) + "/cgroup", groups);
  }
  std::vector<std::string> find(const ProcessTarget& target) const {
    return GroupFinder(roots()).foldersOf(target);
  }
  std::vector<std::string> at(const std::string& path) const { return {folder.path("cgroup/" + path)}; }
};

TEST_CASE("A group's path ends with the part that bears the container's id") {
  CHECK(groupOf("/docker/ID/init.scope/x", "ID") == "/docker/ID");
  CHECK(groupOf("/system.slice/docker-ID.scope", "ID") == "/system.slice/docker-ID.scope");
  CHECK(groupOf("/system.slice/docker-ID.scope/a", "ID") == "/system.slice/docker-ID.scope");
  CHECK(groupOf("/user.slice", "ID").empty());
  CHECK(groupOf("/docker/ID", "").empty());
}

TEST_CASE("A container's group is where its runtime's driver puts it") {
  Host host;
  host.folder.write("cgroup/cgroup.controllers", "memory pids\n");
  const auto [parent, place] = GENERATE(table<std::string, std::string>({
      {"", "docker/4f2c6a0d9be1"},
      {"", "system.slice/docker-4f2c6a0d9be1.scope"},
      {"/ecs/task1", "ecs/task1/4f2c6a0d9be1"},
      {"ecs/task1", "ecs/task1/4f2c6a0d9be1"},
      {"a.slice", "a.slice/docker-4f2c6a0d9be1.scope"},
      {"a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice/docker-4f2c6a0d9be1.scope"},
  }));
  CHECK(host.find({kContainer, 0, parent}).empty());
  host.group(place);
  CHECK(host.find({kContainer, 0, parent}) == host.at(place));
}

TEST_CASE("A container's group is found wherever the engine puts it, also after its first process") {
  Host host;
  host.folder.write("cgroup/cgroup.controllers", "memory pids\n");
  host.group("other/beside");
  host.group("engines/first/4f2c6a0d9be1/inner");
  CHECK(host.find({kContainer, 0}) == host.at("engines/first/4f2c6a0d9be1"));
  CHECK(host.find({"", 0}).empty());
}

TEST_CASE("A container's group is where its first process is") {
  Host host;
  host.folder.write("cgroup/cgroup.controllers", "memory pids\n");
  const std::string place = "elsewhere/4f2c6a0d9be1";
  host.group(place + "/inner");
  host.process(10, "0::/" + place + "/inner\n");
  CHECK(host.find({kContainer, 10}) == host.at(place));
  CHECK(host.find({kContainer, 11}) == host.at(place));

  // The same folder found twice counts once; another process's groups don't count.
  host.group("docker/4f2c6a0d9be1");
  host.process(12, "0::/docker/4f2c6a0d9be1\n");
  host.process(13, "0::/docker/another\n");
  CHECK(host.find({kContainer, 12}) == host.at("docker/4f2c6a0d9be1"));
  CHECK(host.find({kContainer, 13}) == host.at("docker/4f2c6a0d9be1"));
  host.process(14, "senseless");
  CHECK(host.find({kContainer, 14}) == host.at("docker/4f2c6a0d9be1"));
  CHECK(host.find({"", 12}).empty());
}

TEST_CASE("On version 1 one hierarchy is looked at, the first that there is") {
  Host host;
  host.controller("memory");
  host.controller("freezer");
  for (const char* name : {"memory", "freezer", "unified"}) {
    host.group(std::string(name) + "/docker/4f2c6a0d9be1");
  }
  CHECK(host.find({kContainer, 0}) == host.at("memory/docker/4f2c6a0d9be1"));
  host.controller("pids");
  CHECK(host.find({kContainer, 0}).empty());
  host.group("pids/own/4f2c6a0d9be1");
  host.group("memory/own/4f2c6a0d9be1");
  host.process(10, "8:pids:/own/4f2c6a0d9be1\n4:memory:/own/4f2c6a0d9be1\n0::/own/4f2c6a0d9be1\n");
  CHECK(host.find({kContainer, 10}) == host.at("pids/own/4f2c6a0d9be1"));
}

TEST_CASE("Controllers of version 1 are named by folder, each once") {
  Host host;
  for (const char* name : {"memory", "cpu,cpuacct", "pids", "systemd", "unified"}) host.controller(name);
  host.group("empty");
  std::filesystem::create_directory_symlink("cpu,cpuacct", host.folder.path("cgroup/cpu"));
  const GroupFinder finder(host.roots());
  CHECK(finder.controllers() == std::vector<std::string>{"cpu,cpuacct", "memory", "pids"});
  CHECK_FALSE(finder.unifiedOnly());
  host.folder.write("cgroup/cgroup.controllers", "memory\n");
  CHECK(GroupFinder(host.roots()).unifiedOnly());
  CHECK(GroupFinder({"/nowhere", "/nowhere"}).controllers().empty());
}

}  // namespace
}  // namespace berth::agent
