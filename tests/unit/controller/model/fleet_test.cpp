#include "controller/model/fleet.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "controller/model/state.hpp"

namespace berth::controller {
namespace {

void keep(State& state, Entity value) { state.apply({Mutation(std::move(value))}); }

Instance instance(const std::string& id, const std::string& cluster = "c") {
  Instance out;
  out.id = id;
  out.cluster = cluster;
  return out;
}

void add(State& state, const Instance& one) { keep(state, one); }

Task task(const std::string& id, const std::string& host, const std::string& group) {
  Task out;
  out.id = id;
  out.instance = host;
  out.spec.edit([&](TaskSpec& spec) {
    spec.group = group;
    spec.resources.cpu = 10;
  });
  return out;
}

std::vector<std::string> idsIn(const State& state, const std::string& cluster) {
  std::vector<std::string> out;
  for (const Fleet::Slot slot : state.fleet().in(cluster)) out.push_back(state.fleet().at(slot).instance->id);
  std::ranges::sort(out);
  return out;
}

TEST_CASE("A fleet has the instances of each cluster that are not INACTIVE") {
  State state;
  for (const char* id : {"a", "b", "c"}) add(state, instance(id));
  add(state, instance("d", "other"));
  CHECK(idsIn(state, "c") == std::vector<std::string>{"a", "b", "c"});
  CHECK(idsIn(state, "other") == std::vector<std::string>{"d"});
  CHECK(idsIn(state, "none").empty());
  Instance gone = instance("a");
  gone.status = "INACTIVE";
  add(state, gone);
  add(state, gone);
  state.apply({{Kind::Instance, "c", nullptr}});
  CHECK(idsIn(state, "c") == std::vector<std::string>{"b"});
  CHECK_FALSE(state.fleet().find("a"));
  // Their slots are given to others.
  const size_t slots = state.fleet().slots();
  add(state, instance("e"));
  add(state, instance("f", "other"));
  CHECK(state.fleet().slots() == slots);
  CHECK(idsIn(state, "c") == std::vector<std::string>{"b", "e"});
  CHECK(idsIn(state, "other") == std::vector<std::string>{"d", "f"});
}

TEST_CASE("A load counts tasks that are not STOPPED, by group, and those that are wanted to run") {
  State state;
  add(state, instance("a"));
  keep(state, task("1", "a", "web"));
  keep(state, task("2", "a", "web"));
  keep(state, task("3", "a", "db"));
  const Load& load = *state.fleet().at(*state.fleet().find("a")).load;
  CHECK(load.used.cpu == 30);
  CHECK(load.of("web") == 2);
  CHECK(load.of("none") == 0);
  CHECK(load.running == 3);
  Task stopping = task("2", "a", "web");
  stopping.stopWanted = true;
  keep(state, stopping);
  CHECK(load.running == 2);
  CHECK(load.of("web") == 2);
  stopping.lastStatus = TaskStatus::Stopped;
  keep(state, stopping);
  state.apply({{Kind::Task, "2", nullptr}, {Kind::Task, "3", nullptr}});
  CHECK(load.used.cpu == 10);
  CHECK(load.groups == std::vector<std::pair<std::string, int64_t>>{{"web", 1}});
  CHECK(load.running == 1);
}

TEST_CASE("Who has changed since a position is told, until that is too long ago") {
  State state;
  add(state, instance("a"));
  add(state, instance("b"));
  const Fleet& fleet = state.fleet();
  const Fleet::Slot a = *fleet.find("a");
  const uint64_t position = fleet.position();
  CHECK(fleet.changedSince(position)->empty());
  const uint64_t version = fleet.at(a).version;
  const uint64_t registered = fleet.at(a).registered;
  keep(state, task("1", "a", "web"));
  state.setConnected("a", true);
  const auto changed = fleet.changedSince(position);
  REQUIRE(changed);
  CHECK(std::vector<Fleet::Slot>(changed->begin(), changed->end()) == std::vector<Fleet::Slot>{a, a});
  CHECK(fleet.at(a).version > version);
  CHECK(fleet.at(a).registered == registered);
  add(state, instance("a"));
  CHECK(fleet.at(a).registered > registered);
  for (int i = 0; i < 3000; ++i) state.setConnected("b", i % 2 == 0);
  CHECK_FALSE(fleet.changedSince(position));
  CHECK(fleet.changedSince(fleet.position() - 1000)->size() == 1000);
}

}  // namespace
}  // namespace berth::controller
