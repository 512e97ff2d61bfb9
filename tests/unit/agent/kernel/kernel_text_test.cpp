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

TEST_CASE("Block I/O is summed over the devices") {
  const auto v1 = parseBlkio(
      "8:0 Read 100\n8:0 Write 20\n8:0 Sync 120\n8:0 Async 0\n8:0 Total 120\n8:16 Read 1\n8:16 Write "
      "2\nTotal 123\n");
  REQUIRE(v1);
  CHECK(v1->read == 101);
  CHECK(v1->written == 22);
  CHECK(parseBlkio("Total 0\n")->read == 0);
  CHECK_FALSE(parseBlkio("8:0 Read many\n"));

  const auto v2 = parseIoStat("8:0 rbytes=100 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n");
  REQUIRE(v2);
  CHECK(v2->read == 101);
  CHECK(v2->written == 22);
  CHECK(parseIoStat("")->written == 0);
  CHECK_FALSE(parseIoStat("8:0 rbytes=\n"));
}

TEST_CASE("Network counters leave out the loopback interface") {
  const std::string head = "Inter-| Receive | Transmit\n face |bytes ...\n";
  const auto usage =
      parseNetDev(head + "    lo: 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9\n  eth0:1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n");
  REQUIRE(usage);
  CHECK(usage->rxBytes == 1);
  CHECK(usage->rxPackets == 2);
  CHECK(usage->rxErrors == 3);
  CHECK(usage->rxDropped == 4);
  CHECK(usage->txBytes == 5);
  CHECK(usage->txPackets == 6);
  CHECK(usage->txErrors == 7);
  CHECK(usage->txDropped == 8);
  CHECK(parseNetDev(head)->rxBytes == 0);
  CHECK_FALSE(parseNetDev(head + "eth0 1 2\n"));
  CHECK_FALSE(parseNetDev(head + "eth0: 1 2\n"));
}

}  // namespace
}  // namespace berth::agent
