#include "controller/model/state.hpp"

#include <catch2/catch.hpp>

using namespace berth::controller;

namespace {

Task task(const std::string& id, const std::string& instance, int64_t cpu, std::set<uint16_t> ports = {}) {
  Task out;
  out.id = id;
  out.instance = instance;
  out.spec.edit([&](TaskSpec& spec) {
    spec.resources.cpu = cpu;
    spec.resources.ports = std::move(ports);
  });
  return out;
}

void put(State& state, Entity entity) {
  Transaction tx(state);
  tx.put(std::move(entity));
  state.apply(tx.take());
}

}  // namespace

TEST_CASE("nothing of a transaction shows before it is applied") {
  State state;
  {
    Transaction dropped(state);
    dropped.put(task("a", "i", 1));
    CHECK_FALSE(dropped.empty());
  }
  CHECK_FALSE(state.task("a"));
  CHECK(state.tasksOn("i").empty());
}

TEST_CASE("a transaction sees what it has staged, the last value of each key") {
  State state;
  put(state, task("a", "i", 1));
  Transaction tx(state);
  Task changed = *tx.task("a");
  changed.stopCode = "first";
  tx.put(changed);
  changed.stopCode = "second";
  tx.put(changed);
  CHECK(tx.task("a")->stopCode == "second");
  CHECK(state.task("a")->stopCode.empty());
  CHECK_FALSE(tx.task("b"));
  Mutations mutations = tx.take();
  CHECK(mutations.size() == 1);
  CHECK(tx.empty());
  state.apply(mutations);
  CHECK(state.task("a")->stopCode == "second");
}

TEST_CASE("an instance's use is what its tasks that have not stopped take") {
  State state;
  put(state, task("a", "i", 100, {80}));
  put(state, task("b", "i", 50, {81}));
  put(state, task("c", "other", 7));
  CHECK(state.used("i").cpu == 150);
  CHECK(state.used("i").ports == std::set<uint16_t>{80, 81});
  Task stopped = *state.task("a");
  stopped.lastStatus = TaskStatus::Stopped;
  put(state, stopped);
  CHECK(state.used("i").cpu == 50);
  CHECK(state.used("i").ports == std::set<uint16_t>{81});
  CHECK(state.tasksOn("i").size() == 2);
  put(state, stopped);
  CHECK(state.used("i").cpu == 50);
}

TEST_CASE("an erased task leaves nothing in the indexes") {
  State state;
  put(state, task("a", "i", 100, {80}));
  Transaction tx(state);
  tx.erase(Kind::Task, "a");
  state.apply(tx.take());
  CHECK_FALSE(state.task("a"));
  CHECK(state.tasksOn("i").empty());
  CHECK(state.used("i") == Resources{});
}

TEST_CASE("the newest active revision of a family skips the inactive ones") {
  State state;
  for (int64_t revision : {1, 2, 10}) {
    TaskDefinition definition;
    definition.family = "web";
    definition.revision = revision;
    definition.active = revision != 10;
    put(state, definition);
  }
  REQUIRE(state.newestActive("web"));
  CHECK(state.newestActive("web")->revision == 2);
  CHECK(state.definition("web:10")->revision == 10);
  CHECK_FALSE(state.newestActive("none"));
  CHECK_FALSE(state.definition("web:3"));
}

TEST_CASE("an instance that is put anew keeps whether it is connected") {
  State state;
  Instance instance;
  instance.id = "i";
  put(state, instance);
  state.setConnected("i", true);
  put(state, instance);
  CHECK(state.instance("i")->connected);
}

TEST_CASE("who keeps the newest value of an instance has the state's own") {
  State state;
  Instance instance;
  instance.id = "i";
  const Mutation first(instance);
  state.apply({first});
  CHECK(state.instance("i") == first.as<Instance>());
  state.setConnected("i", true);
  CHECK_FALSE(first.as<Instance>()->connected);
  instance = *state.instance("i");
  ++instance.version;
  const Mutation second(instance);
  state.apply({second});
  CHECK(state.instance("i") == second.as<Instance>());
  CHECK(state.sharedInstance("i").get() == second.as<Instance>());
  CHECK(state.fleet().at(*state.fleet().find("i")).instance == second.as<Instance>());
  state.apply({Mutation(Kind::Instance, "i", nullptr)});
  CHECK_FALSE(state.instance("i"));
  CHECK_FALSE(state.sharedInstance("i"));
}

TEST_CASE("every kind of entity is put, found by its key and erased") {
  State state;
  TaskDefinition definition;
  definition.family = "web";
  definition.revision = 3;
  Instance instance;
  instance.id = "i";
  const std::pair<Entity, std::string> kEntities[] = {{Cluster{"prod", true, "", ""}, "prod"},
                                                      {Family{"web", 3}, "web"},
                                                      {definition, "web:3"},
                                                      {instance, "i"},
                                                      {task("t", "i", 1), "t"},
                                                      {ClientToken{"prod/k", "", {}, {}}, "prod/k"},
                                                      {AccountSetting{"arn", "name", "v"}, "name/arn"},
                                                      {CapacityProvider{"rack", true, "", "", ""}, "rack"}};
  auto there = [&] {
    return std::vector<bool>{state.cluster("prod") != nullptr,
                             state.family("web") != nullptr,
                             state.definition("web:3") != nullptr,
                             state.instance("i") != nullptr,
                             state.task("t") != nullptr,
                             state.token("prod/k") != nullptr,
                             state.accountSetting("name/arn") != nullptr,
                             state.capacityProvider("rack") != nullptr};
  };
  for (const auto& [entity, key] : kEntities) {
    CHECK(keyOf(entity) == key);
    put(state, entity);
  }
  CHECK(there() == std::vector<bool>(8, true));
  size_t gone = 0;
  for (const auto& [entity, key] : kEntities) {
    state.apply({Mutation{kindOf(entity), key, nullptr}});
    std::vector<bool> wanted(8, true);
    std::fill_n(wanted.begin(), ++gone, false);
    CHECK(there() == wanted);
  }
}

TEST_CASE("erasing what is not there changes nothing") {
  State state;
  put(state, task("a", "i", 5));
  for (Kind kind : {Kind::Cluster, Kind::Family, Kind::TaskDefinition, Kind::Instance, Kind::Task,
                    Kind::ClientToken, Kind::AccountSetting, Kind::CapacityProvider}) {
    state.apply({Mutation{kind, "none:1", nullptr}});
  }
  CHECK(state.used("i").cpu == 5);
}

TEST_CASE("a transaction hands over its changes in the order of their first staging") {
  State state;
  Transaction tx(state);
  tx.put(Cluster{"b", true, "", ""});
  tx.put(Cluster{"a", true, "", ""});
  tx.put(Cluster{"b", false, "", ""});
  tx.erase(Kind::Task, "t");
  Mutations mutations = tx.take();
  REQUIRE(mutations.size() == 3);
  CHECK(mutations[0].key == "b");
  CHECK_FALSE(mutations[0].as<Cluster>()->active);
  CHECK(mutations[1].key == "a");
  CHECK(mutations[2].kind == Kind::Task);
  CHECK(mutations[2].erases());
  CHECK(tx.take().empty());
}

TEST_CASE("what is erased after it was put is gone, and what is put after it was erased is there") {
  State state;
  put(state, task("a", "i", 5));
  Transaction gone(state);
  gone.put(task("a", "i", 7));
  gone.erase(Kind::Task, "a");
  state.apply(gone.take());
  CHECK_FALSE(state.task("a"));
  CHECK(state.used("i") == Resources{});
  Transaction back(state);
  back.erase(Kind::Task, "a");
  back.put(task("a", "i", 9));
  state.apply(back.take());
  CHECK(state.used("i").cpu == 9);
}

TEST_CASE("entities of two kinds with one key are two entities") {
  State state;
  Transaction tx(state);
  tx.put(Cluster{"web", true, "", ""});
  tx.put(Family{"web", 1});
  CHECK(tx.take().size() == 2);
}

TEST_CASE("a task that changes is counted once, and on the instance where it is") {
  State state;
  put(state, task("a", "i", 100, {80}));
  put(state, task("a", "i", 60, {81}));
  CHECK(state.used("i").cpu == 60);
  CHECK(state.used("i").ports == std::set<uint16_t>{81});
  put(state, task("a", "other", 60));
  CHECK(state.used("i") == Resources{});
  CHECK(state.tasksOn("i").empty());
  CHECK(state.used("other").cpu == 60);
}

TEST_CASE("tasks that wait are their cluster's, the oldest first, and no instance's") {
  State state;
  const auto waiting = [](const std::string& id, int64_t created) {
    Task out = task(id, "", 100);
    out.spec.edit([](TaskSpec& spec) { spec.cluster = "c"; });
    out.lastStatus = TaskStatus::Provisioning;
    out.createdAt = berth::WallTime(std::chrono::milliseconds(created));
    return out;
  };
  put(state, waiting("a", 2));
  put(state, waiting("b", 1));
  put(state, waiting("c", 2));
  const auto line = [&] {
    std::string out;
    for (const Task* one : state.waitingIn("c")) out += one->id;
    return out;
  };
  CHECK(line() == "bac");
  CHECK(state.tasksOn("").empty());
  CHECK(state.used("") == Resources{});
  Task changed = waiting("b", 1);
  changed.version = 9;
  put(state, changed);
  CHECK((*state.waitingIn("c").begin())->version == 9);
  changed.lastStatus = TaskStatus::Pending;
  changed.instance = "i";
  put(state, changed);
  CHECK(line() == "ac");
  CHECK(state.used("i").cpu == 100);
  Task given_up = waiting("a", 2);
  given_up.lastStatus = TaskStatus::Stopped;
  put(state, given_up);
  state.apply({Mutation{Kind::Task, "c", nullptr}});
  CHECK(state.waitingIn("c").empty());
  state.apply({Mutation{Kind::Task, "a", nullptr}});
  CHECK(state.tasks().size() == 1);
}

TEST_CASE("a stopped task that is erased gives nothing back twice") {
  State state;
  put(state, task("b", "i", 50));
  Task stopped = task("a", "i", 100);
  put(state, stopped);
  stopped.lastStatus = TaskStatus::Stopped;
  put(state, stopped);
  state.apply({Mutation{Kind::Task, "a", nullptr}});
  CHECK(state.used("i").cpu == 50);
  REQUIRE(state.tasksOn("i").size() == 1);
  CHECK(state.tasksOn("i")[0]->id == "b");
}

TEST_CASE("an instance without tasks uses nothing") {
  State state;
  CHECK(state.used("none") == Resources{});
  CHECK(state.tasksOn("none").empty());
  state.setConnected("none", true);
  CHECK_FALSE(state.instance("none"));
}

TEST_CASE("a definition's key is its family and a revision") {
  State state;
  TaskDefinition definition;
  definition.family = "web";
  definition.revision = 1;
  put(state, definition);
  CHECK(definition.key() == "web:1");
  for (const char* key : {"web", "web:", "web:x", "web:1x", "web:2", ":1", "job:1", ""}) {
    CAPTURE(key);
    CHECK_FALSE(state.definition(key));
  }
  definition.active = false;
  put(state, definition);
  CHECK_FALSE(state.newestActive("web"));
}

TEST_CASE("resources add up and come apart again") {
  Resources all{100, 200, {80}, {53}};
  Resources more{1, 2, {81}, {54}};
  all.add(more);
  CHECK(all == Resources{101, 202, {80, 81}, {53, 54}});
  all.subtract(more);
  CHECK(all == Resources{100, 200, {80}, {53}});
}

TEST_CASE("GPUs come and go each by itself") {
  Resources used;
  const Resources one{1, 1, {}, {}, {{"GPU-1", "a"}, {"", "b"}}};
  const Resources other{1, 1, {}, {}, {{"GPU-2", "a"}, {"", "b"}}};
  used.add(one);
  used.add(other);
  CHECK(used.gpus.size() == 4);
  used.subtract(one);
  CHECK(used == other);
}

TEST_CASE("states have the API's names") {
  CHECK(name(TaskStatus::Pending) == "PENDING");
  CHECK(name(TaskStatus::Running) == "RUNNING");
  CHECK(name(TaskStatus::Stopping) == "STOPPING");
  CHECK(name(TaskStatus::Stopped) == "STOPPED");
  CHECK(name(ContainerStatus::Pending) == "PENDING");
  CHECK(name(ContainerStatus::Running) == "RUNNING");
  CHECK(name(ContainerStatus::Stopped) == "STOPPED");
}

TEST_CASE("containers have ids of their own, which follow from their task's") {
  Task one = task(std::string(31, 'a') + "0", "i", 1);
  Task other = task(std::string(31, 'a') + "1", "i", 1);
  std::set<std::string> ids;
  for (size_t place = 0; place < 10; ++place) {
    ids.insert(one.containerId(place));
    ids.insert(other.containerId(place));
  }
  CHECK(ids.size() == 20);
  CHECK(one.containerId(0) == Task(one).containerId(0));
  CHECK(one.containerId(3).size() == 36);
  CHECK(one.containerId(3)[14] == '4');
}

TEST_CASE("equal specs are kept once, whoever made them, and as long as a task has them") {
  State state;
  put(state, task("a", "i", 100));
  put(state, task("b", "i", 100));
  put(state, task("c", "i", 200));
  CHECK(state.task("a")->spec.pointer() == state.task("b")->spec.pointer());
  CHECK(state.task("a")->spec.pointer() != state.task("c")->spec.pointer());
  std::weak_ptr<const TaskSpec> spec = state.task("c")->spec.pointer();
  state.apply({Mutation{Kind::Task, "c", nullptr}});
  CHECK(spec.expired());
}

TEST_CASE("an instance's numbers follow the states of its tasks") {
  State state;
  Task one = task("a", "i", 100);
  put(state, one);
  CHECK(state.load("i").pending == 1);
  CHECK(state.load("i").running == 1);
  one.lastStatus = TaskStatus::Running;
  put(state, one);
  CHECK(state.load("i").pending == 0);
  CHECK(state.load("i").begun == 1);
  CHECK(state.load("i").settled == 1);
  one.stopWanted = true;
  one.lastStatus = TaskStatus::Stopping;
  put(state, one);
  CHECK(state.load("i").begun == 1);
  CHECK(state.load("i").settled == 0);
  CHECK(state.load("i").running == 0);
  one.lastStatus = TaskStatus::Stopped;
  put(state, one);
  CHECK(state.load("i").begun == 0);
  CHECK(state.used("i") == Resources{});
}

TEST_CASE("a task finds its containers by name") {
  Task both = task("a", "i", 1);
  both.containers.resize(2);
  both.spec.edit([](TaskSpec& spec) {
    spec.containers.resize(2);
    spec.containers[0].name = "app";
    spec.containers[1].name = "side";
  });
  CHECK(both.find("side") == &both.containers[1]);
  CHECK_FALSE(both.find("none"));
}
