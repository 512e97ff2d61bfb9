#include "agent/stats/cgroup_usage.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;

const std::string kId = "4f2c6a0d9be14c0f8d9b2f60a3a5c1d7e8f90123456789abcdef0123456789ab";

/// A proc and a cgroup tree of its own.
class Tree {
 public:
  void write(const std::string& path, const std::string& text) { folder_.write(path, text); }
  void remove(const std::string& path) { fs::remove_all(folder_.path(path)); }
  KernelRoots roots() const { return {folder_.path("proc"), folder_.path("cgroup")}; }

  /// A version 1 host with one container, as process `pid`.
  void addV1(int pid, const std::string& group) {
    write("proc/" + std::to_string(pid) + "/cgroup",
          "7:blkio:" + group + "\n4:memory:" + group + "\n3:cpu,cpuacct:" + group + "\n0::" + group + "\n");
    write("cgroup/memory" + group + "/memory.usage_in_bytes", "5000\n");
    write("cgroup/memory" + group + "/memory.stat", "cache 1000\nrss 4000\ntotal_cache 2000\n");
    write("cgroup/cpu,cpuacct" + group + "/cpuacct.usage", "77\n");
    write("cgroup/blkio" + group + "/blkio.throttle.io_service_bytes", "8:0 Read 11\n8:0 Write 22\n");
  }

 private:
  TempDir folder_;
};

UsageTarget target(int64_t pid = 10, bool ownNetwork = false) { return UsageTarget{kId, pid, ownNetwork}; }

TEST_CASE("A container on version 2 is measured") {
  const std::string data = std::string(BERTH_TEST_DATA) + "/cgroup2";
  CgroupUsageSource source({data + "/proc", data + "/cgroup"});
  for (int reading = 0; reading < 2; ++reading) {
    const auto usage = source.read(target(4242, true));
    REQUIRE(usage);
    CHECK(usage->memoryBytes == 25165824 - 12582912);
    CHECK(usage->cpuNanos == 1234567000);
    CHECK(usage->readBytes == 4097000);
    CHECK(usage->writeBytes == 8692);
    REQUIRE(usage->network);
    CHECK(usage->network->rxBytes == 1500100);
    CHECK(usage->network->txPackets == 805);
  }
  CHECK_FALSE(source.read(target(4242, false))->network);
}

TEST_CASE("A container on version 1 is measured, with co-mounted controllers") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  CgroupUsageSource source(tree.roots());
  const auto usage = source.read(target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 3000);
  CHECK(usage->cpuNanos == 77);
  CHECK(usage->readBytes == 11);
  CHECK(usage->writeBytes == 22);

  tree.write("cgroup/blkio/docker/" + kId + "/blkio.throttle.io_service_bytes_recursive", "8:0 Read 12\n");
  source.forget(kId);
  CHECK(source.read(target())->readBytes == 12);
}

TEST_CASE("On a hybrid host each controller is read where it is mounted") {
  Tree tree;
  const std::string group = "/docker/" + kId;
  tree.write("proc/10/cgroup", "4:memory:" + group + "\n3:cpuacct:" + group + "\n0::" + group + "\n");
  tree.write("cgroup/memory" + group + "/memory.usage_in_bytes", "5000\n");
  tree.write("cgroup/memory" + group + "/memory.stat", "cache 1000\n");
  tree.write("cgroup/cpuacct" + group + "/cpuacct.usage", "77\n");
  tree.write("cgroup/unified" + group + "/io.stat", "8:0 rbytes=5 wbytes=6\n");
  CgroupUsageSource source(tree.roots());
  const auto usage = source.read(target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 4000);
  CHECK(usage->cpuNanos == 77);
  CHECK(usage->readBytes == 5);
  CHECK(usage->writeBytes == 6);
}

TEST_CASE("A container that runs its own init system is measured as a whole") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  const std::string inner = "/docker/" + kId + "/init.scope";
  tree.write("proc/10/cgroup",
             "7:blkio:" + inner + "\n4:memory:" + inner + "\n3:cpu,cpuacct:" + inner + "\n");
  CHECK(CgroupUsageSource(tree.roots()).read(target())->memoryBytes == 3000);
}

TEST_CASE("A host without block I/O accounting is measured without it") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  tree.remove("cgroup/blkio");
  const auto usage = CgroupUsageSource(tree.roots()).read(target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 3000);
  CHECK(usage->readBytes == 0);
}

TEST_CASE("A process that ended, or is somebody else's, is not found") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  tree.write("proc/11/cgroup", "4:memory:/user.slice\n3:cpuacct:/\n0::/\n");
  CgroupUsageSource source(tree.roots());
  CHECK(source.read(target(12)).error().code == Code::NotFound);
  CHECK(source.read(target(11)).error().code == Code::NotFound);
  REQUIRE(source.read(target(10)));
  // Restarted under another pid: the files of the first run do not count any more.
  tree.addV1(13, "/docker/again/" + kId);
  tree.write("cgroup/cpu,cpuacct/docker/again/" + kId + "/cpuacct.usage", "5\n");
  CHECK(source.read(target(13))->cpuNanos == 5);
}

TEST_CASE("Kernel files that make no sense are internal errors that name the file") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  const auto [file, text] = GENERATE(values<std::pair<std::string, std::string>>({
      {"memory/docker/" + kId + "/memory.usage_in_bytes", "many\n"},
      {"memory/docker/" + kId + "/memory.stat", "rss 1\n"},
      {"cpu,cpuacct/docker/" + kId + "/cpuacct.usage", ""},
      {"blkio/docker/" + kId + "/blkio.throttle.io_service_bytes", "8:0 Read x\n"},
  }));
  tree.write("cgroup/" + file, text);
  const auto usage = CgroupUsageSource(tree.roots()).read(target());
  REQUIRE_FALSE(usage);
  CHECK(usage.error().code == Code::Internal);
  CHECK(usage.error().message.find(file) != std::string::npos);
}

}  // namespace
}  // namespace berth::agent
