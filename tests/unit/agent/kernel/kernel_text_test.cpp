#include "agent/kernel/kernel_text.hpp"

#include <catch2/catch.hpp>

namespace berth::agent {
namespace {

TEST_CASE("The groups of a process are read, with co-mounted controllers and paths with colons") {
  const auto lines = parseProcCgroup("5:cpu,cpuacct:/docker/a\n1:name=systemd:/x\n0::/k8s/a:b\n");
  REQUIRE(lines);
  REQUIRE(lines->size() == 3);
  CHECK(lines->at(0).controllers == std::vector<std::string>{"cpu", "cpuacct"});
  CHECK(lines->at(0).path == "/docker/a");
  CHECK(lines->at(1).controllers == std::vector<std::string>{"name=systemd"});
  CHECK(lines->at(2).controllers.empty());
  CHECK(lines->at(2).path == "/k8s/a:b");
  CHECK(parseProcCgroup("")->empty());
  for (const char* text : {"x", "a:b:/c", "1:cpu", "1:cpu:relative", "\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parseProcCgroup(text));
  }
}

TEST_CASE("Files of one number and of keyed numbers are read") {
  CHECK(parseOneLine("4096\n") == 4096);
  CHECK(parseOneLine("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "\n", "max\n", "-1\n", "1\n2\n", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parseOneLine(text));
  }
  CHECK(parseKeyed("cache 1\nrss 2\n", "rss") == 2);
  CHECK_FALSE(parseKeyed("total_cache 1\n", "cache"));
  CHECK_FALSE(parseKeyed("rss x\n", "rss"));
  CHECK_FALSE(parseKeyed("rss\n", "rss"));
  CHECK_FALSE(parseKeyed("", "rss"));
}

TEST_CASE("A line of numbers is read") {
  CHECK(parseNumbers("12 0 7 \n") == std::vector<uint64_t>{12, 0, 7});
  CHECK(parseNumbers("1") == std::vector<uint64_t>{1});
  for (const char* text : {"", "\n", "1 x\n", "1\n2\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parseNumbers(text));
  }
}

TEST_CASE("A limit is a number, or none") {
  CHECK(parseLimit("4096\n") == 4096);
  CHECK(parseLimit("max\n") == UINT64_MAX);
  CHECK_FALSE(parseLimit("many\n"));
  CHECK_FALSE(parseLimit(""));
}

TEST_CASE("Block I/O is read by device") {
  const auto v1 = parseBlkio(
      "8:0 Read 100\n8:0 Write 20\n8:0 Sync 120\n8:0 Async 0\n8:0 Total 120\n8:16 Read 1\n8:16 Write "
      "2\nTotal 123\n");
  REQUIRE(v1);
  CHECK(*v1 == std::vector<BlockUsage>{{8, 0, 100, 20}, {8, 16, 1, 2}});
  CHECK(parseBlkio("Total 0\n")->empty());
  for (const char* text : {"8:0 Read many\n", "8 Read 1\n", "a:b Write 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parseBlkio(text));
  }

  const auto lines = parseBlkioLines("8:0 Read 100\n8:16 Discard 2\nTotal 102\n");
  REQUIRE(lines);
  CHECK(*lines == std::vector<BlockLine>{{8, 0, "Read", 100}, {8, 16, "Discard", 2}});
  CHECK(parseBlkioLines("Total 0\n")->empty());
  for (const char* text : {"8:0 Read many\n", "8:0 Read\n", "8 Read 1\n", "\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parseBlkioLines(text));
  }

  const auto v2 = parseIoStat(
      "8:0 rbytes=100 wbytes=20 rios=1 wios=3\n8:16 rbytes=1 wbytes=2\n(unknown) rbytes=5\n253:0 \n");
  REQUIRE(v2);
  CHECK(*v2 == std::vector<BlockUsage>{{8, 0, 100, 20, 1, 3}, {8, 16, 1, 2}});
  CHECK(parseIoStat("")->empty());
  CHECK_FALSE(parseIoStat("8:0 rbytes=\n"));
}

TEST_CASE("Network counters are read by interface, without loopback") {
  const std::string head = "Inter-| Receive | Transmit\n face |bytes ...\n";
  const auto networks = parseNetDev(head +
                                    "    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n"
                                    "  eth0:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
                                    "  eth1:100 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
  REQUIRE(networks);
  REQUIRE(networks->size() == 2);
  const NetworkUsage& usage = networks->at("eth0");
  CHECK(usage.rxBytes == 1);
  CHECK(usage.rxPackets == 2);
  CHECK(usage.rxErrors == 3);
  CHECK(usage.rxDropped == 4);
  CHECK(usage.txBytes == 5);
  CHECK(usage.txPackets == 6);
  CHECK(usage.txErrors == 7);
  CHECK(usage.txDropped == 8);
  CHECK(networks->at("eth1").rxBytes == 100);
  CHECK(parseNetDev(head)->empty());
  CHECK_FALSE(parseNetDev(head + "eth0 1 2\n"));
  CHECK_FALSE(parseNetDev(head + "eth0: 1 2\n"));
}

TEST_CASE("The host's CPU time has what Docker adds up, and its CPUs are counted") {
  const auto host = parseProcStat("cpu  1 2 3 4 5 6 7 800 900 1000\ncpu0 1 2\ncpu1 1 2\nintr 5 cpu\n");
  REQUIRE(host);
  CHECK(host->ticks == 28);
  CHECK(host->cpus == 2);
  for (const char* text : {"", "cpu 1 2 3\n", "intr 1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parseProcStat(text));
  }
}

}  // namespace
}  // namespace berth::agent
