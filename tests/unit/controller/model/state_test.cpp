#include "controller/model/state.hpp"

#include <catch2/catch.hpp>

using namespace berth::controller;

namespace {

Task task(const std::string& id, const std::string& instance, int64_t cpu, std::set<uint16_t> ports = {}) {
  Task out;
  out.id = id;
  out.instance = instance;
  out.resources.cpu = cpu;
  out.resources.ports = std::move(ports);
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
