#include "agent/stats/cgroup_usage.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/support/child.hpp"
#include "tests/support/real_groups.hpp"
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

Result<Usage> readOne(CgroupUsageSource& source, const UsageTarget& of) {
  const auto reading = source.readAll({of}).containers.front();
  return reading ? Result<Usage>(**reading) : reading.error();
}

auto openFiles() { return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()); }

UsageTarget target(int64_t pid = 10, bool ownNetwork = false) { return UsageTarget{kId, pid, ownNetwork}; }

TEST_CASE("A container on version 2 is measured") {
  const std::string data = std::string(BERTH_TEST_DATA) + "/cgroup2";
  CgroupUsageSource source({data + "/proc", data + "/cgroup"});
  for (int reading = 0; reading < 2; ++reading) {
    const auto usage = readOne(source, target(4242, true));
    REQUIRE(usage);
    CHECK(usage->memoryBytes == 25165824 - 12582912);
    CHECK(usage->cpuNanos == 1234567000);
    CHECK(usage->cpuUserNanos == 1000000000);
    CHECK(usage->cpuKernelNanos == 234567000);
    CHECK(usage->memoryTotalBytes == 25165824);
    CHECK(usage->memoryLimitBytes == 67108864);
    REQUIRE(usage->memoryStats);
    CHECK_THAT(*usage->memoryStats, Catch::Contains("anon 9437184\n"));
    CHECK(usage->blocks == std::vector<BlockUsage>{{8, 0, 4096000, 8192, 100, 2}, {259, 1, 1000, 500, 1, 1}});
    CHECK(usage->pids == 7);
    CHECK_FALSE(usage->pidsLimit);
    REQUIRE(usage->networks);
    CHECK(usage->networks->size() == 2);
    CHECK(usage->networks->at("eth0").rxBytes == 1500000);
    CHECK(usage->networks->at("eth1").txPackets == 5);
  }
  const HostUsage host = source.readAll({target(4242)}).host;
  CHECK(host.cpuNanos == 280'000'000);
  CHECK(host.cpus == 2);
  CgroupUsageSource other({data + "/proc", data + "/cgroup"});
  CHECK_FALSE(readOne(other, target(4242, false))->networks);
}

TEST_CASE("A container on version 1 is measured, with co-mounted controllers") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  CgroupUsageSource source(tree.roots());
  const auto usage = readOne(source, target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 3000);
  CHECK(usage->cpuNanos == 77);
  CHECK(usage->memoryTotalBytes == 5000);
  CHECK(usage->blocks == std::vector<BlockUsage>{{8, 0, 11, 22}});

  tree.write("cgroup/blkio/docker/" + kId + "/blkio.throttle.io_service_bytes_recursive", "8:0 Read 12\n");
  source.readAll({});
  CHECK(readOne(source, target())->blocks == std::vector<BlockUsage>{{8, 0, 12, 0}});
}

TEST_CASE("User and kernel time, processes and limits are read on version 1") {
  Tree tree;
  const std::string group = "/docker/" + kId;
  tree.addV1(10, group);
  tree.write("proc/10/cgroup", "7:blkio:" + group + "\n4:memory:" + group + "\n3:cpu,cpuacct:" + group +
                                   "\n2:pids:" + group + "\n0::" + group + "\n");
  tree.write("proc/meminfo", "MemTotal:       1000 kB\nMemFree: 1 kB\n");
  tree.write("cgroup/cpu,cpuacct" + group + "/cpuacct.stat", "user 3\nsystem 2\n");
  tree.write("cgroup/memory" + group + "/memory.limit_in_bytes", "9223372036854771712\n");
  tree.write("cgroup/pids" + group + "/pids.current", "4\n");
  tree.write("cgroup/pids" + group + "/pids.max", "100\n");
  CgroupUsageSource source(tree.roots());
  const auto usage = readOne(source, target());
  REQUIRE(usage);
  CHECK(usage->cpuUserNanos == 30'000'000);
  CHECK(usage->cpuKernelNanos == 20'000'000);
  CHECK(usage->memoryLimitBytes == 1000 * 1024);
  CHECK(usage->pids == 4);
  CHECK(usage->pidsLimit == 100);

  // Limits are looked at again within a minute.
  tree.write("cgroup/pids" + group + "/pids.max", "max\n");
  for (int reading = 0; reading < 60; ++reading) REQUIRE(readOne(source, target()));
  CHECK_FALSE(readOne(source, target())->pidsLimit);
}

TEST_CASE("What only documents show is read on version 1, where the CPU's quota may be mounted apart") {
  Tree tree;
  const std::string group = "/docker/" + kId;
  tree.addV1(10, group);
  tree.write("proc/10/cgroup", "7:blkio:" + group + "\n4:memory:" + group + "\n3:cpuacct:" + group +
                                   "\n2:cpu:" + group + "\n0::" + group + "\n");
  tree.write("cgroup/cpuacct" + group + "/cpuacct.usage", "77\n");
  tree.write("cgroup/cpuacct" + group + "/cpuacct.usage_percpu", "70 7 \n");
  tree.write("cgroup/cpu" + group + "/cpu.stat", "nr_periods 20\nnr_throttled 5\nthrottled_time 900\n");
  tree.write("cgroup/memory" + group + "/memory.max_usage_in_bytes", "6000\n");
  tree.write("cgroup/memory" + group + "/memory.failcnt", "3\n");
  tree.write("cgroup/blkio" + group + "/blkio.throttle.io_serviced", "8:0 Read 1\n8:0 Total 1\nTotal 1\n");
  CgroupUsageSource source(tree.roots());
  for (int reading = 0; reading < 2; ++reading) {
    const auto usage = readOne(source, target());
    REQUIRE(usage);
    CHECK(usage->cpuNanosByCpu == std::vector<uint64_t>{70, 7});
    CHECK(usage->throttling == CpuThrottling{20, 5, 900});
    CHECK(usage->memoryMostBytes == 6000);
    CHECK(usage->memoryFailures == 3);
    CHECK(usage->blockBytes == std::vector<BlockLine>{{8, 0, "Read", 11}, {8, 0, "Write", 22}});
    CHECK(usage->blockOperations == std::vector<BlockLine>{{8, 0, "Read", 1}, {8, 0, "Total", 1}});
  }
  // Where the process has left the group of its quota, the rest counts.
  tree.write("proc/11/cgroup",
             "4:memory:" + group + "\n3:cpuacct:" + group + "\n2:cpu:/\n1:blkio:" + group + "\n");
  const auto apart = readOne(source, target(11));
  REQUIRE(apart);
  CHECK(apart->cpuNanos == 77);
  CHECK(apart->throttling == CpuThrottling{});
}

/// A container on version 1 whose files can be changed one by one.
struct Idle {
  Idle() {
    tree.addV1(10, "/docker/" + kId);
    packets(1);
    split(1);
    REQUIRE(read().memoryBytes == 3000);
  }
  void memory(int bytes) { put("memory", "memory.usage_in_bytes", std::to_string(bytes) + "\n"); }
  void cache(int bytes) { put("memory", "memory.stat", "total_cache " + std::to_string(bytes) + "\n"); }
  void cpu(int nanos) { put("cpu,cpuacct", "cpuacct.usage", std::to_string(nanos) + "\n"); }
  void split(int ticks) {
    put("cpu,cpuacct", "cpuacct.stat", "user " + std::to_string(ticks) + "\nsystem 0\n");
  }
  void packets(int count) {
    tree.write("proc/10/net/dev",
               "head\nhead\n  eth0: 1 " + std::to_string(count) + " 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  }
  void put(const std::string& controller, const std::string& file, const std::string& text) {
    tree.write("cgroup/" + controller + "/docker/" + kId + "/" + file, text);
  }
  Usage read(int times = 1) {
    Result<Usage> usage = makeError(Code::Internal, "not read");
    for (int reading = 0; reading < times; ++reading) usage = readOne(source, target(10, true));
    REQUIRE(usage);
    return *usage;
  }

  Tree tree;
  CgroupUsageSource source{tree.roots()};
};

TEST_CASE("A container that has not run is left alone for some readings, until its CPU time moves") {
  Idle idle;
  idle.read();  // finds nothing new
  idle.memory(5001);
  idle.packets(2);
  CHECK(idle.read().memoryTotalBytes == 5000);
  idle.cpu(78);
  Usage usage = idle.read();
  CHECK(usage.memoryTotalBytes == 5001);
  CHECK(usage.networks->at("eth0").rxPackets == 2);

  idle.read();
  idle.packets(3);
  CHECK(idle.read(10).networks->at("eth0").rxPackets == 3);
  // What goes on without it, as when it forwards packets, is followed at each reading.
  idle.packets(4);
  CHECK(idle.read().networks->at("eth0").rxPackets == 4);
  idle.packets(5);
  CHECK(idle.read().networks->at("eth0").rxPackets == 5);
}

TEST_CASE("How a container ran is read when it has, what its memory is made of when its size has changed") {
  Idle idle;
  idle.cache(1000);
  idle.split(2);
  Usage usage = idle.read();
  CHECK(usage.memoryBytes == 3000);
  CHECK(usage.cpuUserNanos == 10'000'000);
  idle.cpu(78);
  idle.memory(5001);
  usage = idle.read();
  CHECK(usage.memoryBytes == 4001);
  CHECK_THAT(*usage.memoryStats, Catch::Contains("total_cache 1000\n"));
  CHECK(usage.cpuUserNanos == 20'000'000);
  // And once in a while all the same.
  idle.cache(0);
  idle.split(3);
  usage = idle.read(30);
  CHECK(usage.memoryBytes == 5001);
  CHECK(usage.cpuUserNanos == 30'000'000);
}

TEST_CASE("A group without a process is not found, and nothing of it stays open") {
  Tree tree;
  const std::string group = "/docker/" + kId;
  tree.addV1(10, group);
  tree.write("proc/10/cgroup", "4:memory:" + group + "\n3:cpu,cpuacct:" + group + "\n2:pids:" + group + "\n");
  tree.write("proc/10/net/dev", "head\nhead\n  eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  tree.write("cgroup/pids" + group + "/pids.current", "1\n");
  CgroupUsageSource source(tree.roots());
  const auto before = openFiles();
  REQUIRE(readOne(source, target(10, true))->networks);
  tree.write("cgroup/pids" + group + "/pids.current", "0\n");
  tree.write("cgroup/cpu,cpuacct" + group + "/cpuacct.usage", "78\n");
  CHECK(readOne(source, target(10, true)).error().code == Code::NotFound);
  CHECK(openFiles() == before);
}

TEST_CASE("Throttling and operations are read on version 2 where they are told") {
  Tree tree;
  const std::string group = "/docker/" + kId;
  tree.write("proc/10/cgroup", "0::" + group + "\n");
  tree.write("cgroup/cgroup.controllers", "cpu io memory pids\n");
  tree.write("cgroup" + group + "/memory.current", "5000\n");
  tree.write("cgroup" + group + "/memory.stat", "inactive_file 1000\n");
  tree.write("cgroup" + group + "/cpu.stat",
             "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 20\nnr_throttled 5\nthrottled_usec 9\n");
  tree.write("cgroup" + group + "/io.stat", "8:0 rbytes=5 wbytes=6 rios=1 wios=2 dbytes=0 dios=0\n");
  CgroupUsageSource source(tree.roots());
  const auto usage = readOne(source, target());
  REQUIRE(usage);
  CHECK(usage->throttling == CpuThrottling{20, 5, 9000});
  CHECK(usage->blocks == std::vector<BlockUsage>{{8, 0, 5, 6, 1, 2}});
  CHECK(usage->blockBytes.empty());
  CHECK(usage->cpuNanosByCpu.empty());
  CHECK(usage->memoryMostBytes == 0);
}

TEST_CASE("A batch answers for each target in its order, whatever becomes of the others") {
  Tree tree;
  const std::string other(64, 'a');
  tree.addV1(10, "/docker/" + kId);
  tree.addV1(20, "/docker/" + other);
  tree.write("cgroup/cpu,cpuacct/docker/" + other + "/cpuacct.usage", "5\n");
  CgroupUsageSource source(tree.roots());
  const auto readings =
      source.readAll({{other, 20, false}, {"gone", 30, false}, {kId, 10, false}}).containers;
  REQUIRE(readings.size() == 3);
  CHECK((*readings[0])->cpuNanos == 5);
  CHECK(readings[1].error().code == Code::NotFound);
  CHECK((*readings[2])->cpuNanos == 77);
}

TEST_CASE("Files stay open from batch to batch, and are closed when a container is no longer asked for") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  CgroupUsageSource source(tree.roots());
  const auto before = openFiles();
  REQUIRE(readOne(source, target()));
  const auto kept = openFiles();
  CHECK(kept > before);
  REQUIRE(readOne(source, target()));
  CHECK(openFiles() == kept);
  CHECK(source.readAll({}).containers.empty());
  CHECK(openFiles() == before);
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
  const auto usage = readOne(source, target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 4000);
  CHECK(usage->cpuNanos == 77);
  CHECK(usage->blocks == std::vector<BlockUsage>{{8, 0, 5, 6}});
}

TEST_CASE("A container that runs its own init system is measured as a whole") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  const std::string inner = "/docker/" + kId + "/init.scope";
  tree.write("proc/10/cgroup",
             "7:blkio:" + inner + "\n4:memory:" + inner + "\n3:cpu,cpuacct:" + inner + "\n");
  CgroupUsageSource source(tree.roots());
  CHECK(readOne(source, target())->memoryBytes == 3000);
}

TEST_CASE("A host without block I/O accounting is measured without it") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  tree.remove("cgroup/blkio");
  CgroupUsageSource source(tree.roots());
  const auto usage = readOne(source, target());
  REQUIRE(usage);
  CHECK(usage->memoryBytes == 3000);
  CHECK(usage->blocks.empty());
}

TEST_CASE("A process that ended, or is somebody else's, is not found") {
  Tree tree;
  tree.addV1(10, "/docker/" + kId);
  tree.write("proc/11/cgroup", "4:memory:/user.slice\n3:cpuacct:/\n0::/\n");
  CgroupUsageSource source(tree.roots());
  CHECK(readOne(source, target(12)).error().code == Code::NotFound);
  CHECK(readOne(source, target(11)).error().code == Code::NotFound);
  REQUIRE(readOne(source, target(10)));
  // Restarted under another pid: the files of the first run do not count any more.
  tree.addV1(13, "/docker/again/" + kId);
  tree.write("cgroup/cpu,cpuacct/docker/again/" + kId + "/cpuacct.usage", "5\n");
  CHECK(readOne(source, target(13))->cpuNanos == 5);
}

TEST_CASE("A real process in real groups is measured", "[cgroup]") {
  RealGroups groups;
  if (!groups.usable()) {
    WARN("left out: this process may not make control groups");
    return;
  }
  groups.make(kId);
  Child child;
  groups.enter(kId, child.pid());
  CgroupUsageSource source;
  const auto usage = readOne(source, target(child.pid(), true));
  REQUIRE(usage);
  const HostUsage host = source.readAll({target(child.pid())}).host;
  CHECK(host.cpuNanos > 0);
  CHECK(host.cpus > 0);
  CHECK(usage->memoryLimitBytes > 0);
  CHECK(usage->memoryStats);
  CHECK(usage->pids == 1);
  CHECK(usage->networks);
  ::kill(child.pid(), SIGKILL);
  child.end();
  CHECK(readOne(source, target(child.pid(), true)).error().code == Code::NotFound);
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
  CgroupUsageSource source(tree.roots());
  const auto usage = readOne(source, target());
  REQUIRE_FALSE(usage);
  CHECK(usage.error().code == Code::Internal);
  CHECK(usage.error().message.find(file) != std::string::npos);
}

}  // namespace
}  // namespace berth::agent
