#include "agent/runtimes/containerd/host_files.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "agent/runtimes/containerd/records.hpp"

namespace berth::agent::containerd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPasswd = "root:x:0:0::/root:/bin/sh\napp:x:100:101::/:/bin/sh\n";
constexpr const char* kGroup = "root:x:0:\nwheel:x:10:root,app\nstaff:x:20:app\napp:x:101:\n";

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "berth-host-files.XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name) << text;
  }
  std::string path;
};

TEST_CASE("Users and groups go by the image's own files") {
  struct Row {
    const char* user;
    uint32_t uid;
    uint32_t gid;
    std::vector<uint32_t> groups;
  };
  const Row row =
      GENERATE(Row{"", 0, 0, {10}}, Row{"app", 100, 101, {10, 20}}, Row{"100", 100, 101, {10, 20}},
               Row{"app:staff", 100, 20, {}}, Row{"7:8", 7, 8, {}}, Row{"7", 7, 0, {}});
  const auto ids = userIds(row.user, {}, kPasswd, kGroup);
  REQUIRE(ids);
  CHECK(ids->uid == row.uid);
  CHECK(ids->gid == row.gid);
  CHECK(ids->groups == row.groups);
}

TEST_CASE("crun starts containers where it is installed, behind a wrapper where it would see both versions") {
  const Folder host;
  const std::string groups = host.path + "/groups";
  const std::vector<std::string> folders = {host.path + "/local", host.path + "/bin"};
  const std::string wrapper = host.path + "/bin/berth-crun";
  const auto usual = [&] { return usualOciRuntime(wrapper, groups, folders); };
  const auto program = [&](const std::string& name) {
    host.write(name, "");
    fs::permissions(host.path + "/" + name, fs::perms::owner_all);
  };
  host.write("groups/cgroup.controllers", "");
  CHECK(usual() == "runc");
  host.write("bin/crun", "");
  CHECK(usual() == "runc");
  program("bin/crun");
  CHECK(usual() == folders[1] + "/crun");
  // Version 1 alone, and with version 2 beside it.
  fs::remove(groups + "/cgroup.controllers");
  CHECK(usual() == folders[1] + "/crun");
  host.write("groups/unified/cgroup.controllers", "");
  CHECK(usual() == "runc");
  program("bin/berth-crun");
  CHECK(usual() == wrapper);
  fs::remove(folders[1] + "/crun");
  CHECK(usual() == "runc");
}

TEST_CASE("A user that the image does not know is refused by name") {
  CHECK(userIds("nobody", {}, kPasswd, kGroup).error().message.find("\"nobody\"") != std::string::npos);
  CHECK(userIds("app:none", {}, kPasswd, kGroup).error().code == Code::InvalidArgument);
  CHECK(userIds("app", {"none"}, kPasswd, kGroup).error().code == Code::InvalidArgument);
  CHECK(userIds("7:8", {"staff"}, kPasswd, kGroup)->groups == std::vector<uint32_t>{20});
}

TEST_CASE("Files are found in the uppermost layer that has them, and never outside of it") {
  const Folder folder;
  folder.write("low/etc/passwd", "low");
  folder.write("low/etc/group", "low");
  folder.write("high/etc/passwd", "high");
  folder.write("secret", "secret");
  fs::create_directories(folder.path + "/high/empty");
  fs::create_symlink(folder.path + "/secret", folder.path + "/high/out");
  fs::create_symlink("../../secret", folder.path + "/high/up");
  const RootView root({SnapshotMount{
      "overlay", "overlay", {"index=off", "lowerdir=" + folder.path + "/high:" + folder.path + "/low"}}});
  CHECK(root.read("/etc/passwd") == "high");
  CHECK(root.read("/etc/group") == "low");
  CHECK_FALSE(root.read("/out"));
  CHECK_FALSE(root.read("/up"));
  CHECK_FALSE(root.read("/etc"));
  CHECK(root.hasEntries("/etc"));
  CHECK_FALSE(root.hasEntries("/empty"));
  CHECK_FALSE(root.hasEntries("/absent"));
}

TEST_CASE("Names of volumes lead nowhere else") {
  const Folder folder;
  const HostFiles files(folder.path);
  for (const char* name : {"", ".", "..", "a/b", "-x", "a\n"}) {
    CHECK(files.makeVolume(name, "{}").error().code == Code::InvalidArgument);
  }
  CHECK(files.makeVolume("data_1.x-y", "first"));
  CHECK(files.makeVolume("data_1.x-y", "second"));
  CHECK(files.volume("data_1.x-y") == "first");
  CHECK(files.removeVolume("data_1.x-y"));
  CHECK_FALSE(files.volume("data_1.x-y"));
}

TEST_CASE("What is known of a container says how it is") {
  ContainerRecord record;
  record.name = "web";
  record.labels = {{"a", "b"}};
  record.mounts = {KeptMount{"v", "/h", "/data", true, true}};
  const auto again = decodeRecord(encodeRecord(record));
  REQUIRE(again);
  CHECK(again->labels == record.labels);
  CHECK(again->mounts.front().anonymous);
  StoredContainer stored;
  stored.id = "id";
  TaskState running{"id", 42, TaskStatus::Running, 0, std::nullopt};
  const WallTime began = fromEpochMillis(1000);
  CHECK(describe(stored, record, std::nullopt, std::nullopt).state == RunState::Created);
  CHECK(describe(stored, record, running, began).state == RunState::Running);
  CHECK(describe(stored, record, running, began).pid == 42);
  running.status = TaskStatus::Created;
  CHECK(describe(stored, record, running, began).state == RunState::Created);
  const RuntimeContainer lost = describe(stored, record, std::nullopt, began);
  CHECK(lost.state == RunState::Exited);
  CHECK_FALSE(lost.exitCode);
  stored.exit = encodeExit(ExitRecord{137, true, began, fromEpochMillis(2000)});
  const RuntimeContainer ended = describe(stored, record, std::nullopt, began);
  CHECK(ended.exitCode == 137);
  CHECK(ended.oomKilled);
  CHECK(ended.finishedAt == fromEpochMillis(2000));
}

TEST_CASE("Name servers that only the host reaches are left out") {
  CHECK(resolverWithoutLoopback("search a\nnameserver 127.0.0.53\nnameserver 10.0.0.1\n",
                                "nameserver 1.1.1.1\n") == "search a\nnameserver 10.0.0.1\n");
  CHECK(resolverWithoutLoopback("nameserver 127.0.0.53\noptions edns0\n", "nameserver 10.0.0.2\n") ==
        "nameserver 10.0.0.2\n");
  CHECK(resolverWithoutLoopback("nameserver ::1\noptions edns0\n", "") == "options edns0\n");
}

TEST_CASE("A hosts file is made anew in its place") {
  const Folder folder;
  const HostFiles files(folder.path);
  ContainerWish wish;
  wish.networkMode = "bridge";
  wish.extraHosts = {"elsewhere:10.1.2.3"};
  REQUIRE(files.prepare("one", wish, "web"));
  const std::string path = folder.path + "/containers/one/hosts";
  const auto text = [&] {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string base = text();
  CHECK(base.find("web") == std::string::npos);
  CHECK(base.find("10.1.2.3\telsewhere\n") != std::string::npos);
  std::ifstream mounted(path);
  REQUIRE(files.addHosts("one", "10.190.0.2\tweb\n"));
  REQUIRE(files.addHosts("one", "10.190.0.3\tweb\n"));
  CHECK(text() == base + "10.190.0.3\tweb\n");
  // Whoever has the file open, as a mount has, reads the new text.
  CHECK(std::string(std::istreambuf_iterator<char>(mounted), {}) == text());
}

}  // namespace
}  // namespace berth::agent::containerd
