#include "agent/model/needs.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

HostCapacity host() { return HostCapacity{2048, 1000, {22}, {53}, {"gpu-a"}}; }

}  // namespace

TEST_CASE("a task needs the sum over its containers, reservations before limits") {
  acs::Task payload = sample::payload();
  payload.containers[0].cpu = 100;
  payload.containers[1].cpu = 28;
  payload.containers[1].dockerConfig.memoryReservation = int64_t{16} << 20;
  const Needs needs = needsOf(makeTask(payload));
  CHECK(needs.cpu == 128);
  CHECK(needs.memory == 64 + 16);
}

TEST_CASE("a task's own size comes before that of its containers") {
  acs::Task payload = sample::payload();
  payload.cpu = 0.5;
  payload.memory = 300;
  const Needs needs = needsOf(makeTask(payload));
  CHECK(needs.cpu == 512);
  CHECK(needs.memory == 300);
}

TEST_CASE("fixed host ports are needed in the modes that share the host's network") {
  for (const char* mode : {"", "bridge", "host", "none"}) {
    acs::Task payload = sample::payload();
    payload.networkMode = mode;
    payload.containers[0].portMappings = {{80, 8080, "tcp", 0}, {53, 5353, "udp", 0}, {90, 0, "tcp", 0}};
    const Needs needs = needsOf(makeTask(payload));
    const bool shares = std::string_view(mode) != "none";
    CHECK(needs.tcpPorts == (shares ? std::set<uint16_t>{8080} : std::set<uint16_t>{}));
    CHECK(needs.udpPorts == (shares ? std::set<uint16_t>{5353} : std::set<uint16_t>{}));
  }
}

TEST_CASE("what a host can never give is named with what it has") {
  CHECK_FALSE(neverFits(Needs{2048, 1000, {80}, {80}, {"gpu-a"}}, host()));
  CHECK(*neverFits(Needs{2049, 1, {}, {}, {}}, host()) ==
        "2049 units of CPU, and 2048 units is all that this host has for tasks");
  CHECK(neverFits(Needs{1, 1001, {}, {}, {}}, host())->find("memory") != std::string::npos);
  CHECK(*neverFits(Needs{1, 1, {22}, {}, {}}, host()) == "TCP port 22, which is reserved on this host");
  CHECK(neverFits(Needs{1, 1, {}, {53}, {}}, host())->find("UDP port 53") != std::string::npos);
  CHECK(neverFits(Needs{1, 1, {}, {}, {"gpu-b"}}, host())->find("gpu-b") != std::string::npos);
}

TEST_CASE("what is taken is free again when it is given back") {
  Needs used;
  const Needs some{1500, 600, {80}, {90}, {"gpu-a"}};
  CHECK_FALSE(lacking(some, host(), used));
  take(used, some);
  CHECK(*lacking(some, host(), used) == "1500 units of CPU, and 548 units are free");
  CHECK(*lacking(Needs{1, 401, {}, {}, {}}, host(), used) == "401 MiB of memory, and 400 MiB are free");
  CHECK(lacking(Needs{1, 1, {80}, {}, {}}, host(), used)->find("TCP port 80") != std::string::npos);
  CHECK(lacking(Needs{1, 1, {}, {90}, {}}, host(), used)->find("UDP port 90") != std::string::npos);
  CHECK(lacking(Needs{1, 1, {}, {}, {"gpu-a"}}, host(), used)->find("GPU") != std::string::npos);
  giveBack(used, some);
  CHECK_FALSE(lacking(some, host(), used));
}

TEST_CASE("who has what a task waits for is named, the largest first") {
  std::map<std::string, Needs> holders{{"a", Needs{100, 100, {80}, {}, {}}},
                                       {"b", Needs{100, 300, {}, {53}, {}}},
                                       {"c", Needs{100, 200, {}, {}, {"gpu-a"}}},
                                       {"d", Needs{100, 150, {}, {}, {}}}};
  const Needs used{400, 750, {80}, {53}, {"gpu-a"}};
  const auto held = [&](const Needs& needs) { return heldBy(needs, host(), used, holders); };
  CHECK(held(Needs{1, 500, {}, {}, {}}) == "; held by b (300 MiB), c (200 MiB), d (150 MiB) and 1 more");
  CHECK(held(Needs{1, 1, {80}, {}, {}}) == "; held by a");
  CHECK(held(Needs{1, 1, {}, {53}, {}}) == "; held by b");
  CHECK(held(Needs{1, 1, {}, {}, {"gpu-a"}}) == "; held by c");
  CHECK(held(Needs{1, 1, {}, {}, {}}).empty());
}

}  // namespace berth::agent
