// A blocking HTTP client of plain sockets, so that a test sees the very bytes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace berth::agent::endpoints::test {

inline sockaddr_in loopback(uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

inline uint16_t portOf(int fd) {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("getsockname");
  return ntohs(at.sin_port);
}

/// A socket that listens on a free port.
class Listening {
 public:
  Listening() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in at = loopback(0);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 || ::listen(fd_, 64) != 0) {
      throw std::runtime_error("can't listen on loopback");
    }
  }
  ~Listening() { ::close(fd_); }
  Listening(const Listening&) = delete;
  uint16_t port() const { return portOf(fd_); }

 private:
  int fd_;
};

/// A port that was free a moment ago.
inline uint16_t freePort() { return Listening().port(); }

class RawClient {
 public:
  explicit RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in at = loopback(port);
    const timeval limit{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      throw std::runtime_error("can't connect");
    }
  }
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  int fd() const { return fd_; }
  uint16_t port() const { return portOf(fd_); }
  /// False once the other side has cut the connection.
  bool send(const std::string& bytes) {
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  /// What comes next; empty at the end of the stream, after an error and after 20 s.
  std::string some() {
    char chunk[65536];
    const ssize_t size = ::recv(fd_, chunk, sizeof chunk, 0);
    return size > 0 ? std::string(chunk, static_cast<size_t>(size)) : std::string();
  }
  /// One answer with a Content-Length; what there is when the stream ends before.
  std::string answer() {
    std::string text;
    while (true) {
      const size_t head = text.find("\r\n\r\n");
      const size_t field = text.find("Content-Length: ");
      if (head != std::string::npos && field != std::string::npos && field < head) {
        const size_t body = std::stoul(text.substr(field + 16));
        if (text.size() >= head + 4 + body) return text;
      }
      const std::string more = some();
      if (more.empty()) return text;
      text += more;
    }
  }
  std::string ask(const std::string& request) {
    send(request);
    return answer();
  }
  std::string get(const std::string& target) { return ask("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"); }
  /// Whether the stream has ended; waits for it.
  bool ended() { return some().empty(); }

 private:
  int fd_;
};

}  // namespace berth::agent::endpoints::test
