#include "agent/network/held_ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>

namespace berth::agent::network {
namespace {

constexpr const char* kLoopback = "127.0.0.1";

bool isFree(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

/// The first of three free ports in a row. Tests run beside each other, so each process begins elsewhere.
uint16_t freeRow() {
  for (auto port = static_cast<uint16_t>(11000 + ::getpid() * 16 % 9000); port < 21000; port += 4) {
    if (isFree(port) && isFree(port + 1) && isFree(port + 2)) return port;
  }
  throw std::runtime_error("this host has no free ports for the test");
}

PortRules rulesFrom(uint16_t first) {
  PortRules out;
  out.first = first;
  out.last = first + 2;
  return out;
}

PortMapping wish(uint16_t container, uint16_t host) {
  PortMapping out;
  out.containerPort = container;
  out.hostPort = host;
  out.bindIp = kLoopback;
  return out;
}

TEST_CASE("A chosen port is held until it is released") {
  const uint16_t first = freeRow();
  HeldPorts ports(rulesFrom(first));
  const auto taken = ports.take("one", {wish(80, 0), wish(81, 0)});
  REQUIRE(taken);
  CHECK((*taken)[0].hostPort == first);
  CHECK((*taken)[1].hostPort == first + 1);
  CHECK_FALSE(isFree(first));
  ports.release("one");
  CHECK(isFree(first));
}

TEST_CASE("A port that is asked for is not given to one that takes any") {
  const uint16_t first = freeRow();
  HeldPorts ports(rulesFrom(first));
  const auto taken = ports.take("one", {wish(80, 0), wish(81, first)});
  REQUIRE(taken);
  CHECK((*taken)[0].hostPort == first + 1);
  CHECK((*taken)[1].hostPort == first);
}

TEST_CASE("Of several ports all are taken or none") {
  const uint16_t first = freeRow();
  HeldPorts ports(rulesFrom(first));
  REQUIRE(ports.take("one", {wish(80, first + 1)}));
  const auto refused = ports.take("two", {wish(80, first), wish(81, first + 1)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::FailedPrecondition);
  CHECK(refused.error().message ==
        "Bind for 127.0.0.1:" + std::to_string(first + 1) + " failed: port is already allocated");
  CHECK(isFree(first));
  CHECK_FALSE(isFree(first + 1));
}

TEST_CASE("Ports that are reserved or in use are not chosen, and an empty span is said") {
  const uint16_t first = freeRow();
  PortRules rules = rulesFrom(first);
  rules.reservedTcp = {first};
  HeldPorts ports(rules);
  HeldPorts other(rulesFrom(first + 1));
  REQUIRE(other.take("other", {wish(80, first + 1)}));
  CHECK(ports.take("one", {wish(80, 0)})->front().hostPort == first + 2);
  const auto none = ports.take("two", {wish(80, 0)});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Code::Unavailable);
  CHECK(none.error().message.find("dynamic_ports") != std::string::npos);
}

TEST_CASE("What was held before is held again, and what is lost is told") {
  const uint16_t first = freeRow();
  HeldPorts other(rulesFrom(first));
  REQUIRE(other.take("other", {wish(80, first)}));
  HeldPorts ports(rulesFrom(first));
  const auto lost = ports.takeAgain("one", {wish(80, first), wish(81, first + 1)});
  REQUIRE(lost.size() == 1);
  CHECK(lost.front().hostPort == first);
  CHECK_FALSE(isFree(first + 1));
}

TEST_CASE("What can't be published is refused by its name") {
  HeldPorts ports((PortRules()));
  PortMapping port = wish(80, 0);
  port.bindIp = "::1";
  CHECK(ports.take("one", {port}).error().message.find("\"::1\"") != std::string::npos);
  port = wish(80, 0);
  port.protocol = "sctp";
  CHECK(ports.take("one", {port}).error().message.find("\"sctp\"") != std::string::npos);
}

}  // namespace
}  // namespace berth::agent::network
