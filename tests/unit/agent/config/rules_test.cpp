#include "agent/config/rules.hpp"

#include <catch2/catch.hpp>

using namespace berth::agent;

TEST_CASE("a port is from 1 to 65535") {
  CHECK(isPort("1"));
  CHECK(isPort("65535"));
  for (const char* text : {"0", "65536", "-1", "+1", "", "80x", " 80"}) CHECK_FALSE(isPort(text));
}

TEST_CASE("a range of ports has two ends in order") {
  CHECK(parsePortRange("32768-60999") == PortRange{32768, 60999});
  CHECK(parsePortRange("80-80") == PortRange{80, 80});
  for (const char* text : {"", "80", "80-", "-80", "90-80", "0-80", "1-65536", "1-2-3", "1 - 2"})
    CHECK_FALSE(isPortRange(text));
}

TEST_CASE("a network of containers is one of IPv4, with room and nothing behind its prefix") {
  for (const char* text : {"10.190.0.0/20", "10.0.0.0/8", "192.168.7.8/29"}) CHECK(isSubnet(text));
  for (const char* text : {"", "10.190.0.0", "10.190.0.0/", "10.190.0.1/20", "10.190.8.0/20", "10.0.0.0/7",
                           "10.0.0.0/30", "10.0.0/8", "fd00::/64", "10.0.0.0/8 ", "256.0.0.0/8"})
    CHECK_FALSE(isSubnet(text));
}

TEST_CASE("a rate has two positive numbers") {
  CHECK(parseRequestRate("40,60") == RequestRate{40, 60});
  CHECK(parseRequestRate(" 1 , 1 ") == RequestRate{1, 1});
  for (const char* text : {"", "40", "40,", ",60", "0,60", "40,0", "-1,60", "1,2,3", "a,b", "4.5,60"})
    CHECK_FALSE(isRequestRate(text));
}

TEST_CASE("an address is IPv4 with a port") {
  CHECK(parseListenAddress("127.0.0.1:51678") == ListenAddress{"127.0.0.1", 51678});
  CHECK(isListenAddress("0.0.0.0:1"));
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "localhost:80", "1.2.3:80", "1.2.3.4.5:80",
        "256.0.0.1:80", "01.2.3.4:80", "[::1]:80", "1..2.3:80", "1.2.3.:80"})
    CHECK_FALSE(isListenAddress(text));
  CHECK(isLoopback("127.1.2.3:80"));
  CHECK_FALSE(isLoopback("128.0.0.1:80"));
  CHECK_FALSE(isLoopback("127.x:80"));
}

TEST_CASE("a socket is unix and absolute, an API http or https") {
  CHECK(isUnixSocket("unix:///run/docker.sock"));
  CHECK_FALSE(isUnixSocket("tcp://127.0.0.1:2375"));
  CHECK_FALSE(isUnixSocket("unix://run/docker.sock"));
  CHECK(isApi("http://h"));
  CHECK(isApi("https://h:1/p"));
  CHECK_FALSE(isApi("ws://h"));
  CHECK_FALSE(isApi("h"));
}
