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

struct FakeTags final : TagsClient {
  struct Call {
    std::string arn;
    std::string container;
    std::function<void(TagsAnswer)> done;
  };
  void listTags(std::string arn, std::string container, std::function<void(TagsAnswer)> done) override {
    calls.push_back({std::move(arn), std::move(container), std::move(done)});
  }
  std::vector<Call> calls;
};

struct ServerSetup {
  explicit ServerSetup(TaskServerOptions options = {}, PeerCheck peers = {})
      : server({directory, stage, stage.later(), std::move(peers), &protection, &tags,
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
  FakeTags tags;
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

TEST_CASE("An answer is made anew when its task has changed, and for each path") {
  ServerSetup setup;
  const std::string path = "/v4/" + kWebEndpoint;
  const auto ask = [&](const std::string& what) {
    setup.ask(what);
    return json::parse(setup.last().body);
  };
  for (int time = 0; time < 2; ++time) {
    CHECK(ask(path)["KnownStatus"] == "RUNNING");
    CHECK(ask(path + "/task")["KnownStatus"] == "RUNNING");
    CHECK(ask("/v4/" + kDbEndpoint + "/task")["Containers"].size() == 2);
  }
  TaskView task = sampleTask();
  task.knownStatus = task.containers[0].knownStatus = "STOPPED";
  setup.directory.put(shared(task));
  CHECK(ask(path)["KnownStatus"] == "STOPPED");
  CHECK(ask(path + "/task")["KnownStatus"] == "STOPPED");
  setup.directory.erase(kArn);
  setup.ask(path);
  CHECK(setup.last().status == 404);
}

TEST_CASE("Only who is known by its address may ask again on the same connection") {
  ServerSetup setup;
  setup.ask("/v4/" + kWebEndpoint + "/task", "172.17.0.2");
  CHECK(setup.last().keepOpen);
  setup.ask("/nothing", "172.17.0.2");
  CHECK(setup.last().keepOpen);
  for (const char* elsewhere : {"127.0.0.1", "10.9.9.9", ""}) {
    setup.ask("/v4/" + kWebEndpoint + "/task", elsewhere);
    CHECK(setup.last().status == 200);
    CHECK_FALSE(setup.last().keepOpen);
  }
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

TEST_CASE("All spellings of a path are limited together") {
  ServerSetup setup;
  for (int one = 0; one < 30; ++one) {
    setup.ask("/v2/credentials/abc");
    setup.ask("/v2/credentials/%61bc");
  }
  CHECK(setup.last().status == 400);
  for (const char* path : {"/v2/credentials/a%62c", "/%76%32/credentials/abc", "//v2/credentials/abc"}) {
    INFO(path);
    setup.ask(path);
    CHECK(setup.last().status == 429);
  }
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
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
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
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
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
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
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
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
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
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
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

TEST_CASE("Task protection waits for announced credentials, and no longer than those who ask for them") {
  ServerSetup setup;
  setup.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
  const std::string path = "/api/" + kWebEndpoint + "/task-protection/v1/state";
  setup.ask(path);
  setup.stage.pass(2s);
  CHECK(setup.answers.empty());
  CHECK(setup.server.waiting() == 1);
  setup.directory.putCredentials("cred-1", sampleCredentials());
  setup.stage.pass(50ms);
  REQUIRE(setup.protection.calls.size() == 1);
  CHECK(setup.protection.calls[0].credentials->accessKeyId == "AKIAEXAMPLE");
  CHECK(setup.server.waiting() == 0);

  ServerSetup late;
  late.directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
  late.ask(path);
  late.stage.pass(4900ms);
  CHECK(late.answers.empty());
  late.stage.pass(200ms);
  CHECK(late.last().status == 403);
  CHECK(late.protection.calls.empty());
  CHECK(late.server.waiting() == 0);
}

TEST_CASE("A document with tags comes once both the task's and the instance's are there") {
  ServerSetup setup;
  setup.ask("/v4/" + kWebEndpoint + "/taskWithTags");
  CHECK(setup.answers.empty());
  REQUIRE(setup.tags.calls.size() == 2);
  CHECK(setup.tags.calls[0].arn == "arn:ci");
  CHECK(setup.tags.calls[1].arn == kArn);
  CHECK(setup.tags.calls[1].container == "web");
  setup.tags.calls[1].done(Tags{{"team", "web"}});
  CHECK(setup.answers.empty());
  setup.tags.calls[0].done(Tags{{"rack", "4"}});
  const json shown = json::parse(setup.last().body);
  CHECK(shown["TaskTags"] == json({{"team", "web"}}));
  CHECK(shown["ContainerInstanceTags"] == json({{"rack", "4"}}));
  CHECK_FALSE(shown.contains("Errors"));
  // The limit and a second answer come to nothing, and keep nobody's connection.
  setup.tags.calls[0].done(Tags{});
  setup.stage.pass(60s);
  CHECK(setup.answers.size() == 1);
}

TEST_CASE("Tags that don't come are said to be missing, also when the server stops") {
  ServerSetup setup;
  setup.ask("/v4/" + kWebEndpoint + "/taskWithTags");
  setup.tags.calls[1].done(Tags{{"team", "web"}});
  if (GENERATE(false, true)) {
    setup.server.stop();
    setup.stage.callAll();
  } else {
    setup.stage.pass(30s);
    CHECK(setup.answers.empty());
    setup.stage.pass(1s);
  }
  const json shown = json::parse(setup.last().body);
  CHECK(shown["TaskTags"] == json({{"team", "web"}}));
  REQUIRE(shown["Errors"].size() == 1);
  CHECK(shown["Errors"][0]["ErrorField"] == "ContainerInstanceTags");
  CHECK(shown["Errors"][0]["ErrorCode"] == "RequestCanceled");
  setup.tags.calls[0].done(Tags{});
  CHECK(setup.answers.size() == 1);
}

TEST_CASE("A request for tags that comes while the server stops is answered at once") {
  ServerSetup setup;
  const Later atOnce = [](Duration, const std::function<void()>& work) { work(); };
  TaskServer stopped({setup.directory, setup.stage, atOnce, {}, nullptr, &setup.tags, {}});
  std::vector<Response> answers;
  stopped.handle(get("/v4/" + kWebEndpoint + "/taskWithTags"),
                 [&](Response response) { answers.push_back(std::move(response)); });
  for (const FakeTags::Call& call : setup.tags.calls) call.done(Tags{});
  REQUIRE(answers.size() == 1);
  CHECK(json::parse(answers[0].body)["Errors"].size() == 2);
}

TEST_CASE("Before it is registered an instance is not asked about, and few may wait for tags") {
  TaskServerOptions options;
  options.mostTaggedOfOne = 1;
  ServerSetup setup(options);
  setup.directory.setInstance({"default", "", "1"});
  setup.ask("/v3/" + kWebEndpoint + "/taskWithTags");
  REQUIRE(setup.tags.calls.size() == 1);
  setup.ask("/v3/" + kWebEndpoint + "/taskWithTags");
  CHECK(setup.last().status == 429);
  setup.tags.calls[0].done(Tags{});
  CHECK(setup.last().status == 200);
  setup.ask("/v3/" + kWebEndpoint + "/taskWithTags");
  CHECK(setup.tags.calls.size() == 2);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
