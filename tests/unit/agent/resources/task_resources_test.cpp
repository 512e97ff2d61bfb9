#include "agent/resources/task_resources.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>

#include "tests/support/temp_dir.hpp"

namespace berth::agent {
namespace {

using Events = std::vector<std::string>;

/// Makes and removes volumes, and says what it was asked for. Nothing else of a runtime is needed.
class VolumeRuntime final : public Runtime {
 public:
  explicit VolumeRuntime(std::deque<std::function<void()>>& loop) : loop_(loop) {}

  void ensureVolume(VolumeSpec spec, Callback<std::monostate> done) override {
    answer("make " + spec.name, std::move(done));
  }
  void removeVolume(std::string name, Callback<std::monostate> done) override {
    answer("remove " + name, std::move(done));
  }
  void ensureNetwork(std::string taskId, Callback<TaskNetwork> done) override {
    asked.push_back("network " + taskId);
    TaskNetwork made;
    made.ipv4 = "10.191.0.2";
    Result<TaskNetwork> result = made;
    if (const auto failure = failures.find("network " + taskId); failure != failures.end())
      result = failure->second;
    loop_.push_back([done = std::move(done), result] { done(result); });
  }
  void removeNetwork(std::string taskId, Callback<std::monostate> done) override {
    answer("no network " + taskId, std::move(done));
  }
  void info(Callback<RuntimeInfo>) override { FAIL("info"); }
  void pull(PullSpec, Callback<PullOutcome>) override { FAIL("pull"); }
  void create(ContainerSpec, Callback<std::string>) override { FAIL("create"); }
  void start(std::string, Callback<RuntimeContainer>) override { FAIL("start"); }
  void stop(std::string, Duration, Callback<RuntimeContainer>) override { FAIL("stop"); }
  void remove(std::string, bool, Callback<std::monostate>) override { FAIL("remove"); }
  void inspect(std::string, Callback<std::optional<RuntimeContainer>>) override { FAIL("inspect"); }
  void list(std::map<std::string, std::string>, Callback<std::vector<RuntimeContainer>>) override {
    FAIL("list");
  }
  void subscribe(std::string, std::function<void(RuntimeEvent)>) override { FAIL("subscribe"); }
  void tail(std::string, size_t, Callback<std::vector<std::string>>) override { FAIL("tail"); }
  void cancelPull(const std::string&) override { FAIL("cancel pull"); }
  std::vector<PullStatus> pullStatus() const override { return {}; }
  void listImages(Callback<std::vector<StoredImage>>) override { FAIL("list images"); }
  void listUses(bool, Callback<std::vector<ContainerUse>>) override { FAIL("list uses"); }
  void removeImage(StoredImage, Callback<std::monostate>) override { FAIL("remove image"); }
  void diskState(Callback<DiskState>) override { FAIL("disk"); }

  Events asked;
  std::map<std::string, Error> failures;  ///< by what was asked

 private:
  void answer(const std::string& what, Callback<std::monostate> done) {
    asked.push_back(what);
    const auto failure = failures.find(what);
    Result<std::monostate> result{std::monostate{}};
    if (failure != failures.end()) result = failure->second;
    loop_.push_back([done = std::move(done), result] { done(result); });
  }

  std::deque<std::function<void()>>& loop_;
};

struct Host {
  /// Runs what is due until nothing is.
  void run() {
    while (!loop.empty()) {
      const std::function<void()> next = std::move(loop.front());
      loop.pop_front();
      next();
    }
  }
  Result<SetUpOutcome> setUp(const TaskSetUp& what) {
    std::optional<Result<SetUpOutcome>> answer;
    resources.setUp(what, [&](Result<SetUpOutcome> result) { answer = std::move(result); });
    CHECK_FALSE(answer);  // never from inside the call
    run();
    REQUIRE(answer);
    return *answer;
  }
  Result<std::monostate> tearDown(const TaskSetUp& what) {
    std::optional<Result<std::monostate>> answer;
    resources.tearDown(what, [&](Result<std::monostate> result) { answer = result; });
    CHECK_FALSE(answer);
    run();
    REQUIRE(answer);
    return *answer;
  }
  bool has(const std::string& path) const { return std::filesystem::exists(folder.path(path)); }

  TempDir folder;
  std::string version2 = folder.write("cgroup/cgroup.controllers", "cpu memory pids\n");
  std::deque<std::function<void()>> loop;
  VolumeRuntime runtime{loop};
  HostTaskResources resources{runtime, keepBy(TaskGroups({folder.path("proc"), folder.path("cgroup")})),
                              HostPorts({40000, 49999}),
                              [this](std::function<void()> what) { loop.push_back(std::move(what)); }};
};

VolumeSpec volume(const std::string& name) {
  VolumeSpec out;
  out.name = name;
  return out;
}

TaskSetUp whole() {
  TaskSetUp out;
  out.taskId = "t1";
  out.volumes = {volume("a"), volume("b")};
  out.ownVolumes = {"b"};
  out.group = GroupLimits{};
  out.ports = {{"web", 0, 1, "tcp"}, {"web", 1, 2, "udp"}};
  return out;
}

TEST_CASE("A task's network is made last, and given back without the rest") {
  Host host;
  TaskSetUp what = whole();
  what.network = true;
  const auto made = host.setUp(what);
  REQUIRE(made);
  CHECK(host.runtime.asked == Events{"make a", "make b", "network t1"});
  REQUIRE(made->network);
  CHECK(made->network->ipv4 == "10.191.0.2");
  host.runtime.asked.clear();
  TaskSetUp left;
  left.taskId = "t1";
  left.network = true;
  CHECK(host.tearDown(left));
  CHECK(host.runtime.asked == Events{"no network t1"});
  host.runtime.failures.emplace("network t1", makeError(Code::ResourceExhausted, "no address is left"));
  const auto none = host.setUp(what);
  REQUIRE_FALSE(none);
  CHECK(none.error().message == "ContainerNetworkingError: no address is left");
}

TEST_CASE("Volumes, the group and ports are made, and their names answered") {
  Host host;
  const auto made = host.setUp(whole());
  REQUIRE(made);
  CHECK(host.runtime.asked == Events{"make a", "make b"});
  CHECK(made->cgroupParent == "/ecs/t1");
  CHECK(host.has("cgroup/ecs/t1"));
  REQUIRE(made->firstPorts.size() == 2);
  for (const uint16_t port : made->firstPorts) CHECK((port >= 40000 && port <= 49999));
  // Again after a restart of the agent: nothing is in the way.
  CHECK(host.setUp(whole()));
}

TEST_CASE("A task that shares nothing is set up at once") {
  Host host;
  const auto made = host.setUp({});
  REQUIRE(made);
  CHECK(made->cgroupParent.empty());
  CHECK(made->firstPorts.empty());
  CHECK(host.runtime.asked.empty());
  CHECK_FALSE(host.has("cgroup/ecs"));
}

TEST_CASE("A volume that can't be made ends the set-up, by its name") {
  Host host;
  host.runtime.failures.emplace("make a", makeError(Code::NotFound, "no such volume"));
  const auto made = host.setUp(whole());
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::NotFound);
  CHECK(made.error().message == "VolumeError: volume a: no such volume");
  CHECK(host.runtime.asked == Events{"make a"});
  CHECK_FALSE(host.has("cgroup/ecs"));
}

TEST_CASE("A group or a row of ports that can't be had is an error of its own kind") {
  Host host;
  host.folder.write("cgroup/ecs", "a file is in the way");
  const auto made = host.setUp(whole());
  REQUIRE_FALSE(made);
  CHECK_THAT(made.error().message,
             Catch::StartsWith("CgroupError: Agent could not create task's platform resources: "));

  Host other;
  TaskSetUp greedy = whole();
  greedy.ports = {{"web", 0, 20000, "tcp"}};
  const auto ports = other.setUp(greedy);
  REQUIRE_FALSE(ports);
  CHECK(ports.error().message == "PortError: 20000 contiguous host ports are unavailable");
  CHECK(ports.error().retryable);
}

TEST_CASE("What ends with the task is removed, and nothing else") {
  Host host;
  REQUIRE(host.setUp(whole()));
  host.runtime.asked.clear();
  CHECK(host.tearDown(whole()));
  CHECK(host.runtime.asked == Events{"remove b"});
  CHECK_FALSE(host.has("cgroup/ecs/t1"));
  // Again: what is gone is no error.
  CHECK(host.tearDown(whole()));
}

TEST_CASE("A tear-down that fails says why, and is done by the next one") {
  Host host;
  REQUIRE(host.setUp(whole()));
  host.runtime.failures.emplace("remove b", makeError(Code::FailedPrecondition, "volume is in use"));
  CHECK(host.tearDown(whole()).error().message == "volume is in use");
  CHECK(host.has("cgroup/ecs/t1"));
  host.runtime.failures.clear();
  host.folder.write("cgroup/ecs/t1/container", "");
  CHECK(host.tearDown(whole()).error().code == Code::FailedPrecondition);
  std::filesystem::remove(host.folder.path("cgroup/ecs/t1/container"));
  CHECK(host.tearDown(whole()));
  CHECK_FALSE(host.has("cgroup/ecs/t1"));
}

TEST_CASE("Tasks are set up side by side") {
  Host host;
  std::vector<std::string> parents;
  for (const char* id : {"t1", "t2"}) {
    TaskSetUp what = whole();
    what.taskId = id;
    host.resources.setUp(what,
                         [&](const Result<SetUpOutcome>& made) { parents.push_back(made->cgroupParent); });
  }
  host.run();
  CHECK(parents == std::vector<std::string>{"/ecs/t1", "/ecs/t2"});
  CHECK(host.runtime.asked == Events{"make a", "make a", "make b", "make b"});
}

}  // namespace
}  // namespace berth::agent
