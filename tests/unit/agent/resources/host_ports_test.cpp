#include "agent/resources/host_ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <stdexcept>
#include <vector>

namespace berth::agent {
namespace {

/// Holds a port of the loopback address as long as it lives; one that is taken already counts as held.
class Held {
 public:
  explicit Held(uint16_t port, bool udp = false) : fd_(::socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    free_ = ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Held() { ::close(fd_); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  bool wasFree() const { return free_; }

 private:
  int fd_;
  bool free_ = false;
};

/// The first of `count` ports in a row that are free for both protocols, below the kernel's own range. Tests
/// run beside each other, so each process begins elsewhere.
uint16_t freeRow(uint16_t count) {
  uint16_t row = 0;
  for (auto port = static_cast<uint16_t>(21000 + ::getpid() * 64 % 9000); port < 31000; ++port) {
    row = Held(port).wasFree() && Held(port, true).wasFree() ? static_cast<uint16_t>(row + 1) : 0;
    if (row == count) return static_cast<uint16_t>(port - count + 1);
  }
  throw std::runtime_error("this host has no free ports for the test");
}

TEST_CASE("Ports are given one after another, and around again") {
  const uint16_t first = freeRow(3);
  HostPorts ports({first, first + 2});
  for (int round = 0; round < 2; ++round) {
    for (uint16_t i = 0; i < 3; ++i) CHECK(*ports.take(1, "tcp") == first + i);
  }
}

TEST_CASE("Ports are taken from where it is told to begin, and around the end of the span") {
  const uint16_t first = freeRow(4);
  HostPorts ports({first, first + 3}, first + 2);
  for (const int offset : {2, 3, 0, 1}) CHECK(*ports.take(1, "tcp") == first + offset);
  CHECK(apartFromDocker({32768, 60999}) == 46883);
  CHECK(apartFromDocker({5, 5}) == 5);
}

TEST_CASE("A port that somebody uses is left out, for its protocol only") {
  const uint16_t first = freeRow(3);
  const Held tcp(first + 1);
  HostPorts ports({first, first + 2});
  CHECK(*ports.take(1, "tcp") == first);
  CHECK(*ports.take(1, "tcp") == first + 2);
  HostPorts others({first, first + 2});
  CHECK(*others.take(1, "udp") == first);
  CHECK(*others.take(1, "udp") == first + 1);
  const Held udp(first + 2, true);
  CHECK(*others.take(1, "udp") == first);
}

TEST_CASE("A row is of ports side by side, and does not go around the end") {
  const uint16_t first = freeRow(6);
  const Held used(first + 1);
  HostPorts ports({first, first + 5});
  CHECK(*ports.take(3, "tcp") == first + 2);
  // One port is left before the end: the row begins anew.
  CHECK(*ports.take(2, "tcp") == first + 2);
  CHECK(*ports.take(4, "tcp") == first + 2);
}

TEST_CASE("When there is no row of free ports, that is said") {
  const uint16_t first = freeRow(3);
  const Held used(first + 1);
  HostPorts ports({first, first + 2});
  const auto row = ports.take(2, "tcp");
  REQUIRE_FALSE(row);
  CHECK(row.error().code == Code::Unavailable);
  CHECK(row.error().message == "2 contiguous host ports are unavailable");
  const Held before(first);
  const Held after(first + 2);
  CHECK(ports.take(1, "tcp").error().message == "a host port is unavailable");
  CHECK(*ports.take(3, "udp") == first);
}

TEST_CASE("The kernel's range is one of ports") {
  const PortSpan span = kernelPortSpan();
  CHECK(span.first > 0);
  CHECK(span.first <= span.second);
}

}  // namespace
}  // namespace berth::agent
