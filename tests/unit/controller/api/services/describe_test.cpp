#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::ServiceBench;

TEST_CASE("services are described in the order of the request, and the missing ones told of") {
  ServiceBench bench;
  bench.create();
  bench.create(ServiceBench::wanted({{"serviceName", "api"}}));
  bench.cluster("other");
  const std::string foreign = kArns + "service/other/web";
  const Json reply = bench.call(
      "DescribeServices",
      {{"services", {"web", "none", kArns + "service/default/api", foreign, kArns + "service/api", "a b"}}});
  REQUIRE(reply["services"].size() == 3);
  CHECK(reply["services"][0]["serviceName"] == "web");
  CHECK(reply["services"][1]["serviceName"] == "api");
  CHECK(reply["services"][2]["serviceName"] == "api");
  CHECK(reply["failures"] == Json::array({{{"arn", kArns + "service/none"}, {"reason", "MISSING"}},
                                          {{"arn", foreign}, {"reason", "MISSING"}},
                                          {{"arn", kArns + "service/a b"}, {"reason", "MISSING"}}}));
}

TEST_CASE("up to ten services are described at once, of a cluster that is there") {
  ServiceBench bench;
  const auto refusal = [&](Json services, const char* cluster = "default") {
    return bench.refusal("DescribeServices", {{"services", std::move(services)}, {"cluster", cluster}});
  };
  CHECK(refusal(Json::array()) == "InvalidParameterException: Services cannot be empty.");
  CHECK(refusal(std::vector<std::string>(11, "web")) ==
        "InvalidParameterException: Services can have at most 10 items.");
  CHECK(refusal({"web"}, "none") == "ClusterNotFoundException: Cluster not found.");
  CHECK(bench.call("DescribeServices", {{"services", std::vector<std::string>(10, "web")}})["failures"]
            .size() == 10);
}

TEST_CASE("tags are shown when they are asked for") {
  ServiceBench bench;
  const Json tags = Json::array({{{"key", "a"}, {"value", "1"}}});
  bench.create(ServiceBench::wanted({{"tags", tags}}));
  CHECK(bench.described()["tags"] == tags);
  CHECK_FALSE(bench.call("DescribeServices", {{"services", {"web"}}})["services"][0].contains("tags"));
}

TEST_CASE("a service counts its tasks, and each deployment its own") {
  ServiceBench bench;
  const std::string first = bench.create()["deployments"][0]["id"];
  const std::string second = bench.update({{"forceNewDeployment", true}})["deployments"][0]["id"];
  bench.put('a', "service:web", first);
  bench.put('b', "service:web", second);
  bench.put('c', "service:web", second);
  bench.put('d', "service:web", second, TaskStatus::Pending);
  bench.put('e', "service:web", second, TaskStatus::Stopped);
  bench.put('f', "service:other", second);
  const Json web = bench.described();
  CHECK(web["runningCount"] == 3);
  CHECK(web["pendingCount"] == 1);
  CHECK(web["deployments"][0]["runningCount"] == 2);
  CHECK(web["deployments"][0]["pendingCount"] == 1);
  CHECK(web["deployments"][1]["runningCount"] == 1);
  CHECK(web["deployments"][1]["pendingCount"] == 0);
  CHECK(web["currentServiceRevisions"][0]["runningTaskCount"] == 2);
}

TEST_CASE("a service shows its events, the newest first") {
  ServiceBench bench;
  bench.create();
  Service web = *bench.core.state().service("default/web");
  web.addEvent({"e1", bench.at(5).wall, "(service web) has started 1 tasks: (task a)."});
  web.addEvent({"e2", bench.at(6).wall, "(service web) has reached a steady state."});
  bench.core.load({web});
  CHECK(bench.described()["events"] ==
        Json::array({{{"id", "e2"},
                      {"createdAt", 1'790'000'006.0},
                      {"message", "(service web) has reached a steady state."}},
                     {{"id", "e1"},
                      {"createdAt", 1'790'000'005.0},
                      {"message", "(service web) has started 1 tasks: (task a)."}}}));
}

TEST_CASE("ACTIVE services of a cluster are listed, ten a page") {
  ServiceBench bench;
  bench.cluster("other");
  bench.create(ServiceBench::wanted({{"cluster", "other"}}));
  for (char c = 'a'; c < 'a' + 25; ++c) {
    bench.create(ServiceBench::wanted({{"serviceName", std::string(1, c)}}));
  }
  Json seen = Json::array();
  Json input = Json::object();
  std::vector<size_t> pages;
  do {
    const Json page = bench.call("ListServices", input);
    pages.push_back(page["serviceArns"].size());
    for (const Json& arn : page["serviceArns"]) seen.push_back(arn);
    input["nextToken"] = page.value("nextToken", "");
  } while (!input["nextToken"].get<std::string>().empty());
  CHECK(pages == std::vector<size_t>{10, 10, 5});
  CHECK(seen == bench.call("ListServices", {{"maxResults", 100}})["serviceArns"]);
  CHECK(seen[0] == kArns + "service/default/a");
  CHECK(bench.call("ListServices", {{"cluster", "other"}})["serviceArns"] ==
        Json::array({kArns + "service/other/web"}));
}

TEST_CASE("a list's pages and cluster are checked") {
  ServiceBench bench;
  for (const int size : {0, 101}) {
    CHECK(bench.refusal("ListServices", {{"maxResults", size}}) ==
          "InvalidParameterException: maxResults must be between 1 and 100, not " + std::to_string(size));
  }
  CHECK(bench.refusal("ListServices", {{"nextToken", "~"}}) ==
        "InvalidParameterException: Invalid token '~'");
  CHECK(bench.refusal("ListServices", {{"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
}

TEST_CASE("services are listed by launch type, scheduling strategy and who manages them") {
  ServiceBench bench;
  bench.create(ServiceBench::wanted({{"serviceName", "a"}}));
  bench.create(ServiceBench::wanted({{"serviceName", "b"}, {"launchType", "EXTERNAL"}}));
  bench.create(ServiceBench::daemon({{"serviceName", "c"}}));
  bench.create(ServiceBench::wanted(
      {{"serviceName", "d"}, {"capacityProviderStrategy", {{{"capacityProvider", "p"}}}}}));
  const auto listed = [&](const Json& input) {
    std::string names;
    const Json reply = bench.call("ListServices", input);
    for (const Json& arn : reply["serviceArns"]) names += arn.get<std::string>().back();
    return names;
  };
  CHECK(listed(Json::object()) == "abcd");
  CHECK(listed({{"launchType", "EC2"}}) == "ac");
  CHECK(listed({{"launchType", "EXTERNAL"}}) == "b");
  CHECK(listed({{"launchType", "FARGATE"}}).empty());
  CHECK(listed({{"schedulingStrategy", "REPLICA"}}) == "abd");
  CHECK(listed({{"schedulingStrategy", "DAEMON"}, {"launchType", "EC2"}}) == "c");
  CHECK(listed({{"resourceManagementType", "CUSTOMER"}}) == "abcd");
  CHECK(listed({{"resourceManagementType", "ECS"}}).empty());
  CHECK(bench.refusal("ListServices", {{"launchType", "MOON"}}) ==
        "InvalidParameterException: launch type should be one of [EC2,FARGATE,EXTERNAL]");
}

TEST_CASE("no namespace is there to list services of") {
  ServiceBench bench;
  CHECK(bench.refusal("ListServicesByNamespace", {{"namespace", "shop"}}) ==
        "NamespaceNotFoundException: Failed to retrieve namespace for shop: Service Connect needs AWS Cloud "
        "Map, which Berth does not have.");
  CHECK_THAT(bench.refusal("ListServicesByNamespace"), Catch::StartsWith("InvalidParameterException"));
}
