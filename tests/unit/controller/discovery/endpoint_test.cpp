#include "controller/discovery/endpoint.hpp"

#include "tests/unit/controller/discovery/sample.hpp"

namespace berth::controller {
namespace {

using namespace sample;
using Ports = std::vector<ServedPort>;

TEST_CASE("a label has 1 to 63 letters, digits, hyphens and underscores") {
  CHECK(isLabel("a"));
  CHECK(isLabel("Web-1_x"));
  CHECK(isLabel(std::string(63, 'a')));
  for (const std::string& wrong : {std::string(), std::string(64, 'a'), std::string("a.b"),
                                   std::string("a b"), std::string("\xc3\xa4"), std::string("a\0b", 3)}) {
    INFO(wrong);
    CHECK_FALSE(isLabel(wrong));
  }
}

TEST_CASE("the main port is the first TCP port, and each is named once") {
  State state;
  Task task = publishing(running("t", "h"), 53, 32700, true);
  task = publishing(publishing(publishing(task, 80, 32768), 80, 32768), 443, 32769);
  task = publishing(task, 81, 0);
  CHECK(portsOf(state, task, {"web"}) ==
        Ports{{"app", 80, 32768, 0, false}, {"app", 53, 32700, 0, true}, {"app", 443, 32769, 0, false}});
}

TEST_CASE("a registry offers the one port that it names, also out of a range") {
  State state;
  Task task = publishing(running("t", "h"), 80, 32768);
  task.containers[0].bindings.push_back(range());
  CHECK(portsOf(state, task, {"web", "app", 80}) == Ports{{"app", 80, 32768, 0, false}});
  CHECK(portsOf(state, task, {"web", "app", 9003}) == Ports{{"app", 9003, 40003, 0, false}});
  CHECK(portsOf(state, task, {"web", "app", 9010}).empty());
  CHECK(portsOf(state, task, {"web", "other", 80}).empty());
  CHECK(portsOf(state, task, {"web"})[1] == ServedPort{"app", 9000, 40000, 9, false});
}

TEST_CASE("the ports of a task on its host's network are those of its definition") {
  State state;
  TaskDefinition definition;
  definition.family = "app";
  definition.revision = 1;
  definition.document = R"({"networkMode":"host","containerDefinitions":[{"name":"app","portMappings":[
    {"containerPort":8080,"protocol":"tcp"},{"containerPort":53,"protocol":"udp"}]}]})";
  state.apply({Mutation(definition)});
  const Task task = running("t", "h");
  CHECK(portsOf(state, task, {"web"}) == Ports{{"app", 8080, 8080, 0, false}, {"app", 53, 53, 0, true}});
  CHECK(portsOf(state, task, {"web", "app", 53}) == Ports{{"app", 53, 53, 0, true}});
  definition.document = R"({"networkMode":"bridge","containerDefinitions":[{"name":"app","portMappings":[
    {"containerPort":8080}]}]})";
  state.apply({Mutation(definition)});
  CHECK(portsOf(state, task, {"web"}).empty());
}

TEST_CASE("a service's registry gives name, container and port") {
  CHECK(namingOf(registered("web")) == Naming{"web", "", 0});
  CHECK(namingOf(registered("web", R"({"registryArn":"r","containerName":"app","containerPort":80})")) ==
        Naming{"web", "app", 80});
  CHECK_FALSE(namingOf(registered(std::string(64, 'a'))));
  Service plain = registered("web");
  plain.document = "{}";
  CHECK_FALSE(namingOf(plain));
  plain.tags = "not JSON at all: berth:dns";
  CHECK_FALSE(namingOf(plain));
  plain.tags = R"([{"key":"note","value":"berth:dns"}])";
  CHECK_FALSE(namingOf(plain));
}

TaskSet registeredSet(const std::string& id) {
  TaskSet out;
  out.cluster = "default";
  out.service = "web";
  out.id = id;
  out.document = R"({"serviceRegistries":[{"registryArn":"r","containerName":"app","containerPort":80}]})";
  return out;
}

TEST_CASE("a task set's registry gives its tasks the service's name, and its tag another one") {
  TaskSet set = registeredSet("ecs-svc/1");
  CHECK(namingOf(set) == Naming{"web", "app", 80});
  set.tags = nameTag("canary");
  CHECK(namingOf(set) == Naming{"canary", "app", 80});
  set.document = "{}";
  CHECK(namingOf(set) == Naming{"canary", "", 0});
  set.tags = "";
  CHECK_FALSE(namingOf(set));
  // That of the PRIMARY set stands in the service's record, too.
  Service service = registered("web");
  service.controller = DeploymentController::External;
  CHECK_FALSE(namingOf(service));
}

TEST_CASE("a task is named by its set, else its service, else itself") {
  State state;
  Task task = named(running("t", "h", "service:web"), "own");
  task.startedBy = "ecs-svc/1";
  CHECK(namingIn(state, task)->name == "own");
  Service service = registered("web");
  service.tags = nameTag("front");
  state.apply({Mutation(service)});
  CHECK(namingIn(state, task)->name == "front");
  TaskSet set = registeredSet("ecs-svc/1");
  state.apply({Mutation(set)});
  CHECK(namingIn(state, task) == Naming{"web", "app", 80});
}

TEST_CASE("only what answered and is stopped by its service goes on for a while") {
  State state;
  state.apply({Mutation(registered("web"))});
  const Duration drain = std::chrono::seconds(2);
  Task task = running("t", "h", "service:web");
  CHECK_FALSE(drainsUntil(state, task, drain));
  task.stopWanted = true;
  task.stopCode = "ServiceSchedulerInitiated";
  task.lastStatus = TaskStatus::Stopping;
  task.stoppingAt = WallTime(std::chrono::seconds(100));
  CHECK(drainsUntil(state, task, drain) == WallTime(std::chrono::seconds(102)));
  CHECK_FALSE(drainsUntil(state, task, Duration::zero()));
  Task other = task;
  other.stopCode = "UserInitiated";
  CHECK_FALSE(drainsUntil(state, other, drain));
  other = task;
  other.lastStatus = TaskStatus::Pending;
  CHECK_FALSE(drainsUntil(state, other, drain));
  other = task;
  TaskSpec spec = *other.spec;
  spec.group = "service:other";
  other.spec = Shared<TaskSpec>(spec);
  CHECK_FALSE(drainsUntil(state, other, drain));
  spec.group = "service:web";
  spec.containers[0].checksHealth = true;
  other.spec = Shared<TaskSpec>(spec);
  CHECK_FALSE(drainsUntil(state, other, drain));
  other.containers[0].health = Health::Healthy;
  CHECK(drainsUntil(state, other, drain));
}

}  // namespace
}  // namespace berth::controller
