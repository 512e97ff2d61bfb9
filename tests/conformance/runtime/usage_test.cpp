#include "agent/stats/cgroup_usage.hpp"

#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

TEST_CASE("The use of a real container is read from the kernel", "[docker]") {
  BERTH_BENCH(bench);
  auto spec = bench.shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 600");
  spec.networkMode = "bridge";
  const auto container = bench.run(spec);
  agent::CgroupUsageSource source;
  const agent::UsageTarget target{container.id, container.pid, true};
  const auto read = [&] {
    const auto reading = source.readAll({target}).containers.front();
    return reading ? Result<agent::Usage>(**reading) : reading.error();
  };
  const auto first = read();
  REQUIRE(first);
  CHECK(first->cpuNanos > 0);
  CHECK(first->memoryBytes > 0);
  CHECK(first->memoryBytes < uint64_t{1} << 30);
  CHECK(first->memoryTotalBytes >= first->memoryBytes);
  CHECK(first->memoryLimitBytes > first->memoryTotalBytes);
  CHECK(first->memoryStats);
  CHECK(first->pids == 1);
  CHECK(source.readAll({target}).host.cpuNanos > first->cpuNanos);
  REQUIRE(first->networks);
  CHECK(first->networks->contains("eth0"));
  const auto second = read();
  REQUIRE(second);
  CHECK(second->cpuNanos >= first->cpuNanos);

  REQUIRE(bench.remove(container.id, true));
  CHECK(read().error().code == Code::NotFound);
}

}  // namespace
}  // namespace berth::conformance
