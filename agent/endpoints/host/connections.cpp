#include "agent/endpoints/host/connections.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>

#include "agent/endpoints/message.hpp"
#include "agent/kernel/kernel_file.hpp"
#include "common/text/number.hpp"

namespace berth::agent::endpoints {
namespace {

// What a connection may have in flight; requests here are a few hundred bytes.
constexpr int kReceiveBuffer = 16 << 10;

/// Of the low descriptors: when fewer are free, sockets may have been beyond them a moment ago.
constexpr int kReserve = 128;

// Bytes that came in a burst are not a flood.
constexpr Duration kShortestLook = std::chrono::milliseconds(100);

/// A duplicate of a descriptor that somebody else owns: whatever that one does with its own, this one stays
/// what it is.
class Borrowed {
 public:
  explicit Borrowed(int fd) : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 0)) {}
  ~Borrowed() {
    if (fd_ >= 0) ::close(fd_);
  }
  Borrowed(Borrowed&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Borrowed& operator=(Borrowed&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Endpoint {
  std::string address;
  uint16_t port = 0;
};

std::optional<Endpoint> describe(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN];
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    if (inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text) == nullptr) return std::nullopt;
    return Endpoint{text, ntohs(v4.sin_port)};
  }
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    if (inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text) == nullptr) return std::nullopt;
    return Endpoint{plainAddress(text), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

std::optional<Endpoint> localEnd(int fd) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return std::nullopt;
  return describe(at);
}

std::optional<Endpoint> remoteEnd(int fd) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) return std::nullopt;
  return describe(at);
}

/// It has sent something and was not answered yet.
bool waits(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_bytes_received > 0 &&
         info.tcpi_bytes_sent == 0;
}

bool listens(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

/// The open descriptors below kSocketsBelow; nullopt where the process may not have so many. One call of the
/// kernel tells of all.
std::optional<std::vector<int>> lowDescriptors() {
  std::vector<pollfd> low(kSocketsBelow);
  for (size_t fd = 0; fd < low.size(); ++fd) low[fd].fd = static_cast<int>(fd);
  if (::poll(low.data(), low.size(), 0) < 0) return std::nullopt;
  std::vector<int> out;
  for (const pollfd& one : low) {
    if ((one.revents & POLLNVAL) == 0) out.push_back(one.fd);
  }
  return out;
}

std::vector<int> allDescriptors() {
  std::vector<int> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (!folder) return out;
  while (const dirent* entry = readdir(folder.get())) {
    if (const auto fd = parseNumber<int>(entry->d_name)) out.push_back(*fd);
  }
  return out;
}

/// The descriptors among which sockets may be. New ones get the lowest free number, so where there is one
/// left among the low ones, no socket is beyond them.
std::vector<int> candidates() {
  auto low = lowDescriptors();
  if (low && low->size() < kSocketsBelow - kReserve) return std::move(*low);
  return allDescriptors();
}

/// Calls visit(Borrowed) for each socket of this process whose own port is `port`.
template <class Visit>
void eachSocket(uint16_t port, Visit visit) {
  for (const int fd : candidates()) {
    const auto before = localEnd(fd);
    if (!before || before->port != port) continue;
    Borrowed socket(fd);
    // The number may have become another's in between.
    const auto end = socket.get() >= 0 ? localEnd(socket.get()) : std::nullopt;
    if (end && end->port == port) visit(std::move(socket), *end);
  }
}

}  // namespace

struct Connections::Open {
  Borrowed socket;
  Peer peer;
  Duration silence{};
  uint64_t received = 0;
  bool cut = false;
};

Connections::Connections(std::string address, uint16_t port, ConnectionLimits limits)
    : address_(std::move(address)), port_(port), limits_(limits) {}

std::vector<Connections::Open> Connections::find() {
  std::vector<Open> out;
  eachSocket(port_, [&](Borrowed socket, const Endpoint& local) {
    if (listens(socket.get())) {
      const bool ours = local.address == address_;
      if (ours) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
      return;
    }
    const auto remote = remoteEnd(socket.get());
    tcp_info info{};
    socklen_t size = sizeof info;
    // An outgoing connection that happens to have this port as its own is none of the server's: it was not
    // sent to a port we listen on, which the kernel rules out while the listener is there.
    if (!remote || ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return;
    const Peer peer(remote->address, remote->port);
    if (std::ranges::count(out, peer, &Open::peer) > 0) return;  // somebody else's duplicate
    Open open{std::move(socket), peer};
    open.silence = std::chrono::milliseconds(info.tcpi_last_data_sent);
    open.received = info.tcpi_bytes_received;
    out.push_back(std::move(open));
  });
  return out;
}

ConnectionsSeen Connections::look(MonoTime now) {
  const Duration passed = std::max<Duration>(kShortestLook, now - std::exchange(looked_, now));
  const double seconds = std::min(1.0, std::chrono::duration<double>(passed).count());
  const auto allowed = static_cast<uint64_t>(static_cast<double>(limits_.bytesPerSecond) * seconds);
  std::vector<Open> open = find();
  std::ranges::sort(open, std::less<>(), &Open::silence);
  std::map<Peer, uint64_t> received;
  std::map<std::string, size_t> ofOne;
  ConnectionsSeen seen{open.size(), 0};
  size_t kept = 0;
  for (Open& one : open) {
    const auto before = received_.find(one.peer);
    const uint64_t old = before == received_.end() ? 0 : std::min(before->second, one.received);
    const bool cut = one.silence > limits_.silence || one.received - old > allowed || kept >= limits_.most ||
                     ofOne[one.peer.first] >= limits_.mostOfOne;
    received[one.peer] = one.received;
    if (!cut) {
      ++kept;
      ++ofOne[one.peer.first];
      continue;
    }
    ++seen.cut;
    ::shutdown(one.socket.get(), SHUT_RDWR);
  }
  received_ = std::move(received);
  return seen;
}

std::vector<uint16_t> peerPorts(uint16_t port, const std::string& address) {
  std::vector<uint16_t> out;
  eachSocket(port, [&](const Borrowed& socket, const Endpoint&) {
    const auto remote = remoteEnd(socket.get());
    const bool fits = remote && remote->address == address && waits(socket.get());
    // A duplicate that another thread has borrowed just now is no second connection.
    if (fits && std::ranges::count(out, remote->port) == 0) out.push_back(remote->port);
  });
  return out;
}

}  // namespace berth::agent::endpoints
