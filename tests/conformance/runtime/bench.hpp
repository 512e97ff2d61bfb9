// What the runtime's conformance tests share: a real engine, and calls that wait for their answers.
#pragma once

#include <utility>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/runtimes/containerd/containerd_runtime.hpp"
#include "agent/runtimes/docker/docker_runtime.hpp"
#include "common/http/client.hpp"
#include "common/ids/random.hpp"
#include "common/time/clock.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::conformance {

/// What the environment offers: BERTH_TEST_DOCKER_SOCKET (a path), BERTH_TEST_REGISTRY (host:port of a
/// registry that takes pushes) and BERTH_TEST_IMAGE (an image in it with busybox's shell).
struct Site {
  std::string socket;
  std::string registry;
  std::string image;
  /// BERTH_TEST_CONTAINERD_SOCKET: a path; the runtime under test is then the one on this containerd, the
  /// engine beside it makes what the tests push into the registry. Empty: it is the one on the engine.
  std::string containerd;
};

/// nullopt when a variable is unset; the test is then skipped, and says so.
std::optional<Site> site();

class Bench {
 public:
  static constexpr const char* kLabel = "berth.conformance";

  explicit Bench(Site site);
  /// Removes the containers and images that the test has made.
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  const Site& site() const { return site_; }
  boost::asio::io_context& io() { return io_; }
  MonoTime now() const { return clock_.now().mono; }
  agent::Runtime& runtime() { return *runtime_; }
  void closeRuntime() { runtime_.reset(); }

  /// Another runtime, by way of another socket or with other deadlines.
  std::unique_ptr<agent::DockerRuntime> makeRuntime(agent::DockerOptions options,
                                                    agent::ImageMemory* images = nullptr);

  /// Runs the loop until `done` says so; false after two minutes.
  bool runUntil(const std::function<bool()>& done);
  /// Runs the loop for so long, to see what does not happen, or to come in the middle of something.
  void runFor(Duration time);

  /// Calls start(callback), which must not answer at once, and waits for the answer.
  template <class T, class Start>
  Result<T> call(Start start) {
    std::optional<Result<T>> answer;
    start(agent::Callback<T>([&answer](Result<T> result) {
      REQUIRE_FALSE(answer);
      answer.emplace(std::move(result));
    }));
    REQUIRE_FALSE(answer);
    REQUIRE(runUntil([&] { return answer.has_value(); }));
    if (!*answer) UNSCOPED_INFO("the answer: " << answer->error().message);
    return std::move(*answer);
  }

  Result<agent::PullOutcome> pull(agent::PullSpec spec);
  Result<std::string> create(agent::ContainerSpec spec);
  Result<agent::RuntimeContainer> start(const std::string& id);
  Result<agent::RuntimeContainer> stop(const std::string& id, Duration timeout);
  Status remove(const std::string& id, bool force);
  Result<std::optional<agent::RuntimeContainer>> inspect(const std::string& idOrName);
  Result<std::vector<agent::RuntimeContainer>> list(std::map<std::string, std::string> labels);

  /// A container of the test image that runs `script` in its shell; a name of its own, and kLabel.
  agent::ContainerSpec shell(const std::string& script);
  /// Makes the test image present, creates and starts.
  agent::RuntimeContainer run(agent::ContainerSpec spec);
  agent::RuntimeContainer untilExited(const std::string& id);
  /// A shell() whose script can tell how far it is: `echo > /said/WORD` is what untilSaid(WORD) waits for.
  /// When a container has been started its script has not: a signal may come before its trap.
  agent::ContainerSpec telling(const std::string& script);
  bool untilSaid(const std::string& word);

  /// Makes the test image present on the engine, whichever runtime is under test.
  void giveEngineTheImage();
  /// A call of the engine's API that the runtime does not offer; any 2xx is expected.
  http::Response engine(std::string method, std::string target, std::string body = {});
  Result<http::Response> attempt(http::Call request);
  /// Any HTTP exchange; any status is an answer.
  http::Response exchange(http::Call request);
  /// Takes the manifest out of the registry: its tags stand for nothing any more.
  void forgetInRegistry(const std::string& image, const std::string& digest);
  /// A name in the registry that no other test uses.
  std::string freshImage();

 private:
  Site site_;
  boost::asio::io_context io_;
  NullLog log_;
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<agent::DockerRuntime> docker_;  ///< beside the runtime on containerd
  std::unique_ptr<agent::Runtime> runtime_;
  std::set<std::string> containers_;
  std::vector<std::string> images_;
  TempDir said_;
};

}  // namespace berth::conformance

/// Declares `bench`, or skips the test.
#define BERTH_BENCH(bench)                                                                     \
  const auto bench##Site = berth::conformance::site();                                         \
  if (!bench##Site) {                                                                          \
    WARN("skipped: needs BERTH_TEST_DOCKER_SOCKET, BERTH_TEST_REGISTRY and BERTH_TEST_IMAGE"); \
    return;                                                                                    \
  }                                                                                            \
  berth::conformance::Bench bench(*bench##Site)
