#include <functional>
#include <map>

#include "tests/unit/controller/scheduler/sample.hpp"

namespace berth::controller::test {
namespace {

using Slot = Fleet::Slot;
using Copies = std::map<Slot, int64_t>;

int64_t tasksOf(const Cluster& cluster, const PlacementRequest& wanted, Slot slot, const Copies& copies) {
  const auto meant = copies.find(slot);
  return cluster.fleet().at(slot).load->of(wanted.group) + (meant == copies.end() ? 0 : meant->second);
}

/// What a level sees of an instance: alike instances are alike.
std::pair<int64_t, std::string> seen(const Cluster& cluster, const PlacementRequest& wanted,
                                     const Strategy& strategy, Slot slot, const Copies& copies) {
  const Fleet::Member& member = cluster.fleet().at(slot);
  const auto meant = copies.find(slot);
  const int64_t count = meant == copies.end() ? 0 : meant->second;
  switch (strategy.kind) {
    case Strategy::Kind::SpreadAttribute: {
      for (const Attribute& one : *member.instance->attributes) {
        if (one.name == strategy.attribute) return {0, "=" + one.value.value_or("")};
      }
      return {0, "none"};
    }
    case Strategy::Kind::SpreadInstance:
      return {tasksOf(cluster, wanted, slot, copies), ""};
    case Strategy::Kind::BinpackCpu:
      return {member.instance->registered.cpu - member.load->used.cpu - count * wanted.ask.cpu, ""};
    case Strategy::Kind::BinpackMemory:
      return {member.instance->registered.memory - member.load->used.memory - count * wanted.ask.memory, ""};
    case Strategy::Kind::Random:
      break;
  }
  return {0, ""};
}

/// Each strategy in turn: no instance that fits, among those that are alike to the chosen one by all earlier
/// strategies, would have been better.
void checkBest(const Cluster& cluster, const PlacementRequest& wanted, Slot chosen, const Copies& copies) {
  const auto count = [&](Slot slot) { return copies.contains(slot) ? copies.at(slot) : 0; };
  REQUIRE_FALSE(unfit(cluster.fleet().at(chosen), wanted, count(chosen)));
  std::vector<Slot> alike = cluster.fleet().in("c");
  for (const Strategy& strategy : wanted.strategies) {
    if (strategy.kind == Strategy::Kind::Random) return;
    std::map<std::pair<int64_t, std::string>, std::pair<bool, int64_t>> buckets;  // fits, tasks
    for (const Slot slot : alike) {
      auto& bucket = buckets[seen(cluster, wanted, strategy, slot, copies)];
      bucket.first |= !unfit(cluster.fleet().at(slot), wanted, count(slot));
      bucket.second += tasksOf(cluster, wanted, slot, copies);
    }
    const auto mine = seen(cluster, wanted, strategy, chosen, copies);
    for (const auto& [bucket, of] : buckets) {
      if (!of.first) continue;
      if (strategy.kind == Strategy::Kind::SpreadAttribute) {
        CHECK(buckets.at(mine).second <= of.second);
      } else {
        CHECK(mine.first <= bucket.first);
      }
    }
    std::erase_if(alike, [&](Slot slot) { return seen(cluster, wanted, strategy, slot, copies) != mine; });
  }
}

void checkPlan(const Cluster& cluster, const PlacementRequest& wanted, const std::vector<Slot>& plan,
               int64_t count) {
  Copies copies;
  for (const Slot slot : plan) {
    checkBest(cluster, wanted, slot, copies);
    ++copies[slot];
  }
  if (static_cast<int64_t>(plan.size()) == count) return;
  for (const Slot slot : cluster.fleet().in("c")) {
    CHECK(unfit(cluster.fleet().at(slot), wanted, copies.contains(slot) ? copies.at(slot) : 0));
  }
}

const Placing kWays[] = {placeByScan, byView};

TEST_CASE("Copies find places until nothing fits, and none beyond") {
  for (const Placing& place : kWays) {
    SeededRandom random(1);
    Cluster cluster;
    cluster.add("a");
    cluster.add("b", 500);
    const auto plan = place(cluster.fleet(), request(ask(400, 100)), 10, random);
    CHECK(plan.size() == 3);
    checkPlan(cluster, request(ask(400, 100)), plan, 10);
    CHECK(place(cluster.fleet(), request(ask(400, 100)), 10, random).size() == 3);
    PlacementRequest elsewhere = request();
    elsewhere.cluster = "d";
    CHECK(place(cluster.fleet(), elsewhere, 1, random).empty());
  }
}

TEST_CASE("spread keeps zones within one task of each other, whatever their instances are") {
  for (const Placing& place : kWays) {
    SeededRandom random(2);
    Cluster cluster;
    for (int i = 0; i < 12; ++i) {
      cluster.add("i" + std::to_string(i), 100'000, 100'000, {{"zone", i < 8 ? "a" : i < 11 ? "b" : "c"}});
    }
    const PlacementRequest wanted = request(ask(1, 1), {spreadOver("zone"), kSpreadInstances});
    const auto plan = place(cluster.fleet(), wanted, 100, random);
    REQUIRE(plan.size() == 100);
    checkPlan(cluster, wanted, plan, 100);
    std::map<std::string, int> zones;
    std::map<std::string, int> instances;
    for (const Slot slot : plan) {
      ++zones[*cluster.fleet().at(slot).instance->attributes->at(0).value];
      ++instances[cluster.fleet().at(slot).instance->id];
    }
    CHECK(zones.at("a") + zones.at("b") + zones.at("c") == 100);
    for (const auto& [zone, tasks] : zones) CHECK((tasks == 33 || tasks == 34));
    CHECK(instances.at("i11") == zones.at("c"));
    CHECK((instances.at("i0") == 4 || instances.at("i0") == 5));
  }
}

TEST_CASE("Tasks of a zone whose instances are full count in it") {
  for (const Placing& place : kWays) {
    SeededRandom random(3);
    Cluster cluster;
    cluster.add("full", 100, 100, {{"zone", "a"}});
    cluster.add("free", 1000, 1000, {{"zone", "a"}});
    cluster.add("other", 1000, 1000, {{"zone", "b"}});
    cluster.run("full", ask(100, 100));
    const auto plan = place(cluster.fleet(), request(ask(100, 100), {spreadOver("zone")}), 1, random);
    CHECK(cluster.ids(plan) == std::vector<std::string>{"other"});
  }
}

TEST_CASE("Instances without the attribute are one bucket more") {
  for (const Placing& place : kWays) {
    SeededRandom random(4);
    Cluster cluster;
    cluster.add("a", 1000, 1000, {{"zone", "a"}});
    cluster.add("none");
    auto ids = cluster.ids(place(cluster.fleet(), request(ask(1, 1), {spreadOver("zone")}), 2, random));
    std::ranges::sort(ids);
    CHECK(ids == std::vector<std::string>{"a", "none"});
  }
}

TEST_CASE("binpack fills what is fullest and still fits") {
  for (const Placing& place : kWays) {
    SeededRandom random(5);
    Cluster cluster;
    for (const char* id : {"a", "b", "c"}) cluster.add(id);
    cluster.run("b", ask(100, 800), "x");
    cluster.run("c", ask(800, 100), "x");
    CHECK(cluster.ids(place(cluster.fleet(), request(ask(200, 100), {kBinpackMemory}), 3, random)) ==
          std::vector<std::string>{"b", "b", "c"});
    CHECK(cluster.ids(place(cluster.fleet(), request(ask(200, 100), {kBinpackCpu}), 2, random)) ==
          std::vector<std::string>{"c", "b"});
  }
}

TEST_CASE("Without a wish every instance that fits is taken now and then") {
  for (const Placing& place : kWays) {
    for (const auto& strategies : {std::vector<Strategy>{}, std::vector<Strategy>{kRandom, kBinpackCpu}}) {
      SeededRandom random(6);
      Cluster cluster;
      for (int i = 0; i < 10; ++i) cluster.add("i" + std::to_string(i));
      std::set<Slot> taken;
      for (int i = 0; i < 200; ++i) {
        taken.insert(place(cluster.fleet(), request(ask(1, 1), strategies), 1, random).at(0));
      }
      CHECK(taken.size() == 10);
    }
  }
}

TEST_CASE("distinctInstance never doubles, within a call and over several") {
  for (const Placing& place : kWays) {
    SeededRandom random(7);
    Cluster cluster;
    for (const char* id : {"a", "b", "c"}) cluster.add(id);
    cluster.run("b", ask(1, 1));
    PlacementRequest wanted = request(ask(1, 1));
    wanted.distinct = true;
    auto ids = cluster.ids(place(cluster.fleet(), wanted, 5, random));
    std::ranges::sort(ids);
    CHECK(ids == std::vector<std::string>{"a", "c"});
  }
}

TEST_CASE("Why copies have no place is told of each instance") {
  SeededRandom random(8);
  Cluster cluster;
  cluster.add("b", 100);
  cluster.add("a");
  cluster.add("c");
  cluster.state.setConnected("c", false);
  const auto plan = placeByScan(cluster.fleet(), request(ask(600, 100)), 3, random);
  CHECK(cluster.ids(plan) == std::vector<std::string>{"a"});
  std::vector<std::string> reasons;
  for (const Unplaced& one : whyNot(cluster.fleet(), request(ask(600, 100)), plan)) {
    reasons.push_back(cluster.fleet().at(one.slot).instance->id + " " + reasonOf(one.why));
  }
  CHECK(reasons == std::vector<std::string>{"a RESOURCE:CPU", "b RESOURCE:CPU", "c AGENT"});
}

/// A random cluster that lives: instances and tasks come, change and go.
class Life {
 public:
  explicit Life(uint64_t seed) : random(seed) {}

  void step() {
    const uint64_t what = random.below(10);
    if (what < 2 || ids_.empty()) return addInstance();
    const std::string id = ids_[static_cast<size_t>(random.below(ids_.size()))];
    if (what == 2) return cluster.state.setConnected(id, random.below(4) > 0);
    if (what == 3) return changeInstance(id);
    if (what == 4) return loseInstance(id);
    if (what < 8) return run(id);
    if (tasks_.empty()) return;
    const size_t at = static_cast<size_t>(random.below(tasks_.size()));
    cluster.eraseTask(tasks_[at]);
    tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  PlacementRequest wish() {
    PlacementRequest out =
        request(ask(static_cast<int64_t>(random.below(400)), static_cast<int64_t>(random.below(400))));
    const Strategy all[] = {spreadOver("zone"), spreadOver("rack"), kSpreadInstances,
                            kBinpackCpu,        kBinpackMemory,     kRandom};
    for (uint64_t left = random.below(5); left > 0; --left) out.strategies.push_back(all[random.below(6)]);
    if (random.below(4) == 0) out.distinct = true;
    if (random.below(4) == 0) out.expressions.push_back(expression("attribute:rack in [1, 2]"));
    if (random.below(4) == 0) out.expressions.push_back(expression("runningTasksCount < 4"));
    if (random.below(4) == 0) out.expressions.push_back(expression("not (task:group == h)"));
    if (random.below(4) == 0) out.required.push_back({"zone", std::nullopt});
    if (random.below(4) == 0) out.ask.ports = {80};
    return out;
  }

  SeededRandom random;
  Cluster cluster;

 private:
  std::vector<Attribute> attributes() {
    std::vector<Attribute> out;
    if (random.below(5) > 0)
      out.push_back({"zone", std::string(1, static_cast<char>('a' + random.below(3)))});
    if (random.below(5) > 0) out.push_back({"rack", std::to_string(random.below(4))});
    return out;
  }
  void addInstance() {
    ids_.push_back("i" + std::to_string(++made_));
    cluster.add(ids_.back(), static_cast<int64_t>(500 + random.below(1000)),
                static_cast<int64_t>(500 + random.below(1000)), attributes());
  }
  void changeInstance(const std::string& id) {
    Instance instance = *cluster.state.instance(id);
    instance.attributes = Attributes(attributes());
    const char* statuses[] = {"ACTIVE", "ACTIVE", "DRAINING", "INACTIVE"};
    instance.status = statuses[random.below(4)];
    cluster.change(instance);
  }
  void loseInstance(const std::string& id) {
    while (!cluster.state.tasksOn(id).empty()) {
      const std::string task = cluster.state.tasksOn(id).front()->id;
      cluster.eraseTask(task);
      std::erase(tasks_, task);
    }
    cluster.eraseInstance(id);
    std::erase(ids_, id);
  }
  void run(const std::string& id) {
    const Resources takes =
        ask(static_cast<int64_t>(random.below(200)), static_cast<int64_t>(random.below(200)),
            random.below(4) == 0 ? std::set<uint16_t>{80} : std::set<uint16_t>{});
    tasks_.push_back(cluster.run(id, takes, random.below(3) == 0 ? "h" : "g"));
  }

  std::vector<std::string> ids_;
  std::vector<std::string> tasks_;
  int made_ = 0;
};

TEST_CASE("A view that lives through changes places as well as a scan does") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Life life(seed);
    for (int i = 0; i < 20; ++i) life.step();
    std::vector<PlacementRequest> wishes;
    std::vector<std::unique_ptr<PlacementView>> views;
    for (int i = 0; i < 4; ++i) {
      wishes.push_back(life.wish());
      views.push_back(std::make_unique<PlacementView>(life.cluster.fleet(), wishes.back()));
    }
    for (int round = 0; round < 40; ++round) {
      life.step();
      const size_t which = static_cast<size_t>(life.random.below(views.size()));
      const auto count = static_cast<int64_t>(1 + life.random.below(5));
      const auto plan = views[which]->place(count, life.random);
      checkPlan(life.cluster, wishes[which], plan, count);
      const auto scanned = placeByScan(life.cluster.fleet(), wishes[which], count, life.random);
      checkPlan(life.cluster, wishes[which], scanned, count);
    }
  }
}

/// The members that tasks of a group are on.
std::vector<Slot> holdersOf(const Cluster& cluster, const std::string& group) {
  std::vector<Slot> out;
  for (const Slot slot : cluster.fleet().in("c")) {
    if (cluster.fleet().at(slot).load->of(group) > 0) out.push_back(slot);
  }
  return out;
}

TEST_CASE("A view that groups share places each as a view of its own does") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Life life(seed);
    for (int i = 0; i < 30; ++i) life.step();
    std::vector<PlacementRequest> wishes;
    std::vector<std::unique_ptr<PlacementView>> views;
    for (int i = 0; i < 4; ++i) {
      wishes.push_back(life.wish());
      wishes.back().group = "nobody";
      views.push_back(std::make_unique<PlacementView>(life.cluster.fleet(), wishes.back()));
    }
    for (int round = 0; round < 40; ++round) {
      life.step();
      const size_t which = static_cast<size_t>(life.random.below(views.size()));
      const auto count = static_cast<int64_t>(1 + life.random.below(5));
      PlacementRequest wanted = wishes[which];
      wanted.group = life.random.below(2) == 0 ? "g" : "h";
      const auto holders = holdersOf(life.cluster, wanted.group);
      const auto plan = views[which]->placeFor(wanted.group, holders, count, life.random);
      checkPlan(life.cluster, wanted, plan, count);
      // What one group saw is gone with its call.
      checkPlan(life.cluster, wishes[which], views[which]->place(count, life.random), count);
    }
  }
}

TEST_CASE("Many groups are placed beside what they have, few or many") {
  SeededRandom random(11);
  Cluster cluster;
  for (int i = 0; i < 100; ++i) {
    cluster.add("i" + std::to_string(i), 1000, 1000, {{"zone", std::string(1, "abc"[i % 3])}});
  }
  Scheduler scheduler(cluster.fleet());
  for (int round = 0; round < 400; ++round) {
    INFO("round " << round);
    PlacementRequest wanted = request(ask(1, 1), {spreadOver("zone"), kSpreadInstances});
    // The first grows over most of the hosts, the others stay small.
    wanted.group = "g" + std::to_string(random.below(2) == 0 ? 0 : random.below(50));
    wanted.distinct = random.below(4) == 0;
    const auto holders = holdersOf(cluster, wanted.group);
    const auto count = static_cast<int64_t>(1 + random.below(3));
    const auto plan = scheduler.placeBeside(holders, wanted, count, random);
    checkPlan(cluster, wanted, plan, count);
    for (const std::string& id : cluster.ids(plan)) cluster.run(id, wanted.ask, wanted.group);
  }
}

TEST_CASE("A view that was left behind for long looks at all again") {
  SeededRandom random(9);
  Cluster cluster;
  cluster.add("a");
  cluster.add("b");
  PlacementView view(cluster.fleet(), request(ask(1, 1), {kBinpackCpu}));
  CHECK(view.place(1, random).size() == 1);
  for (int i = 0; i < 5000; ++i) cluster.eraseTask(cluster.run("a", ask(1, 1)));
  cluster.run("b", ask(500, 1));
  CHECK(cluster.ids(view.place(1, random)) == std::vector<std::string>{"b"});
}

TEST_CASE("The scheduler places a request that comes again as it placed it first") {
  SeededRandom random(10);
  Cluster cluster;
  for (int i = 0; i < 100; ++i) {
    cluster.add("i" + std::to_string(i), 1000, 1000, {{"zone", i % 2 == 0 ? "a" : "b"}});
  }
  Scheduler scheduler(cluster.fleet());
  const PlacementRequest wanted = request(ask(100, 100), {spreadOver("zone"), kBinpackMemory});
  for (int i = 0; i < 200; ++i) {
    const auto plan = scheduler.place(wanted, 1, random);
    checkPlan(cluster, wanted, plan, 1);
    cluster.run(cluster.ids(plan).at(0), wanted.ask);
  }
  // Many others push it out, and it comes back.
  for (int64_t i = 0; i < 600; ++i) CHECK(scheduler.place(request(ask(i % 300, 1)), 1, random).size() == 1);
  checkPlan(cluster, wanted, scheduler.place(wanted, 3, random), 3);
}

TEST_CASE("binpack needs at most a tenth more instances than the best fit of sorted tasks") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SeededRandom random(seed);
    std::vector<int64_t> sizes;
    for (int i = 0; i < 600; ++i) sizes.push_back(static_cast<int64_t>(32 + random.below(480)));
    Cluster cluster;
    for (int i = 0; i < 400; ++i) cluster.add("i" + std::to_string(i), 100'000, 1024);
    for (const int64_t size : sizes) {
      const auto plan = byView(cluster.fleet(), request(ask(1, size), {kBinpackMemory}), 1, random);
      cluster.run(cluster.ids(plan).at(0), ask(1, size));
    }
    size_t ours = 0;
    for (const Slot slot : cluster.fleet().in("c"))
      ours += cluster.fleet().at(slot).load->running > 0 ? 1 : 0;

    std::ranges::sort(sizes, std::greater<>());
    std::multiset<int64_t> bins;
    for (const int64_t size : sizes) {
      const auto bin = bins.lower_bound(size);
      const int64_t left = (bin == bins.end() ? 1024 : *bin) - size;
      if (bin != bins.end()) bins.erase(bin);
      bins.insert(left);
    }
    INFO("seed " << seed << ": " << ours << " instances, sorted best fit " << bins.size());
    CHECK(static_cast<double>(ours) <= 1.1 * static_cast<double>(bins.size()));
  }
}

}  // namespace
}  // namespace berth::controller::test
