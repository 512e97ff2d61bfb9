// What the task server's v4 /task costs under load: bench-endpoints [REQUESTS A SECOND] [SECONDS].
//
// 200 tasks of three containers, replaced 1,000 times a second meanwhile. Requests leave on a fixed schedule
// over 32 kept connections, each is timed from the moment at which it should have left, so that a slow answer
// also counts for those that it delayed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/endpoints/rest/rest_server.hpp"
#include "agent/endpoints/task_server.hpp"

namespace {

using namespace berth;
using namespace berth::agent::endpoints;
using namespace std::chrono_literals;

constexpr size_t kTasks = 200;
constexpr size_t kConnections = 32;
constexpr int kUpdatesPerSecond = 1000;
constexpr uint16_t kPort = 51679;

std::string endpointId(size_t task, size_t container) {
  char text[64];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%06zu%06zu", task, container);
  return text;
}

std::shared_ptr<const TaskView> makeTask(size_t number, size_t round) {
  TaskView task;
  task.cluster = "default";
  task.taskArn = "arn:aws:ecs:eu-west-1:123456789012:task/default/" + std::to_string(number);
  task.family = "bench";
  task.revision = std::to_string(round);
  task.desiredStatus = task.knownStatus = "RUNNING";
  task.networkMode = "bridge";
  task.pullStartedAt = task.pullStoppedAt = fromEpochMillis(1719650000000);
  for (size_t at = 0; at < 3; ++at) {
    ContainerView one;
    one.endpointId = endpointId(number, at);
    one.dockerId = std::string(52, 'a') + endpointId(number, at).substr(24);
    one.name = "container-" + std::to_string(at);
    one.dockerName = "ecs-bench-1-" + one.name;
    one.image = "registry.internal:7500/team/service:1.2.3";
    one.imageId = "sha256:" + std::string(64, 'b');
    one.desiredStatus = one.knownStatus = "RUNNING";
    one.ports = {{8080, "tcp", 32768, "0.0.0.0"}};
    one.labels = {{"com.amazonaws.ecs.task-arn", task.taskArn},
                  {"com.amazonaws.ecs.container-name", one.name},
                  {"com.amazonaws.ecs.cluster", "default"}};
    one.networks = {{"bridge", {"172.17." + std::to_string(number) + "." + std::to_string(at + 2)}, {}, {}}};
    one.createdAt = one.startedAt = fromEpochMillis(1719650001000);
    task.containers.push_back(std::move(one));
  }
  return std::make_shared<const TaskView>(std::move(task));
}

/// Waits until a moment, without holding up who wants it to end.
class Pace {
 public:
  explicit Pace(const Clock& clock) : clock_(clock) {}
  /// False: ended.
  bool until(MonoTime when) {
    std::unique_lock guard(lock_);
    return !changed_.wait_for(guard, std::max(Duration(0), when - clock_.now().mono), [&] { return ended_; });
  }
  void end() {
    const std::lock_guard guard(lock_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  const Clock& clock_;
  std::mutex lock_;
  std::condition_variable changed_;
  bool ended_ = false;
};

/// One kept connection.
struct Connection {
  int fd = -1;
  std::optional<MonoTime> due;  ///< of the request under way
  std::string in;
};

Connection dial() {
  Connection made;
  made.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(kPort);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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
  Load(const Clock& clock, double perSecond, double seconds)
      : clock_(clock), perSecond_(perSecond), total_(static_cast<size_t>(perSecond * seconds)) {
    for (size_t one = 0; one < kConnections; ++one) connections_.push_back(dial());
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
    std::printf("rate %.0f/s (wanted %.0f/s), answers %zu, failed %zu%s\n",
                static_cast<double>(latencies_.size()) / seconds_, perSecond_, latencies_.size(), failed_,
                broken_ ? ", a connection broke" : "");
    std::printf("latency p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms\n", at(0.5), at(0.9), at(0.99),
                latencies_.back());
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
          "GET /v4/" + endpointId(issued_ % kTasks, 0) + "/task HTTP/1.1\r\nHost: 169.254.170.2\r\n\r\n";
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
    if (one.in.size() < head + 4 + std::stoul(one.in.substr(field + 16, 12))) return;
    if (one.in.starts_with("HTTP/1.1 200")) {
      latencies_.push_back(std::chrono::duration<double, std::milli>(clock_.now().mono - *one.due).count());
    } else {
      ++failed_;
    }
    one.due.reset();
    one.in.clear();
  }

  const Clock& clock_;
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

double cpuSeconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const double perSecond = argc > 1 ? std::atof(argv[1]) : 5000;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 10;
  const SystemClock clock;
  NullLog log;
  Directory directory;
  for (size_t task = 0; task < kTasks; ++task) directory.put(makeTask(task, 0));
  static_cast<void>(RestServer::useThreads(2).ok());
  RestServer server(log, clock);
  TaskServerOptions options;
  options.rate.perSecond = perSecond;  // all requests come from one address
  options.rate.burst = perSecond;
  TaskServer tasks(
      {.directory = directory,
       .clock = clock,
       .later = [&](Duration delay, std::function<void()> work) { server.later(delay, std::move(work)); },
       .peers = {},
       .protection = nullptr,
       .audit = {}},
      options);
  const Status started =
      server.start({.port = kPort}, [&](Request request, std::function<void(Response)> reply) {
        tasks.handle(std::move(request), std::move(reply));
      });
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  Pace pace(clock);
  std::atomic<size_t> updates = 0;
  std::thread updater([&] {
    const MonoTime begin = clock.now().mono;
    while (pace.until(begin + Duration(1s) * updates.load() / kUpdatesPerSecond)) {
      directory.put(makeTask(updates % kTasks, updates));
      ++updates;
    }
  });
  const double cpuBefore = cpuSeconds();
  Load load(clock, perSecond, seconds);
  load.run();
  const double cpu = cpuSeconds() - cpuBefore;
  pace.end();
  updater.join();
  load.show();
  std::printf("updates %.0f/s, CPU of server, updater and load together %.2f s\n",
              static_cast<double>(updates) / seconds, cpu);
  tasks.stop();
  server.stop();
  return 0;
}
