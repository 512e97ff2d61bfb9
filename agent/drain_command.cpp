#include "agent/drain_command.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <iostream>

#include "agent/config/host.hpp"
#include "agent/host/drain.hpp"
#include "agent/host/running_agent.hpp"
#include "agent/options.hpp"
#include "agent/registrar.hpp"
#include "agent/runtime_choice.hpp"
#include "agent/wiring.hpp"
#include "common/async/callback.hpp"
#include "common/service/program.hpp"

namespace berth::agent {
namespace {

constexpr const char* kMarker = "/drained-at-shutdown";

int fail(const std::string& what) {
  std::cerr << "berth-agent: " << what << std::endl;
  return exit_code::kFailed;
}

/// What the commands have in common.
class Command {
 public:
  Command(const Config& config, const CommandLine& command, Log& log)
      : config_(config), command_(command), log_(log) {}

  int run() {
    int code = exit_code::kFailed;
    spawn(io_.get_executor(), log_, "command", [&]() -> Async<void> {
      switch (command_.action) {
        case CommandLine::Action::HealthCheck:
          code = co_await checkHealth();
          break;
        case CommandLine::Action::ShowAttributes:
          code = co_await showAttributes();
          break;
        default:
          code = co_await drain();
      }
    });
    io_.run();
    return code;
  }

 private:
  RunningAgent neighbour() {
    return RunningAgent(http_, config_.endpoints.introspection.host, config_.endpoints.introspection.port);
  }

  Async<int> checkHealth() {
    RunningAgent agent = neighbour();
    Status answers = co_await agent.answers({});
    co_return answers ? exit_code::kStopped : fail(answers.error().message);
  }

  Async<int> drain() {
    auto credentials = credentialsOf(config_, {awsHttp_, clock_, random_, log_});
    if (!credentials) co_return fail("can't read the credentials: " + credentials.error().message);
    aws::JsonClient client(http_, clientConfig(config_), **credentials, clock_);
    ControlPlane controlPlane(client, **credentials, config_.region, clock_);
    RunningAgent agent = neighbour();
    HostDrain::Means means{agent,     controlPlane, clock_, random_, log_, config_.dataDir + kMarker,
                           std::cout, std::cerr};
    HostDrain drain(means, command_, HostDrain::Pace());
    co_return co_await drain.run();
  }

  Async<int> showAttributes() {
    auto chosen =
        chooseRuntime(io_.get_executor(), RuntimeMeans{http_, clock_, random_, log_, nullptr, {}}, config_);
    if (!chosen) co_return fail(chosen.error().message);
    Runtime& runtime = *chosen->runtime;
    auto info = co_await loopAwait<RuntimeInfo>([&](auto done) { runtime.info(std::move(done)); });
    if (!info) co_return fail("the container runtime does not answer: " + info.error().message);
    const Gpus gpus = config_.capabilities.gpu ? findGpus() : Gpus{};
    for (const auto& [name, value] : attributesOf(config_, *info, gpus)) {
      std::cout << name << (value.empty() ? "" : "\t" + value) << "\n";
    }
    io_.stop();  // the runtime's streams have no end of their own
    co_return exit_code::kStopped;
  }

  const Config& config_;
  const CommandLine& command_;
  Log& log_;
  SystemClock clock_;
  SystemRandom random_;
  boost::asio::io_context io_{1};
  http::Client http_{io_, httpOptions(config_.caFile)};
  http::Client awsHttp_{io_, httpOptions("")};
};

}  // namespace

int runCommand(const Config& config, const CommandLine& command, Log& log) {
  return Command(config, command, log).run();
}

}  // namespace berth::agent
