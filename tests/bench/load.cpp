// Requests of paths of a local endpoint: bench-load REQUESTS-A-SECOND SECONDS ADDRESS:PORT PATH...
//
// They leave on a fixed schedule, at most 32 at a time, on connections that are used again where the server
// keeps them open. Each is timed from the moment at which it should have left, so that a slow answer also
// counts for those that it delayed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/time/clock.hpp"

namespace {

using namespace berth;
using namespace std::chrono_literals;

constexpr size_t kConnections = 32;

/// One request under way.
struct Connection {
  int fd = -1;
  std::optional<MonoTime> due;  ///< of the request under way
  std::string in;
};

Connection dial(const sockaddr_in& at) {
  Connection made;
  made.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(made.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    std::perror("can't connect");
    std::exit(1);
  }
  const int on = 1;
  ::setsockopt(made.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

class Load {
 public:
  Load(const Clock& clock, const sockaddr_in& server, std::vector<std::string> paths, double perSecond,
       double seconds)
      : clock_(clock),
        paths_(std::move(paths)),
        server_(server),
        perSecond_(perSecond),
        total_(static_cast<size_t>(perSecond * seconds)) {
    connections_.resize(kConnections);
  }
  ~Load() {
    for (const Connection& one : connections_) ::close(one.fd);
  }

  void run() {
    started_ = clock_.now().mono;
    while (latencies_.size() + failed_ < total_ && !broken_) {
      issue();
      wait();
    }
    seconds_ = std::chrono::duration<double>(clock_.now().mono - started_).count();
  }

  void show() {
    if (latencies_.empty()) {
      std::printf("no answer\n");
      return;
    }
    std::ranges::sort(latencies_);
    const auto at = [&](double part) {
      return latencies_[static_cast<size_t>(part * static_cast<double>(latencies_.size() - 1))];
    };
    // One line of "name value" pairs, for the program that runs this.
    std::printf("rate %.0f failed %zu broken %d p50 %.2f p90 %.2f p99 %.2f max %.2f\n",
                static_cast<double>(latencies_.size()) / seconds_, failed_, broken_ ? 1 : 0, at(0.5), at(0.9),
                at(0.99), latencies_.back());
  }

 private:
  MonoTime dueOf(size_t number) const {
    return started_ + std::chrono::duration_cast<Duration>(
                          std::chrono::duration<double>(static_cast<double>(number) / perSecond_));
  }

  /// Hands out what is due to connections that are free.
  void issue() {
    const MonoTime now = clock_.now().mono;
    for (size_t tried = 0; tried < connections_.size(); ++tried) {
      if (issued_ == total_ || dueOf(issued_) > now) return;
      Connection& one = connections_[next_++ % connections_.size()];
      if (one.due) continue;
      const std::string request =
          "GET " + paths_[issued_ % paths_.size()] + " HTTP/1.1\r\nHost: 169.254.170.2\r\n\r\n";
      if (one.fd < 0) one = dial(server_);
      one.due = dueOf(issued_++);
      const auto size = static_cast<ssize_t>(request.size());
      broken_ = broken_ || ::send(one.fd, request.data(), request.size(), MSG_NOSIGNAL) != size;
    }
  }

  void wait() {
    std::vector<pollfd> polled;
    for (const Connection& one : connections_) polled.push_back({one.fd, POLLIN, 0});
    const bool full =
        std::ranges::all_of(connections_, [](const Connection& one) { return one.due.has_value(); });
    const auto left = issued_ < total_ && !full ? dueOf(issued_) - clock_.now().mono : Duration(100ms);
    const timespec limit{0, std::clamp<long>(left.count(), 0, 100'000'000)};
    if (::ppoll(polled.data(), polled.size(), &limit, nullptr) <= 0) return;
    for (size_t at = 0; at < polled.size(); ++at) {
      if ((polled[at].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read(connections_[at]);
    }
  }

  void read(Connection& one) {
    char chunk[65536];
    const ssize_t size = ::recv(one.fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (size <= 0) {
      broken_ = true;
      return;
    }
    one.in.append(chunk, static_cast<size_t>(size));
    take(one);
  }

  void take(Connection& one) {
    const size_t head = one.in.find("\r\n\r\n");
    const size_t field = one.in.find("Content-Length: ");
    if (head == std::string::npos || field == std::string::npos || !one.due) return;
    const bool ends = one.in.find("Connection: close") < head;
    if (one.in.size() < head + 4 + std::stoul(one.in.substr(field + 16, 12))) return;
    if (one.in.starts_with("HTTP/1.1 200")) {
      latencies_.push_back(std::chrono::duration<double, std::milli>(clock_.now().mono - *one.due).count());
    } else {
      ++failed_;
    }
    one.due.reset();
    one.in.clear();
    if (!ends) return;
    ::close(one.fd);
    one.fd = -1;
  }

  const Clock& clock_;
  const std::vector<std::string> paths_;
  const sockaddr_in server_;
  const double perSecond_;
  const size_t total_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;
  MonoTime started_{};
  size_t issued_ = 0;
  size_t next_ = 0;
  size_t failed_ = 0;
  bool broken_ = false;
  double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string where = argc < 5 ? "" : argv[3];
  const size_t colon = where.find(':');
  sockaddr_in server{};
  server.sin_family = AF_INET;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &server.sin_addr) != 1) {
    std::fprintf(stderr, "usage: bench-load REQUESTS-A-SECOND SECONDS ADDRESS:PORT PATH...\n");
    return 2;
  }
  server.sin_port = htons(static_cast<uint16_t>(std::stoul(where.substr(colon + 1))));
  const SystemClock clock;
  Load load(clock, server, std::vector<std::string>(argv + 4, argv + argc), std::atof(argv[1]),
            std::atof(argv[2]));
  load.run();
  load.show();
  return 0;
}
