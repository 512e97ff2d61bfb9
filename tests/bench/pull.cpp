// Pulls of images by the containerd runtime, as the agent makes them. `bench-pull SOCKET FOLDER`: for each
// line on stdin, the name of an image, one pull; on stdout its milliseconds, and those of CPU time that this
// process spent.
#include <sys/resource.h>

#include <utility>

#include <boost/asio/io_context.hpp>
#include <iostream>
#include <optional>
#include <string>

#include "agent/runtimes/containerd/containerd_runtime.hpp"

namespace berth::agent {
namespace {

double cpuMillis(const rusage& usage) {
  const auto millis = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return millis(usage.ru_utime) + millis(usage.ru_stime);
}

rusage usedSoFar() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

template <class T, class Start>
Result<T> answerOf(boost::asio::io_context& io, Start start) {
  std::optional<Result<T>> answer;
  start([&answer](Result<T> result) { answer.emplace(std::move(result)); });
  io.restart();
  while (!answer) io.run_one();
  return std::move(*answer);
}

int serve(boost::asio::io_context& io, Runtime& runtime) {
  SystemClock clock;
  const auto info = answerOf<RuntimeInfo>(io, [&](auto done) { runtime.info(std::move(done)); });
  if (!info) {
    std::cerr << info.error().message << "\n";
    return 1;
  }
  std::string image;
  while (std::getline(std::cin, image)) {
    const MonoTime began = clock.now().mono;
    const double used = cpuMillis(usedSoFar());
    PullSpec spec;
    spec.image = image;
    const auto pulled = answerOf<PullOutcome>(io, [&](auto done) { runtime.pull(spec, std::move(done)); });
    if (!pulled) {
      std::cerr << pulled.error().message << "\n";
      return 1;
    }
    std::cout << std::chrono::duration<double, std::milli>(clock.now().mono - began).count() << " "
              << cpuMillis(usedSoFar()) - used << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace berth::agent

int main(int argc, char** argv) {
  using namespace berth;
  if (argc != 3) {
    std::cerr << "usage: bench-pull SOCKET FOLDER\n";
    return 2;
  }
  boost::asio::io_context io;
  http::Client client(io, http::ClientOptions{});
  SystemClock clock;
  SystemRandom random;
  NullLog log;
  agent::ContainerdOptions options;
  options.socket = std::string("unix://") + argv[1];
  options.folder = argv[2];
  options.keeper = {};  // nothing is run
  auto made = agent::ContainerdRuntime::make(io.get_executor(), {client, clock, random, log}, options);
  if (!made) {
    std::cerr << made.error().message << "\n";
    return 1;
  }
  const int code = agent::serve(io, **made);
  made->reset();
  io.restart();
  io.run();
  return code;
}
