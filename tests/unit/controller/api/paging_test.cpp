#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

/// All items of a list, two a page; `between` runs after each page.
Json walk(
    Bench& bench, const std::string& operation, const std::string& member, Json input,
    const std::function<void()>& between = [] {}) {
  Json items = Json::array();
  input["maxResults"] = 2;
  while (true) {
    Json page = bench.call(operation, input);
    CHECK(page[member].size() <= 2);
    for (const Json& item : page[member]) items.push_back(item);
    if (!page.contains("nextToken")) return items;
    input["nextToken"] = page["nextToken"];
    between();
  }
}

}  // namespace

TEST_CASE("pages add up to the list") {
  Bench bench;
  for (const char* name : {"a", "b", "c", "d", "e"}) bench.cluster(name);
  CHECK(walk(bench, "ListClusters", "clusterArns", Json::object()) ==
        bench.call("ListClusters")["clusterArns"]);
}

TEST_CASE("a token survives that the item it stands for goes, in both orders") {
  for (const char* order : {"ASC", "DESC"}) {
    Bench bench;
    for (const char* family : {"a-b", "a", "b"}) {
      for (int i = 0; i < 11; ++i) bench.define(family);
    }
    Json input{{"sort", order}};
    Json whole = bench.call("ListTaskDefinitions", input)["taskDefinitionArns"];
    CHECK(whole.size() == 33);
    size_t seen = 0;
    Json found = walk(bench, "ListTaskDefinitions", "taskDefinitionArns", input, [&] {
      seen += 2;
      bench.call("DeregisterTaskDefinition", {{"taskDefinition", whole[seen - 1]}});
    });
    CHECK(found == whole);
  }
}

TEST_CASE("a page's size and token are checked") {
  Bench bench;
  bench.cluster();
  for (int size : {0, 101}) {
    CHECK_THAT(bench.refusal("ListClusters", {{"maxResults", size}}),
               Catch::StartsWith("InvalidParameterException: maxResults must be between 1 and 100"));
  }
  CHECK(bench.refusal("ListClusters", {{"nextToken", "~"}}) ==
        "InvalidParameterException: Invalid token '~'");
}

TEST_CASE("every list has pages, and checks their size and token") {
  Bench bench;
  bench.ready();
  for (const char* name : {"a", "b", "c"}) {
    bench.cluster(name);
    bench.define(name);
    bench.host();
    bench.runOne();
  }
  const std::pair<const char*, const char*> kLists[] = {{"ListClusters", "clusterArns"},
                                                        {"ListContainerInstances", "containerInstanceArns"},
                                                        {"ListTaskDefinitionFamilies", "families"},
                                                        {"ListTaskDefinitions", "taskDefinitionArns"},
                                                        {"ListTasks", "taskArns"}};
  for (const auto& [operation, member] : kLists) {
    CAPTURE(operation);
    Json whole = bench.call(operation)[member];
    CHECK(whole.size() >= 3);
    CHECK(walk(bench, operation, member, Json::object()) == whole);
    CHECK(bench.refusal(operation, {{"maxResults", 0}}) ==
          "InvalidParameterException: maxResults must be between 1 and 100, not 0");
    CHECK(bench.refusal(operation, {{"maxResults", 101}}) ==
          "InvalidParameterException: maxResults must be between 1 and 100, not 101");
    CHECK(bench.refusal(operation, {{"nextToken", "!"}}) == "InvalidParameterException: Invalid token '!'");
  }
}

TEST_CASE("pages of tasks add up under each filter") {
  Bench bench;
  const std::string host = bench.ready();
  bench.define("small", Json::array({sample::container("app", {{"cpu", 1}, {"memory", 6}})}));
  bench.call("CreateService", {{"serviceName", "web"}, {"taskDefinition", "small"}, {"desiredCount", 5}});
  std::vector<std::string> alone;
  for (int i = 0; i < 3; ++i) alone.push_back(bench.runOne({{"taskDefinition", "small"}}));
  bench.call("StopTask", {{"task", alone[0]}});
  const auto found = [&](const Json& filter) { return walk(bench, "ListTasks", "taskArns", filter).size(); };
  CHECK(found(Json::object()) == 7);
  CHECK(found({{"serviceName", "web"}}) == 5);
  CHECK(found({{"containerInstance", host}}) == 7);
  CHECK(found({{"containerInstance", host}, {"family", "small"}}) == 7);
  CHECK(found({{"desiredStatus", "STOPPED"}}) == 1);
  CHECK(found({{"family", "other"}}) == 0);
}

TEST_CASE("a page that holds exactly the rest is the last one") {
  Bench bench;
  for (const char* name : {"a", "b", "c", "d"}) bench.cluster(name);
  Json first = bench.call("ListClusters", {{"maxResults", 2}});
  Json second = bench.call("ListClusters", {{"maxResults", 2}, {"nextToken", first["nextToken"]}});
  CHECK(second["clusterArns"].size() == 2);
  CHECK_FALSE(second.contains("nextToken"));
  CHECK_FALSE(bench.call("ListClusters", {{"maxResults", 4}}).contains("nextToken"));
}
