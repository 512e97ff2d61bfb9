#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

using namespace std::chrono_literals;
using agent::RunState;

const std::string kUnknown(64, '0');

TEST_CASE("The runtime says what it is", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto info = bench.call<agent::RuntimeInfo>([&](auto done) { bench.runtime().info(done); });
  REQUIRE(info);
  CHECK_FALSE(info->version.empty());
  CHECK(info->apiVersion.starts_with("1."));
  CHECK(info->minApiVersion.starts_with("1."));
  CHECK(std::ranges::count(info->loggingDrivers, "json-file") == 1);
  CHECK(std::ranges::count(info->volumePlugins, "local") == 0);
}

TEST_CASE("A container goes from created to running to exited to gone, and each verb may come twice",
          "[docker][port]") {
  BERTH_BENCH(bench);
  const auto spec =
      bench.telling("trap 'exit 7' TERM; echo > /said/ready; while :; do sleep 1 & wait $!; done");
  const agent::RuntimeContainer running = bench.run(spec);
  CHECK(running.state == RunState::Running);
  CHECK(running.name == spec.name);
  CHECK(running.labels.at(Bench::kLabel) == spec.name);
  CHECK(running.pid > 0);
  CHECK(running.startedAt);
  CHECK_FALSE(running.finishedAt);
  CHECK_FALSE(running.exitCode);

  CHECK(*bench.create(spec) == running.id);
  CHECK(bench.start(running.id)->pid == running.pid);
  CHECK((*bench.inspect(spec.name))->id == running.id);

  REQUIRE(bench.untilSaid("ready"));
  for (int time = 0; time < 2; ++time) {
    const auto stopped = bench.stop(running.id, 30s);
    REQUIRE(stopped);
    CHECK(stopped->state == RunState::Exited);
    CHECK(stopped->exitCode == 7);
    CHECK(stopped->pid == 0);
    CHECK(stopped->finishedAt >= running.startedAt);
  }
  for (int time = 0; time < 2; ++time) {
    CHECK(bench.remove(running.id, false));
    CHECK_FALSE(bench.inspect(running.id)->has_value());
  }
}

TEST_CASE("A created container that never ran can be stopped", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto ran = bench.run(bench.shell("exit 0"));
  const auto id = bench.create(bench.shell("exit 0"));
  REQUIRE(id);
  CHECK((*bench.inspect(*id))->state == RunState::Created);
  CHECK_FALSE((*bench.inspect(*id))->startedAt);
  CHECK(bench.stop(*id, 1s)->state == RunState::Created);
}

TEST_CASE("Unknown containers are not found, and gone ones need no removal", "[docker][port]") {
  BERTH_BENCH(bench);
  CHECK(bench.start(kUnknown).error().code == Code::NotFound);
  CHECK(bench.stop(kUnknown, 1s).error().code == Code::NotFound);
  CHECK_FALSE(bench.inspect(kUnknown)->has_value());
  CHECK(bench.remove(kUnknown, true));
}

TEST_CASE("A running container is removed only by force", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto container = bench.run(bench.shell("sleep 600"));
  CHECK(bench.remove(container.id, false).error().code == Code::FailedPrecondition);
  CHECK(bench.remove(container.id, true));
  CHECK_FALSE(bench.inspect(container.id)->has_value());
}

TEST_CASE("Exit codes are told", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto container = bench.run(bench.shell("exit 3"));
  CHECK(bench.untilExited(container.id).exitCode == 3);
  CHECK_FALSE(bench.untilExited(container.id).oomKilled);
}

TEST_CASE("A command that does not exist fails the start in the engine's words", "[docker][port]") {
  BERTH_BENCH(bench);
  bench.run(bench.shell("exit 0"));
  auto spec = bench.shell("");
  spec.command = {"/no/such/program"};
  const auto id = bench.create(spec);
  REQUIRE(id);
  const auto started = bench.start(*id);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::InvalidArgument);
  CHECK(started.error().message.find("/no/such/program") != std::string::npos);
  CHECK((*bench.inspect(*id))->state != RunState::Running);
}

TEST_CASE("A spec that the engine refuses is an invalid argument", "[docker][port]") {
  BERTH_BENCH(bench);
  bench.run(bench.shell("exit 0"));
  auto spec = bench.shell("exit 0");
  spec.dockerHostConfig = R"({"Memory": 1})";
  CHECK(bench.create(spec).error().code == Code::InvalidArgument);
  spec.dockerHostConfig = "{";
  CHECK(bench.create(spec).error().code == Code::InvalidArgument);
  spec.dockerHostConfig = "";
  spec.image = bench.site().registry + "/absent:1";
  CHECK(bench.create(spec).error().code == Code::NotFound);
}

TEST_CASE("Environment, mounts and Docker configuration reach the container", "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = bench.shell(
      "[ \"$GREETING\" = 'hello world' ] || exit 1;"
      "[ $(hostname) = somewhere ] || exit 2;"
      "echo x > /scratch/file || exit 3;"
      "if (echo x > /proof); then exit 4; fi;"
      "exit 42");
  spec.environment = {{"GREETING", "hello world"}, {"PATH", "/bin"}};
  spec.mounts = {{"", "/scratch", false}};
  spec.dockerConfig = R"({"hostname": "somewhere", "Labels": {"berth.conformance": "forged"}})";
  spec.dockerHostConfig = R"({"readonlyrootfs": true})";
  const auto container = bench.run(spec);
  CHECK(bench.untilExited(container.id).exitCode == 42);
  CHECK(container.labels.at(Bench::kLabel) == spec.name);
}

TEST_CASE("Running out of memory is told", "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = bench.shell("dd if=/dev/zero of=/dev/null bs=256M count=1");
  spec.memoryBytes = 8 << 20;
  spec.dockerHostConfig = R"({"MemorySwap": 8388608})";
  const auto container = bench.untilExited(bench.run(spec).id);
  CHECK(container.oomKilled);
  CHECK(container.exitCode == 137);
}

TEST_CASE("Ports are bound, and told as they are bound", "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = bench.shell("exec sleep 600");
  spec.networkMode = "bridge";
  spec.ports = {{8080, 0, "tcp", ""}, {5353, 0, "udp", "127.0.0.1"}};
  const auto container = bench.run(spec);
  bool tcp = false;
  bool udp = false;
  for (const agent::PortMapping& port : container.ports) {
    CHECK(port.hostPort != 0);
    tcp = tcp || (port.containerPort == 8080 && port.protocol == "tcp" && port.bindIp == "0.0.0.0");
    udp = udp || (port.containerPort == 5353 && port.protocol == "udp" && port.bindIp == "127.0.0.1");
  }
  CHECK(tcp);
  CHECK(udp);
}

TEST_CASE("A process that ignores TERM is killed when its time is over", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto container =
      bench.run(bench.telling("trap '' TERM; echo > /said/ready; while :; do sleep 1; done"));
  REQUIRE(bench.untilSaid("ready"));
  const MonoTime begin = bench.now();
  const auto stopped = bench.stop(container.id, 900ms);
  REQUIRE(stopped);
  CHECK(stopped->state == RunState::Exited);
  CHECK(stopped->exitCode == 137);
  CHECK(bench.now() - begin >= 900ms);
}

TEST_CASE("Listing finds the containers that carry all labels, in any state", "[docker][port]") {
  BERTH_BENCH(bench);
  auto first = bench.shell("exit 5");
  const std::string group = first.name;
  first.labels["group"] = group;
  auto second = bench.shell("sleep 600");
  second.labels["group"] = group;
  auto third = bench.shell("exit 0");
  third.labels["group"] = "another";
  const auto exited = bench.untilExited(bench.run(first).id);
  const auto running = bench.run(second);
  bench.run(third);

  const auto found = bench.list({{"group", group}});
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  for (const agent::RuntimeContainer& container : *found) {
    const bool isFirst = container.id == exited.id;
    CHECK(container.id == (isFirst ? exited.id : running.id));
    CHECK(container.exitCode == (isFirst ? std::optional<int>(5) : std::nullopt));
    CHECK(container.state == (isFirst ? RunState::Exited : RunState::Running));
  }
  CHECK(bench.list({{"group", group}, {Bench::kLabel, second.name}})->size() == 1);
  CHECK(bench.list({{"group", "nobody's"}})->empty());
}

TEST_CASE("A list longer than what is inspected at once is complete", "[docker][port]") {
  BERTH_BENCH(bench);
  bench.run(bench.shell("exit 0"));
  std::set<std::string> ids;
  const std::string group = bench.shell("").name;
  for (int i = 0; i < 20; ++i) {
    auto spec = bench.shell("exit 0");
    spec.labels["group"] = group;
    ids.insert(*bench.create(spec));
  }
  const auto found = bench.list({{"group", group}});
  REQUIRE(found);
  std::set<std::string> listed;
  for (const agent::RuntimeContainer& container : *found) listed.insert(container.id);
  CHECK(listed == ids);
}

}  // namespace
}  // namespace berth::conformance
