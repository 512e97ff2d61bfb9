#include "controller/scheduler/first_fit.hpp"

#include <catch2/catch.hpp>

using namespace berth::controller;

namespace {

Candidate host(const std::string& id, int64_t cpu = 1000, int64_t memory = 1000) {
  Candidate out;
  out.id = id;
  out.total.cpu = cpu;
  out.total.memory = memory;
  return out;
}

Resources ask(int64_t cpu, int64_t memory, std::set<uint16_t> ports = {}, std::set<uint16_t> udp = {}) {
  return Resources{cpu, memory, std::move(ports), std::move(udp)};
}

using Places = std::vector<std::string>;

}  // namespace

TEST_CASE("copies fill the first host, then the next") {
  Plan plan = firstFit({host("a"), host("b")}, ask(400, 100), 4);
  CHECK(plan.placed == Places{"a", "a", "b", "b"});
  CHECK(plan.refused.empty());
}

TEST_CASE("a host takes exactly what it has") {
  CHECK(refusal(host("a"), ask(1000, 1000)).empty());
  CHECK(refusal(host("a"), ask(1001, 1000)) == "RESOURCE:CPU");
  CHECK(refusal(host("a"), ask(1000, 1001)) == "RESOURCE:MEMORY");
}

TEST_CASE("what is used already counts") {
  Candidate busy = host("a");
  busy.used = ask(600, 500, {80}, {514});
  CHECK(refusal(busy, ask(400, 500)).empty());
  CHECK(refusal(busy, ask(401, 1)) == "RESOURCE:CPU");
  CHECK(refusal(busy, ask(1, 501)) == "RESOURCE:MEMORY");
  CHECK(refusal(busy, ask(1, 1, {80})) == "RESOURCE:PORTS");
  CHECK(refusal(busy, ask(1, 1, {}, {514})) == "RESOURCE:PORTS");
}

TEST_CASE("TCP and UDP ports of one number do not collide") {
  Candidate busy = host("a");
  busy.used = ask(0, 0, {53});
  CHECK(refusal(busy, ask(1, 1, {}, {53})).empty());
}

TEST_CASE("reserved ports are never given") {
  Candidate reserved = host("a");
  reserved.total.ports = {22};
  reserved.total.udpPorts = {53};
  CHECK(refusal(reserved, ask(1, 1, {22})) == "RESOURCE:PORTS");
  CHECK(refusal(reserved, ask(1, 1, {}, {53})) == "RESOURCE:PORTS");
}

TEST_CASE("a fixed port is placed once a host") {
  Plan plan = firstFit({host("a"), host("b")}, ask(1, 1, {8080}), 3);
  CHECK(plan.placed == Places{"a", "b"});
  REQUIRE(plan.refused.size() == 2);
  CHECK(plan.refused[0].instance == "a");
  CHECK(plan.refused[0].reason == "RESOURCE:PORTS");
  CHECK(plan.refused[1].instance == "b");
}

TEST_CASE("hosts that drain or whose agent is away are passed over, and say so") {
  Candidate draining = host("a");
  draining.active = false;
  Candidate away = host("b");
  away.connected = false;
  CHECK(firstFit({draining, away, host("c")}, ask(1, 1), 1).placed == Places{"c"});
  Plan none = firstFit({draining, away}, ask(1, 1), 1);
  REQUIRE(none.refused.size() == 2);
  CHECK(none.refused[0].reason == "INACTIVE");
  CHECK(none.refused[1].reason == "AGENT");
}

TEST_CASE("what can be placed is placed, and the rest says why each host refuses") {
  Plan plan = firstFit({host("a", 500), host("b", 100, 5)}, ask(200, 10), 5);
  CHECK(plan.placed == Places{"a", "a"});
  REQUIRE(plan.refused.size() == 2);
  CHECK(plan.refused[0].reason == "RESOURCE:CPU");
  CHECK(plan.refused[1].reason == "RESOURCE:CPU");
}

TEST_CASE("without hosts nothing is placed and nobody refuses") {
  Plan plan = firstFit({}, ask(1, 1), 2);
  CHECK(plan.placed.empty());
  CHECK(plan.refused.empty());
}

TEST_CASE("hosts are tried in the order in which they are given") {
  CHECK(firstFit({host("b"), host("a")}, ask(1, 1), 1).placed == Places{"b"});
  CHECK(firstFit({host("small", 100), host("large")}, ask(200, 1), 1).placed == Places{"large"});
}

TEST_CASE(
    "a host that is too full for one copy is filled up by nothing smaller, and room is never given twice") {
  Plan plan = firstFit({host("a", 1000, 250), host("b", 450, 1000)}, ask(200, 100), 10);
  CHECK(plan.placed == Places{"a", "a", "b", "b"});
  REQUIRE(plan.refused.size() == 2);
  CHECK(plan.refused[0].reason == "RESOURCE:MEMORY");
  CHECK(plan.refused[1].reason == "RESOURCE:CPU");
}

TEST_CASE("no copies are no plan") {
  Plan plan = firstFit({host("a")}, ask(1, 1), 0);
  CHECK(plan.placed.empty());
  CHECK(plan.refused.empty());
}

TEST_CASE("a task that takes nothing fits on a full host") {
  Candidate full = host("a", 0, 0);
  full.used = ask(0, 0, {80});
  CHECK(refusal(full, ask(0, 0)).empty());
  CHECK(refusal(full, ask(0, 0, {80})) == "RESOURCE:PORTS");
}

TEST_CASE("a host that gives more than it has takes nothing more") {
  Candidate over = host("a", 1000, 1000);
  over.used = ask(2000, 500);
  CHECK(refusal(over, ask(1, 1)) == "RESOURCE:CPU");
}

TEST_CASE("of several reasons the first is told: the host's state, CPU, memory, ports") {
  Candidate bad = host("a", 1, 1);
  bad.used = ask(0, 0, {80});
  bad.active = false;
  bad.connected = false;
  CHECK(refusal(bad, ask(2, 2, {80})) == "INACTIVE");
  bad.active = true;
  CHECK(refusal(bad, ask(2, 2, {80})) == "AGENT");
  bad.connected = true;
  CHECK(refusal(bad, ask(2, 2, {80})) == "RESOURCE:CPU");
  CHECK(refusal(bad, ask(1, 2, {80})) == "RESOURCE:MEMORY");
  CHECK(refusal(bad, ask(1, 1, {80})) == "RESOURCE:PORTS");
  CHECK(refusal(bad, ask(1, 1, {81})).empty());
}

TEST_CASE("one port of many that is taken refuses the task") {
  Candidate busy = host("a");
  busy.used = ask(0, 0, {443});
  CHECK(refusal(busy, ask(1, 1, {80, 443, 8080})) == "RESOURCE:PORTS");
  CHECK(refusal(busy, ask(1, 1, {80, 444, 8080})).empty());
  CHECK(firstFit({busy, host("b")}, ask(1, 1, {443}), 1).placed == Places{"b"});
}
