#include "controller/scheduler/fit.hpp"

#include "tests/unit/controller/scheduler/sample.hpp"

namespace berth::controller::test {
namespace {

std::string reason(const Cluster& cluster, const PlacementRequest& wanted, int64_t copies = 0) {
  const auto why = unfit(cluster.member("a"), wanted, copies);
  return why ? reasonOf(*why) : "";
}

std::string detail(const Cluster& cluster, const PlacementRequest& wanted) {
  return detailOf(cluster.member("a"), wanted, *unfit(cluster.member("a"), wanted));
}

TEST_CASE("An instance takes exactly what it has, less what is used and meant") {
  Cluster cluster;
  cluster.add("a");
  CHECK(reason(cluster, request(ask(1000, 1000))) == "");
  CHECK(reason(cluster, request(ask(1001, 1000))) == "RESOURCE:CPU");
  CHECK(reason(cluster, request(ask(1000, 1001))) == "RESOURCE:MEMORY");
  cluster.run("a", ask(600, 500));
  CHECK(reason(cluster, request(ask(400, 500))) == "");
  CHECK(reason(cluster, request(ask(401, 1))) == "RESOURCE:CPU");
  CHECK(reason(cluster, request(ask(200, 1)), 1) == "");
  CHECK(reason(cluster, request(ask(201, 1)), 1) == "RESOURCE:CPU");
  CHECK(detail(cluster, request(ask(401, 1))) == "needs 401 CPU units, of 1000 it has 400 left");
  CHECK(detail(cluster, request(ask(1, 501))) == "needs 501 MiB of memory, of 1000 it has 500 left");
}

TEST_CASE("A host port is taken once, reserved ones never, and TCP and UDP apart") {
  Cluster cluster;
  Instance& instance = cluster.add("a");
  instance.registered.ports = {22};
  instance.registered.udpPorts = {53};
  cluster.change(instance);
  cluster.run("a", ask(1, 1, {80}, {514}));
  for (const auto& taken : {ask(1, 1, {22}), ask(1, 1, {80}), ask(1, 1, {}, {53}), ask(1, 1, {}, {514})}) {
    CHECK(reason(cluster, request(taken)) == "RESOURCE:PORTS");
  }
  CHECK(reason(cluster, request(ask(1, 1, {53}, {22}))) == "");
  CHECK(reason(cluster, request(ask(1, 1, {81})), 1) == "RESOURCE:PORTS");
  CHECK(detail(cluster, request(ask(1, 1, {22, 80, 81}, {53}))) == "host ports are taken: 22, 80; UDP 53");
}

TEST_CASE("An instance gives the GPUs that it has, less what is used and meant") {
  Cluster cluster;
  Instance& instance = cluster.add("a");
  const auto wanting = [](size_t count) {
    Resources out = ask(1, 1);
    out.gpus.resize(count);
    return out;
  };
  CHECK(reason(cluster, request(wanting(1))) == "RESOURCE:GPU");
  instance.registered.gpus = {{"GPU-1", ""}, {"GPU-2", ""}, {"GPU-3", ""}};
  cluster.change(instance);
  CHECK(reason(cluster, request(wanting(3))) == "");
  Resources taken = ask(1, 1);
  taken.gpus = {{"GPU-2", "app"}};
  cluster.run("a", taken);
  CHECK(reason(cluster, request(wanting(2))) == "");
  CHECK(reason(cluster, request(wanting(1)), 1) == "");
  CHECK(reason(cluster, request(wanting(1)), 2) == "RESOURCE:GPU");
  CHECK(detail(cluster, request(wanting(3))) == "needs 3 GPUs, of 3 it has 2 left");
}

TEST_CASE("An instance that drains, or whose agent is away, takes nothing") {
  Cluster cluster;
  Instance instance = cluster.add("a");
  cluster.state.setConnected("a", false);
  CHECK(reason(cluster, request()) == "AGENT");
  CHECK(detail(cluster, request()) == "the instance's agent is not connected");
  instance.status = "DRAINING";
  cluster.change(instance);
  CHECK(reason(cluster, request()) == "INACTIVE");
  CHECK(detail(cluster, request()) == "the instance is DRAINING");
}

TEST_CASE("Required attributes must be there, with their value where one is wanted") {
  Cluster cluster;
  cluster.add("a", 1000, 1000, {{"capability", std::nullopt}, {"arch", "x86_64"}});
  PlacementRequest wanted = request();
  wanted.required = {{"capability", std::nullopt}, {"arch", "x86_64"}};
  CHECK(reason(cluster, wanted) == "");
  wanted.required.push_back({"arch", "arm64"});
  CHECK(reason(cluster, wanted) == "ATTRIBUTE");
  CHECK(detail(cluster, wanted) == "the instance lacks the attribute arch with the value arm64");
}

TEST_CASE("Constraints bind, those of groups and counts with copies that are only meant") {
  Cluster cluster;
  cluster.add("a", 1000, 1000, {{"rack", "7"}});
  PlacementRequest wanted = request();
  wanted.expressions = {expression("attribute:rack == 7"), expression("not (task:group == db)")};
  CHECK(reason(cluster, wanted) == "");
  wanted.expressions.push_back(expression("runningTasksCount < 1"));
  CHECK(reason(cluster, wanted, 1) == "MemberOf placement constraint unsatisfied.");
  wanted.expressions.pop_back();
  cluster.run("a", ask(1, 1), "db");
  CHECK(reason(cluster, wanted) == "MemberOf placement constraint unsatisfied.");
  CHECK(detail(cluster, wanted) == "the instance does not match not (task:group == db)");
  wanted = request();
  wanted.distinct = true;
  CHECK(reason(cluster, wanted) == "");
  CHECK(reason(cluster, wanted, 1) == "DistinctInstance placement constraint unsatisfied.");
  cluster.run("a", ask(1, 1), "g");
  CHECK(reason(cluster, wanted) == "DistinctInstance placement constraint unsatisfied.");
  CHECK(detail(cluster, wanted) == "the instance has a task of group g");
}

TEST_CASE("Requests have one key if and only if they want the same") {
  std::vector<PlacementRequest> all(10, request());
  all[1].cluster = "d";
  all[2].group = "h";
  all[3].ask.cpu = 1;
  all[4].ask.udpPorts = {1};
  all[5].distinct = true;
  all[6].expressions = {expression("task:group exists")};
  all[7].required = {{"x", std::nullopt}};
  all[8].strategies = {kRandom};
  all[9].ask.gpus.resize(2);
  std::set<std::string> keys;
  for (const PlacementRequest& one : all) {
    CHECK(PlacementRequest(one).key() == one.key());
    keys.insert(one.key());
  }
  CHECK(keys.size() == all.size());
}

}  // namespace
}  // namespace berth::controller::test
