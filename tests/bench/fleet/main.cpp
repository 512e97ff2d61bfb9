// A fleet of agents for a controller: bench-fleet ADDRESS:PORT CREDENTIALS-FILE
//
// Takes commands from standard input, a line each, and answers each with a line of "name value" pairs:
//   agents N              N agents more register and open their sessions
//   telemetry 0|1         whether agents that register from now on open a telemetry session
//   reports 0|1           whether they tell states on their command session (at first they do), or by calls
//   all                   waits until all agents are in session
//   run TASKS CALLERS     so many callers start tasks as fast as their calls are answered, until all are
//   RUNNING paced TASKS RATE      starts so many tasks a second, and describes a hundred of them all the
//   while leave N               the first N agents close their connections for good settle SECONDS waits
//   until no task was delivered for so long: how many since `leave`, how many seconds
//                         after it the last, its ARN, and when `leave` was by the wall clock
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "tests/bench/fleet/callers.hpp"

namespace {

using namespace berth;
using namespace berth::fleet;
using namespace std::chrono_literals;

constexpr size_t kMostCallers = 256;
constexpr size_t kPacedCallers = 32;

class Input final : public Watched {
 public:
  explicit Input(Poller& poller) { poller.watch(STDIN_FILENO, EPOLLIN, *this); }
  void onEvents(uint32_t) override {
    char chunk[4096];
    const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (size <= 0) std::exit(0);
    text_.append(chunk, static_cast<size_t>(size));
  }
  std::optional<std::string> line() {
    const size_t end = text_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string out = text_.substr(0, end);
    text_.erase(0, end + 1);
    return out;
  }

 private:
  std::string text_;
};

class Fleet {
 public:
  Fleet(const sockaddr_in& server, const std::string& host, const aws::Credentials& credentials)
      : requests_(host, credentials, clock_),
        timers_(clock_),
        deps_{poller_, server, requests_, timers_, clock_, random_, counts_},
        starter_(deps_, kMostCallers),
        input_(poller_) {}

  void serve() {
    while (true) {
      step();
      if (const auto line = input_.line()) obey(*line);
    }
  }

 private:
  void step() { poller_.step(timers_.run()); }

  template <class Condition>
  double until(Condition condition) {
    const MonoTime began = clock_.now().mono;
    while (!condition()) step();
    return std::chrono::duration<double>(clock_.now().mono - began).count();
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    size_t number = 0;
    double rate = 0;
    words >> command >> number >> rate;
    if (command == "quit") std::exit(0);
    if (command == "agents") return add(number);
    if (command == "all") return all();
    if (command == "telemetry") return setTelemetry(number != 0);
    if (command == "reports") return setReports(number != 0);
    if (command == "leave") return leave(number);
    if (command == "settle") return settle(number);
    if (command == "run") return run(number, static_cast<size_t>(rate));
    if (command == "paced") return paced(number, rate);
    std::printf("error unknown command %s\n", command.c_str());
    std::fflush(stdout);
  }

  /// A few at a time: a fleet is not switched on in one moment.
  void add(size_t number) {
    const size_t target = agents_.size() + number;
    const double seconds = until([&] {
      while (agents_.size() < target && agents_.size() < counts_.inSession + 200) {
        agents_.push_back(std::make_unique<Agent>(deps_, static_cast<uint32_t>(agents_.size())));
        agents_.back()->start();
      }
      return counts_.inSession == target;
    });
    say("agents %zu seconds %.3f refused %zu", agents_.size(), seconds, counts_.refused);
  }

  void setTelemetry(bool on) {
    deps_.telemetry = on;
    say("telemetry %d", on ? 1 : 0);
  }

  void setReports(bool bySession) {
    deps_.reports = bySession;
    say("reports %d", bySession ? 1 : 0);
  }

  void all() {
    const double seconds = until([&] { return counts_.inSession == agents_.size(); });
    say("in_session %zu seconds %.3f refused %zu", counts_.inSession, seconds, counts_.refused);
  }

  void leave(size_t number) {
    left_ = clock_.now();
    before_ = counts_.delivered;
    for (size_t i = 0; i < number; ++i) agents_[i]->leave();
    say("left %zu", number);
  }

  void settle(size_t seconds) {
    until([&] {
      return clock_.now().mono - std::max(counts_.lastDelivered, left_.mono) > std::chrono::seconds(seconds);
    });
    const auto took = std::chrono::duration<double>(std::max(counts_.lastDelivered, left_.mono) - left_.mono);
    say("delivered %zu seconds %.2f last %s left %.3f refused %zu", counts_.delivered - before_, took.count(),
        counts_.lastTask.c_str(), static_cast<double>(toEpochMillis(left_.wall)) / 1000, counts_.refused);
  }

  void run(size_t tasks, size_t callers) {
    const size_t target = counts_.reported + tasks;
    starter_.begin(tasks, 0, callers);
    const double seconds =
        until([&] { return starter_.done() && counts_.reported + starter_.failed() >= target; });
    Latencies& latencies = starter_.toPayload();
    say("tasks %zu seconds %.3f per_second %.0f p50 %.2f p99 %.2f failed %zu refused %zu", starter_.placed(),
        seconds, static_cast<double>(starter_.placed()) / seconds, latencies.at(0.5), latencies.at(0.99),
        starter_.failed(), counts_.refused);
  }

  void paced(size_t tasks, double perSecond) {
    std::vector<std::string> seen;
    const auto before = counts_.onDelivered;
    counts_.onDelivered = [&](std::string_view arn) {
      if (seen.size() < 100) seen.emplace_back(arn);
      before(arn);
    };
    const size_t target = counts_.reported + tasks;
    starter_.begin(tasks, perSecond, kPacedCallers);
    until([&] { return seen.size() == 100; });
    Describer describer(deps_, seen);
    describer.begin(SIZE_MAX);
    const double seconds =
        until([&] { return starter_.done() && counts_.reported + starter_.failed() >= target; });
    counts_.onDelivered = before;
    Latencies& latencies = describer.latencies();
    say("tasks %zu seconds %.3f calls %zu p50 %.2f p99 %.2f failed %zu refused %zu", starter_.placed(),
        seconds, latencies.count(), latencies.at(0.5), latencies.at(0.99), starter_.failed(),
        counts_.refused);
  }

  template <class... Values>
  void say(const char* format, Values... values) {
    std::printf(format, values...);
    std::printf("\n");
    std::fflush(stdout);
    if (!counts_.lastError.empty()) std::fprintf(stderr, "last error: %s\n", counts_.lastError.c_str());
    counts_.lastError.clear();
  }

  const SystemClock clock_;
  SystemRandom random_;
  Poller poller_;
  Counts counts_;
  Requests requests_;
  Timers timers_;
  FleetDeps deps_;
  std::vector<std::unique_ptr<Agent>> agents_;
  Starter starter_;
  Now left_{};         ///< when agents were made to leave
  size_t before_ = 0;  ///< tasks delivered until then
  Input input_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string where = argc == 3 ? argv[1] : "";
  const size_t colon = where.find(':');
  sockaddr_in server{};
  server.sin_family = AF_INET;
  if (colon == std::string::npos ||
      ::inet_pton(AF_INET, where.substr(0, colon).c_str(), &server.sin_addr) != 1) {
    std::fprintf(stderr, "usage: bench-fleet ADDRESS:PORT CREDENTIALS-FILE\n");
    return 2;
  }
  server.sin_port = htons(static_cast<uint16_t>(std::stoul(where.substr(colon + 1))));
  const auto credentials = aws::readCredentialsFile(argv[2]);
  if (!credentials) {
    std::fprintf(stderr, "%s\n", credentials.error().message.c_str());
    return 1;
  }
  Fleet(server, where, *credentials).serve();
}
