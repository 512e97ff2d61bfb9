#include "agent/host/drain.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/agent/host/loopback.hpp"

using namespace berth;
using namespace berth::agent;
using namespace std::chrono_literals;

namespace {

using Json = nlohmann::json;
using Action = CommandLine::Action;

/// An agent and its controller, behind one address.
struct DrainBench {
  http::Response answer(const http::ServerRequest& request) {
    if (request.path == "/v1/metadata") {
      ++looks;
      const Json arn = looks > joinsAfter ? Json("arn:i") : Json();
      return said(agentStatus, Json{{"Cluster", "prod"}, {"ContainerInstanceArn", arn}}.dump());
    }
    if (request.path == "/v1/tasks") return said(200, tasks());
    const std::string target(request.headers.get("X-Amz-Target").value_or(""));
    const std::string operation = target.substr(target.find('.') + 1);
    calls.push_back(operation);
    if (auto refusal = refusals.find(operation); refusal != refusals.end() && refusal->second.second-- > 0)
      return said(refusal->second.first, R"({"__type":"TestException","message":"refused"})");
    return called(operation, Json::parse(request.body));
  }

  http::Response called(const std::string& operation, const Json& input) {
    if (operation == "StopTask") {
      reason = input["reason"];
      stopping[input["task"]] = endsAfter;
      return said(200, "{}");
    }
    if (operation == "UpdateContainerInstancesState") state = input["status"];
    CHECK(input["cluster"] == "prod");
    CHECK(input["containerInstances"] == Json({"arn:i"}));
    return said(
        200, Json{{"containerInstances", {{{"containerInstanceArn", "arn:i"}, {"status", state}}}}}.dump());
  }

  /// Each look brings the tasks that are being stopped nearer to their end.
  std::string tasks() {
    Json list = Json::array();
    for (const std::string& arn : live) {
      const auto found = stopping.find(arn);
      const bool ended = found != stopping.end() && found->second-- <= 0;
      list.push_back({{"Arn", arn}, {"KnownStatus", ended ? "STOPPED" : "RUNNING"}});
    }
    return Json{{"Tasks", list}}.dump();
  }

  int run(CommandLine command) {
    if (command.timeout == 2min) command.timeout = 10s;
    out.str("");
    err.str("");
    int code = -1;
    service.run([&]() -> Async<void> {
      HostDrain::Means means{*agent,      controlPlane, service.clock, service.random,
                             service.log, marker(),     out,           err};
      HostDrain drain(means, command, {1ms, agentAnswers});
      code = co_await drain.run();
    });
    return code;
  }
  int drain(bool stopTasks = false, bool atShutdown = false) {
    CommandLine command;
    command.action = Action::Drain;
    command.stopTasks = stopTasks;
    command.atShutdown = atShutdown;
    return run(command);
  }
  int activate(bool afterShutdown) {
    CommandLine command;
    command.action = Action::Activate;
    command.afterShutdown = afterShutdown;
    return run(command);
  }

  std::string marker() const { return folder.path("drained-at-shutdown"); }
  bool marked() const { return std::filesystem::exists(marker()); }
  aws::ClientConfig client() const {
    aws::ClientConfig to;
    to.endpoint = service.url();
    to.scope = {"us-east-1", "ecs"};
    to.targetPrefix = "AmazonEC2ContainerServiceV20141113";
    return to;
  }

  TempDir folder;
  int agentStatus = 200;
  int looks = 0;
  int joinsAfter = 0;
  int endsAfter = 2;  ///< looks at a task that is being stopped
  Duration agentAnswers = 50ms;
  std::string state = "ACTIVE";
  std::string reason;
  std::set<std::string> live;
  std::map<std::string, int> stopping;
  std::map<std::string, std::pair<int, int>> refusals;  ///< operation: HTTP status, how often
  std::vector<std::string> calls;
  std::ostringstream out;
  std::ostringstream err;

  Loopback service{[this](const http::ServerRequest& request) { return answer(request); }};
  aws::StaticCredentials key{{"AKIA", "secret", "", std::nullopt}};
  aws::JsonClient json{service.client, client(), key, service.clock};
  ControlPlane controlPlane{json, key, "us-east-1", service.clock};
  std::optional<RunningAgent> agent{std::in_place, service.client, "0.0.0.0", service.port()};
};

}  // namespace

TEST_CASE("a host is drained by the identity that its agent tells, and its tasks go on") {
  DrainBench bench;
  bench.live = {"arn:t"};
  CHECK(bench.drain() == 0);
  CHECK(bench.state == "DRAINING");
  CHECK(bench.calls == std::vector<std::string>{"UpdateContainerInstancesState"});
  CHECK(bench.out.str() == "arn:i in prod is DRAINING\n");
  CHECK_FALSE(bench.marked());
}

TEST_CASE("its tasks are stopped for the reason given, and waited for until they have ended") {
  DrainBench bench;
  bench.live = {"arn:t1", "arn:t2"};
  CHECK(bench.drain(true) == 0);
  CHECK(std::ranges::count(bench.calls, "StopTask") == 2);
  CHECK(bench.reason == "The container instance is shut down");
  CHECK_THAT(bench.out.str(), Catch::Contains("stopping arn:t1\n") &&
                                  Catch::Contains("arn:t2 has stopped\n") &&
                                  Catch::EndsWith("no task runs on this host\n"));
}

TEST_CASE("what still runs when the time is over is named") {
  DrainBench bench;
  bench.live = {"arn:fast", "arn:slow"};
  bench.stopping = {{"arn:fast", 0}};
  bench.endsAfter = 1000000;
  CommandLine command;
  command.action = Action::Drain;
  command.stopTasks = true;
  command.timeout = 300ms;
  CHECK(bench.run(command) == 1);
  CHECK(bench.state == "DRAINING");
  CHECK_THAT(bench.err.str(), Catch::Contains("after 300ms these tasks still run: arn:slow\n"));
}

TEST_CASE("a call that may succeed later is repeated, one that can't is told at once") {
  DrainBench bench;
  bench.refusals["UpdateContainerInstancesState"] = {503, 2};
  CHECK(bench.drain() == 0);
  CHECK(bench.calls.size() == 3);
  CHECK_THAT(bench.err.str(), Catch::Contains("refused: trying again"));
  bench.refusals["UpdateContainerInstancesState"] = {400, 1};
  CHECK(bench.drain() == 1);
  CHECK(bench.calls.size() == 4);
  CHECK_THAT(bench.err.str(), Catch::Contains("can't make arn:i DRAINING: ") && Catch::Contains("refused"));
}

TEST_CASE("an agent that has not joined yet is waited for, one that does not answer not for long") {
  DrainBench bench;
  bench.joinsAfter = 2;
  CHECK(bench.drain() == 0);
  CHECK_THAT(bench.err.str(), Catch::Contains("has not joined its cluster yet"));
  DrainBench away;
  away.agent.emplace(away.service.client, "127.0.0.1", 9);
  CHECK(away.drain() == 1);
  CHECK_THAT(away.err.str(), Catch::Contains("no agent answers at http://127.0.0.1:9 "
                                             "(endpoints.introspection_address)") &&
                                 Catch::Contains("is berth-agent running?"));
}

TEST_CASE("what a shutdown has drained, the next start takes back, once") {
  DrainBench bench;
  CHECK(bench.activate(true) == 0);
  CHECK(bench.calls.empty());
  CHECK(bench.drain(false, true) == 0);
  CHECK(bench.marked());
  CHECK(bench.activate(true) == 0);
  CHECK(bench.state == "ACTIVE");
  CHECK_FALSE(bench.marked());
  bench.calls.clear();
  CHECK(bench.activate(true) == 0);
  CHECK(bench.calls.empty());
}

TEST_CASE("a host that somebody drained before its shutdown stays so") {
  DrainBench bench;
  CHECK(bench.drain() == 0);
  CHECK(bench.drain(false, true) == 0);
  CHECK_FALSE(bench.marked());
  CHECK(bench.activate(true) == 0);
  CHECK(bench.state == "DRAINING");
  CHECK(bench.activate(false) == 0);
  CHECK(bench.state == "ACTIVE");
}

TEST_CASE("two shutdowns in a row, the host not having been taken back between, are one") {
  DrainBench bench;
  CHECK(bench.drain(false, true) == 0);
  CHECK(bench.drain(false, true) == 0);
  CHECK(bench.marked());
  CHECK(bench.drain() == 0);
  CHECK_FALSE(bench.marked());
}

TEST_CASE(
    "a shutdown whose drain was refused leaves nothing to take back, nor does that of another instance") {
  DrainBench bench;
  bench.refusals["UpdateContainerInstancesState"] = {400, 1};
  CHECK(bench.drain(false, true) == 1);
  CHECK_FALSE(bench.marked());
  std::ofstream(bench.marker()) << "arn:other\n";
  bench.state = "DRAINING";
  CHECK(bench.activate(true) == 0);
  CHECK(bench.state == "DRAINING");
  CHECK_FALSE(bench.marked());
}
