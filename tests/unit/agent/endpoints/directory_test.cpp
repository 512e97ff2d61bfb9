#include "agent/endpoints/directory.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

TEST_CASE("A task is found by each of its names") {
  Directory directory;
  directory.put(shared(sampleTask()));
  CHECK(directory.byArn(kArn)->family == "web");
  REQUIRE(directory.byEndpointId(kDbEndpoint));
  CHECK(directory.byEndpointId(kDbEndpoint)->container().name == "db");
  REQUIRE(directory.byDockerId(kWebId));
  CHECK(directory.byDockerId(kWebId)->container().name == "web");
  CHECK(directory.byAddress("172.17.0.3")->taskArn == kArn);
  CHECK(directory.byDockerIdPrefix("aa", 10).size() == 2);
  CHECK(directory.byDockerIdPrefix("aa", 1).size() == 1);
  CHECK(directory.byDockerIdPrefix("aab", 10).size() == 1);
  CHECK(directory.byDockerIdPrefix("b", 10).empty());
  CHECK_FALSE(directory.byEndpointId("other"));
  CHECK_FALSE(directory.byDockerId(kWebId.substr(0, 12)));
  CHECK(directory.byAddress("172.17.0.9") == nullptr);
}

TEST_CASE("A new view of a task replaces the names of the old one") {
  Directory directory;
  directory.put(shared(sampleTask()));
  const auto before = directory.byEndpointId(kWebEndpoint);
  TaskView task = sampleTask();
  task.containers.pop_back();
  task.containers[0].networks[0].ipv4Addresses = {"172.17.0.7"};
  task.knownStatus = "CREATED";
  directory.put(shared(std::move(task)));
  CHECK_FALSE(directory.byEndpointId(kDbEndpoint));
  CHECK_FALSE(directory.byDockerId(kDbId));
  CHECK(directory.byAddress("172.17.0.2") == nullptr);
  CHECK(directory.byAddress("172.17.0.7")->knownStatus == "CREATED");
  CHECK(before->task->knownStatus == "RUNNING");
  CHECK(directory.size() == 1);
}

TEST_CASE("An erased task leaves no name, no statistics and no credentials") {
  Directory directory;
  directory.put(shared(sampleTask()));
  directory.putStats(kWebId, {wallAt(0), std::make_shared<const Usage>(), {}});
  directory.putCredentials("cred-1", sampleCredentials());
  directory.announceCredentials("cred-2", "another task", RoleCredentials::Role::Task);
  directory.erase(kArn);
  directory.erase(kArn);
  CHECK(directory.size() == 0);
  CHECK(directory.all().empty());
  CHECK_FALSE(directory.byEndpointId(kWebEndpoint));
  CHECK(directory.byDockerIdPrefix("", 10).empty());
  CHECK(directory.byAddress("172.17.0.2") == nullptr);
  CHECK_FALSE(directory.stats(kWebId));
  CHECK_FALSE(directory.credentials("cred-1"));
  CHECK(directory.credentials("cred-2"));
}

TEST_CASE("An address belongs to the task that was put last, and to no stopped one") {
  Directory directory;
  TaskView old = sampleTask("old");
  directory.put(shared(old));
  TaskView fresh = sampleTask("new");
  fresh.containers[0].endpointId = fresh.containers[0].dockerId = "f1";
  fresh.containers[1].endpointId = fresh.containers[1].dockerId = "f2";
  directory.put(shared(fresh));
  CHECK(directory.byAddress("172.17.0.2")->taskArn == "new");
  old.knownStatus = "STOPPED";
  directory.put(shared(old));
  CHECK(directory.byAddress("172.17.0.2")->taskArn == "new");
  directory.erase("old");
  CHECK(directory.byAddress("172.17.0.2")->taskArn == "new");
  CHECK(directory.byEndpointId(kWebEndpoint) == std::nullopt);
  fresh.knownStatus = "STOPPED";
  directory.put(shared(fresh));
  CHECK(directory.byAddress("172.17.0.2") == nullptr);
}

TEST_CASE("A stopped container of a running task has no address, and takes none from another") {
  Directory directory;
  TaskView old = sampleTask("old");
  directory.put(shared(old));
  old.containers[0].knownStatus = "STOPPED";
  directory.put(shared(old));
  CHECK(directory.byAddress("172.17.0.2") == nullptr);
  TaskView fresh = sampleTask("new");
  fresh.containers.resize(1);
  fresh.containers[0].endpointId = fresh.containers[0].dockerId = "f1";
  directory.put(shared(fresh));
  directory.put(shared(old));
  CHECK(directory.byAddress("172.17.0.2")->taskArn == "new");
  CHECK(directory.byAddress("172.17.0.3")->taskArn == "old");
}

TEST_CASE("The host's own address belongs to no task") {
  Directory directory;
  TaskView task = sampleTask();
  task.containers[0].networks = {{"host", {"10.0.0.5"}, {}, {}}};
  directory.put(shared(task));
  CHECK(directory.byAddress("10.0.0.5") == nullptr);
}

TEST_CASE("Statistics of a container that no task has are not kept") {
  Directory directory;
  directory.putStats("unknown", {wallAt(0), std::make_shared<const Usage>(), {}});
  CHECK_FALSE(directory.stats("unknown"));
  directory.put(shared(sampleTask()));
  directory.putStats(kDbId, {wallAt(0), std::make_shared<const Usage>(), {}});
  CHECK(directory.stats(kDbId));
  directory.eraseStats(kDbId);
  CHECK_FALSE(directory.stats(kDbId));
  directory.putStats(kDbId, {wallAt(0), std::make_shared<const Usage>(), {}});
  TaskView task = sampleTask();
  task.containers.pop_back();
  directory.put(shared(task));
  CHECK_FALSE(directory.stats(kDbId));
}

TEST_CASE("The reading before the current one is the previous one") {
  Directory directory;
  directory.put(shared(sampleTask()));
  const auto first = std::make_shared<const Usage>();
  const auto second = std::make_shared<const Usage>();
  directory.putStats(kWebId, {wallAt(1), first, {}});
  CHECK_FALSE(directory.stats(kWebId)->previous);
  directory.putStats(kWebId, {wallAt(2), second, {}});
  const auto stats = directory.stats(kWebId);
  CHECK(stats->current.at == wallAt(2));
  CHECK(stats->current.usage == second);
  REQUIRE(stats->previous);
  CHECK(stats->previous->at == wallAt(1));
  CHECK(stats->previous->usage == first);
}

TEST_CASE("Announcing credentials again does not take them away") {
  Directory directory;
  directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
  REQUIRE(directory.credentials("cred-1"));
  CHECK(directory.credentials("cred-1")->credentials == nullptr);
  directory.putCredentials("cred-1", sampleCredentials());
  directory.announceCredentials("cred-1", kArn, RoleCredentials::Role::Task);
  CHECK(directory.credentials("cred-1")->credentials->accessKeyId == "AKIAEXAMPLE");
}

TEST_CASE("Of a stopped task only the execution role's credentials are left, for its log drivers") {
  Directory directory;
  const auto role = GENERATE(RoleCredentials::Role::Task, RoleCredentials::Role::Execution);
  const bool kept = role == RoleCredentials::Role::Execution;
  RoleCredentials credentials = sampleCredentials();
  credentials.role = role;
  directory.put(shared(sampleTask()));
  directory.putCredentials("there", credentials);
  directory.announceCredentials("awaited", kArn, role);
  TaskView task = sampleTask();
  task.knownStatus = "STOPPED";
  directory.put(shared(task));
  CHECK(directory.credentials("there").has_value() == kept);
  CHECK(directory.credentials("awaited").has_value() == kept);
  // Nor do they come back with the next message that has them.
  directory.putCredentials("fresh", credentials);
  directory.announceCredentials("announced", kArn, role);
  CHECK(directory.credentials("fresh").has_value() == kept);
  CHECK(directory.credentials("announced").has_value() == kept);
}

TEST_CASE("The credentials of other tasks stay when one stops") {
  Directory directory;
  directory.put(shared(sampleTask()));
  directory.putCredentials("other", sampleCredentials("other"));
  TaskView task = sampleTask();
  task.knownStatus = "STOPPED";
  directory.put(shared(task));
  CHECK(directory.credentials("other"));
}

TEST_CASE("Readers see whole views while a writer replaces them") {
  Directory directory;
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        const auto found = directory.byEndpointId(kWebEndpoint);
        if (found && found->task->family != found->container().name) ++torn;
        static_cast<void>(directory.all());
      }
    });
  }
  for (int round = 0; round < 2000; ++round) {
    TaskView task = sampleTask();
    task.family = task.containers[0].name = "round-" + std::to_string(round);
    directory.put(shared(std::move(task)));
    if (round % 10 == 0) directory.erase(kArn);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(directory.size() == 1);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
