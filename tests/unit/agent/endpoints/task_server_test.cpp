#include "agent/endpoints/task_server.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

using namespace std::chrono_literals;

/// Time that the test moves, and the work that waits for it.
class Stage final : public Clock {
 public:
  Now now() const override { return {time, wallAt(0)}; }
  Later later() {
    return [this](Duration delay, std::function<void()> work) {
      waiting.emplace(time + delay, std::move(work));
    };
  }
  void pass(Duration duration) {
    const MonoTime until = time + duration;
    while (!waiting.empty() && waiting.begin()->first <= until) {
      auto next = waiting.extract(waiting.begin());
      time = next.key();
      next.mapped()();
    }
    time = until;
  }
  /// As a server that stops.
  void callAll() {
    auto all = std::move(waiting);
    waiting.clear();
    for (auto& [at, work] : all) work();
  }

  MonoTime time{1h};
  std::multimap<MonoTime, std::function<void()>> waiting;
};

struct FakeProtection final : ProtectionClient {
  void call(ProtectionCall call, std::function<void(ProtectionAnswer)> done) override {
    calls.push_back(std::move(call));
    answers.push_back(std::move(done));
  }
  std::vector<ProtectionCall> calls;
  std::vector<std::function<void(ProtectionAnswer)>> answers;
};

struct ServerSetup {
  explicit ServerSetup(TaskServerOptions options = {}, PeerCheck peers = {})
      : server({directory, stage, stage.later(), std::move(peers), &protection,
                [this](const std::string& line) { audit.push_back(line); }},
               options) {
    directory.put(shared(sampleTask()));
    directory.setInstance({"default", "arn:ci", "1"});
  }
  void ask(const std::string& path, const std::string& from = "172.17.0.2") {
    server.handle(get(path, from), [this](Response response) { answers.push_back(std::move(response)); });
  }
  Response last() const {
    REQUIRE_FALSE(answers.empty());
    return answers.back();
  }
  Directory directory;
  Stage stage;
  FakeProtection protection;
  std::vector<std::string> audit;
  std::vector<Response> answers;
  TaskServer server;
};

TEST_CASE("Metadata is answered at once") {
  ServerSetup setup;
  setup.ask("/v4/" + kWebEndpoint + "/task");
  CHECK(json::parse(setup.last().body)["TaskARN"] == kArn);
  setup.ask("/v4//" + kWebEndpoint);
  CHECK(setup.last().status == 301);
  setup.ask("/" + std::string(2000, 'x'));
  CHECK(setup.last().status == 414);
}

TEST_CASE("Over the limit the answer is 429 in the original's words, and a flood waits for it") {
  ServerSetup setup;
  for (int one = 0; one < 61; ++one) setup.ask("/v4/" + kWebEndpoint);
  CHECK(setup.answers.size() == 61);
  CHECK(setup.last().status == 429);
  CHECK(setup.last().contentType == "text/plain");
  CHECK(setup.last().body == "You have reached maximum request limit.");
  CHECK(setup.last().headers.front() == std::pair<std::string, std::string>("X-Rate-Limit-Limit", "40.00"));
  for (int one = 0; one < 200; ++one) setup.ask("/v4/" + kWebEndpoint);
  CHECK(setup.answers.size() == 260);
  setup.ask("/v4/" + kWebEndpoint, "172.17.0.3");
  CHECK(setup.last().status == 200);
  setup.stage.pass(250ms);
  CHECK(setup.answers.size() == 262);
  CHECK(setup.last().status == 429);
}

TEST_CASE("Credentials that are there are given to their task, and recorded without the id") {
  ServerSetup setup;
  setup.directory.putCredentials("cred-1", sampleCredentials());
  setup.ask("/v2/credentials/cred-1");
  CHECK(setup.last().status == 200);
  REQUIRE(setup.audit.size() == 1);
  CHECK(setup.audit[0] == "2024-06-29T08:33:20Z 200 172.17.0.2 \"/v2/credentials\" - " + kArn +
                              " GetCredentials 2 default arn:ci");
  setup.ask("/v1/credentials?id=nope");
  CHECK(setup.last().status == 400);
  CHECK(setup.audit[1] == "2024-06-29T08:33:20Z 400 172.17.0.2 \"/v1/credentials\" - -");
  setup.ask("/v2/credentials");
  CHECK(json::parse(setup.last().body)["code"] == "NoIdInRequest");
}

TEST_CASE("A request for announced credentials waits for them") {
  ServerSetup setup;
  setup.directory.announceCredentials("cred-1", kArn);
  setup.ask("/v2/credentials/cred-1");
  CHECK(setup.answers.empty());
  CHECK(setup.server.waiting() == 1);
  setup.stage.pass(2s);
  CHECK(setup.answers.empty());
  setup.directory.putCredentials("cred-1", sampleCredentials());
  setup.stage.pass(50ms);
  CHECK(setup.last().status == 200);
  CHECK(setup.server.waiting() == 0);
}

TEST_CASE("After its time a waiting request is told to come again") {
  ServerSetup setup;
  setup.directory.announceCredentials("cred-1", kArn);
  setup.ask("/v2/credentials/cred-1");
  setup.stage.pass(4900ms);
  CHECK(setup.answers.empty());
  setup.stage.pass(200ms);
  CHECK(setup.last().status == 503);
  CHECK(json::parse(setup.last().body)["code"] == "CredentialsUninitialized");
  CHECK(setup.server.waiting() == 0);
  CHECK(setup.stage.waiting.empty());
}

TEST_CASE("A waiting request whose task is gone is answered") {
  ServerSetup setup;
  setup.directory.announceCredentials("cred-1", kArn);
  setup.ask("/v2/credentials/cred-1");
  setup.directory.erase(kArn);
  setup.stage.pass(100ms);
  CHECK(setup.last().status == 400);
}

TEST_CASE("Another task's container is refused by name of the rule") {
  ServerSetup setup;
  TaskView other = sampleTask("other");
  other.containers = {sampleContainer("x", "e", "d", "172.17.0.8")};
  setup.directory.put(shared(other));
  setup.directory.putCredentials("cred-1", sampleCredentials());
  setup.ask("/v2/credentials/cred-1", "172.17.0.8");
  CHECK(setup.last().status == 403);
  CHECK(json::parse(setup.last().body)["code"] == "AccessDenied");
  CHECK_THAT(setup.last().body, !Catch::Contains("secret"));
  CHECK_THAT(setup.audit.at(0), Catch::Contains(" 403 172.17.0.8 "));
}

TEST_CASE("A container that is too new to be known is served once it is known") {
  ServerSetup setup(
      {}, [](const std::string&) { return std::vector<PeerOwner>{{PeerOwner::Kind::Elsewhere, ""}}; });
  setup.directory.putCredentials("cred-1", sampleCredentials());
  setup.ask("/v2/credentials/cred-1", "172.17.0.20");
  setup.ask("/v2/credentials/cred-1", "172.17.0.21");
  setup.stage.pass(1s);
  CHECK(setup.answers.empty());
  TaskView task = sampleTask();
  task.containers[1].networks[0].ipv4Addresses = {"172.17.0.20"};
  setup.directory.put(shared(task));
  setup.stage.pass(500ms);
  REQUIRE(setup.answers.size() == 1);
  CHECK(setup.last().status == 200);
  setup.stage.pass(5s);
  REQUIRE(setup.answers.size() == 2);
  CHECK(setup.last().status == 403);
}

TEST_CASE("Few may wait, of one address and of all") {
  TaskServerOptions options;
  options.mostWaitingOfOne = 2;
  options.mostWaiting = 3;
  ServerSetup setup(options);
  setup.directory.announceCredentials("cred-1", kArn);
  for (int one = 0; one < 3; ++one) setup.ask("/v2/credentials/cred-1", "172.17.0.2");
  CHECK(setup.answers.size() == 1);
  CHECK(setup.last().status == 503);
  setup.ask("/v2/credentials/cred-1", "172.17.0.3");
  CHECK(setup.answers.size() == 1);
  setup.ask("/v2/credentials/cred-1", "172.17.0.3");
  CHECK(setup.answers.size() == 2);
  CHECK(setup.server.waiting() == 3);
}

TEST_CASE("When the server stops, everybody who waits is answered") {
  ServerSetup setup;
  setup.directory.announceCredentials("cred-1", kArn);
  setup.ask("/v2/credentials/cred-1");
  setup.directory.putCredentials("cred-2", sampleCredentials());
  TaskView task = sampleTask();
  task.credentialsId = "cred-2";
  setup.directory.put(shared(task));
  setup.ask("/api/" + kWebEndpoint + "/task-protection/v1/state");
  CHECK(setup.answers.empty());
  setup.server.stop();
  setup.stage.callAll();
  CHECK(setup.answers.size() == 2);
  CHECK(setup.stage.waiting.empty());
}

TEST_CASE("Task protection is answered by the API, or after 4 s without it") {
  ServerSetup setup;
  setup.directory.putCredentials("cred-1", sampleCredentials());
  const std::string path = "/api/" + kWebEndpoint + "/task-protection/v1/state";
  setup.ask(path);
  REQUIRE(setup.protection.calls.size() == 1);
  ProtectionResult result;
  result.tasks = {{kArn, true, {}}};
  setup.protection.answers[0](result);
  CHECK(json::parse(setup.last().body)["protection"]["ProtectionEnabled"] == true);
  setup.ask(path);
  setup.stage.pass(3900ms);
  CHECK(setup.answers.size() == 1);
  setup.stage.pass(200ms);
  CHECK(setup.last().status == 504);
  setup.protection.answers[1](result);
  CHECK(setup.answers.size() == 2);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
