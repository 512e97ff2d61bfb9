// Constraints and strategies of RunTask, StartTask and definitions, and the reasons of failures.
#include <map>

#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;
using sample::container;

namespace {

Json attribute(const std::string& name, const std::string& value) {
  return {{"name", name}, {"value", value}};
}

/// Three connected hosts of racks 1, 2 and 2, by rack.
struct Racks : Bench {
  Racks() {
    cluster();
    define("app");
    for (const char* rack : {"1", "2", "2"}) {
      hosts.push_back(host("default", {{"attributes", Json::array({attribute("rack", rack)})}}));
      join(hosts.back());
    }
  }
  /// How many tasks each host got.
  std::map<std::string, int> placed(Json input) {
    input.emplace("taskDefinition", "app");
    std::map<std::string, int> out;
    const Json reply = call("RunTask", std::move(input));
    for (const Json& task : reply["tasks"]) ++out[task["containerInstanceArn"]];
    return out;
  }
  std::string wrong(Json input) {
    input.emplace("taskDefinition", "app");
    return refusal("RunTask", std::move(input));
  }
  std::vector<std::string> hosts;
};

Json memberOf(const std::string& expression) {
  return Json::array({{{"type", "memberOf"}, {"expression", expression}}});
}

Json strategy(const std::string& type, const std::string& field) {
  return Json::array({{{"type", type}, {"field", field}}});
}

}  // namespace

TEST_CASE("memberOf keeps to the instances that match, and says whom it left out by what") {
  Racks racks;
  CHECK(racks.placed({{"placementConstraints", memberOf("attribute:rack == 1")}, {"count", 3}}) ==
        std::map<std::string, int>{{racks.hosts[0], 3}});
  const Json reply = racks.call(
      "RunTask", {{"taskDefinition", "app"}, {"placementConstraints", memberOf("attribute:rack == 3")}});
  CHECK(reply["tasks"].empty());
  REQUIRE(reply["failures"].size() == 3);
  CHECK(reply["failures"][0]["reason"] == "MemberOf placement constraint unsatisfied.");
  CHECK(reply["failures"][0]["detail"] ==
        "the instance does not match attribute:rack == 3; of 3 instances in all, 3 x MemberOf placement "
        "constraint unsatisfied.");
}

TEST_CASE("A definition's constraint binds its tasks, those of StartTask too") {
  Racks racks;
  racks.define("bound", Json::array({container()}),
               {{"placementConstraints", memberOf("attribute:rack == 1")}});
  CHECK(racks.placed({{"taskDefinition", "bound"}, {"count", 2}}) ==
        std::map<std::string, int>{{racks.hosts[0], 2}});
  CHECK(racks.placed({{"taskDefinition", "bound"}, {"placementConstraints", memberOf("attribute:rack == 2")}})
            .empty());
  const Json reply =
      racks.call("StartTask", {{"taskDefinition", "bound"}, {"containerInstances", racks.hosts}});
  CHECK(reply["tasks"].size() == 1);
  CHECK(reply["failures"].size() == 2);
  CHECK(reply["failures"][0]["detail"] == "the instance does not match attribute:rack == 1");
}

TEST_CASE("distinctInstance gives each instance one task of a group") {
  Racks racks;
  const Json distinct = Json::array({{{"type", "distinctInstance"}}});
  const auto first = racks.placed({{"placementConstraints", distinct}, {"count", 2}});
  CHECK(first.size() == 2);
  const Json reply =
      racks.call("RunTask", {{"taskDefinition", "app"}, {"placementConstraints", distinct}, {"count", 2}});
  CHECK(reply["tasks"].size() == 1);
  CHECK(reply["failures"][0]["reason"] == "DistinctInstance placement constraint unsatisfied.");
  CHECK_THAT(std::string(reply["failures"][0]["detail"]),
             Catch::StartsWith("the instance has a task of group family:app"));
  CHECK(racks.placed({{"placementConstraints", distinct}, {"group", "other"}, {"count", 3}}).size() == 3);
}

TEST_CASE("Strategies choose among the instances, the first before the others") {
  Racks racks;
  const auto spread =
      racks.placed({{"placementStrategy", strategy("spread", "attribute:rack")}, {"count", 4}});
  CHECK(spread.at(racks.hosts[0]) == 2);
  Racks packed;
  CHECK(packed.placed({{"placementStrategy", strategy("binpack", "MEMORY")}, {"count", 4}}).size() == 1);
  Racks both;
  Json two = strategy("spread", "attribute:rack");
  two.push_back({{"type", "binpack"}, {"field", "cpu"}});
  CHECK(both.placed({{"placementStrategy", two}, {"count", 4}}).size() == 2);
  Racks each;
  CHECK(each.placed({{"placementStrategy", strategy("spread", "instanceId")}, {"count", 3}}).size() == 3);
  CHECK(each.placed({{"placementStrategy", Json::array({{{"type", "random"}}})}, {"count", 3}}).size() >= 1);
}

TEST_CASE("Wishes that make no sense are refused by what is wrong with them") {
  Racks racks;
  const std::string invalid = "InvalidParameterException: ";
  const auto constraint = [&](Json one) {
    return racks.wrong({{"placementConstraints", Json::array({one})}});
  };
  CHECK(constraint({{"expression", "task:group exists"}}) ==
        invalid + "A placement constraint needs a type: memberOf or distinctInstance.");
  CHECK(constraint({{"type", "memberOf"}}) ==
        invalid + "A memberOf placement constraint needs an expression.");
  CHECK(constraint({{"type", "distinctInstance"}, {"expression", "task:group exists"}}) ==
        invalid + "A distinctInstance placement constraint takes no expression.");
  CHECK(constraint({{"type", "memberOf"}, {"expression", "rack == 1"}}) ==
        invalid +
            "Invalid placement constraint expression: at character 1 of the expression: \"rack == 1\" found, "
            "attribute:NAME, task:group, agentConnected, agentVersion, ec2InstanceId, registeredAt or "
            "runningTasksCount expected.");
  const auto wish = [&](Json one) { return racks.wrong({{"placementStrategy", Json::array({one})}}); };
  CHECK(wish({{"field", "cpu"}}) ==
        invalid + "A placement strategy needs a type: random, spread or binpack.");
  CHECK(wish({{"type", "random"}, {"field", "cpu"}}) ==
        invalid + "The random placement strategy takes no field.");
  CHECK(wish({{"type", "binpack"}, {"field", "disk"}}) ==
        invalid + "The binpack placement strategy needs a field: cpu or memory.");
  CHECK(wish({{"type", "spread"}, {"field", "attribute:"}}) ==
        invalid + "The spread placement strategy needs a field: instanceId, host or attribute:NAME.");
  Json many = Json::array();
  for (int i = 0; i < 6; ++i) many.push_back({{"type", "random"}});
  CHECK(racks.wrong({{"placementStrategy", many}}) ==
        invalid + "A task can have at most 5 placement strategies.");
  many = Json::array();
  for (int i = 0; i < 11; ++i) many.push_back({{"type", "distinctInstance"}});
  CHECK(racks.wrong({{"placementConstraints", many}}) ==
        invalid + "A task can have at most 10 placement constraints, with those of its definition.");
}

TEST_CASE("A definition's constraints are checked when it is registered") {
  Bench bench;
  const auto refusal = [&](Json constraints) {
    return bench.refusal("RegisterTaskDefinition", {{"family", "f"},
                                                    {"containerDefinitions", Json::array({container()})},
                                                    {"placementConstraints", std::move(constraints)}});
  };
  CHECK_THAT(refusal(memberOf("attribute:rack =")),
             Catch::StartsWith("ClientException: Invalid placement constraint expression: at character 16"));
  CHECK(refusal(Json::array({{{"expression", "task:group exists"}}})) ==
        "ClientException: The placement constraints of a task definition must be of type memberOf.");
  Json many = Json::array();
  for (int i = 0; i < 11; ++i) many.push_back(memberOf("task:group exists")[0]);
  CHECK(refusal(many) == "ClientException: A task definition can have at most 10 placement constraints.");
}

TEST_CASE("Instances are listed by an expression") {
  Racks racks;
  const auto listed = [&](const std::string& filter) {
    return racks.call("ListContainerInstances", {{"filter", filter}})["containerInstanceArns"];
  };
  CHECK(listed("attribute:rack == 1") == Json::array({racks.hosts[0]}));
  CHECK(listed("attribute:rack != 1").size() == 2);
  CHECK(listed("task:group == family:app").empty());
  const auto placed = racks.placed({{"count", 1}});
  CHECK(listed("task:group == family:app") == Json::array({placed.begin()->first}));
  CHECK(listed("runningTasksCount >= 1").size() == 1);
  CHECK_THAT(racks.refusal("ListContainerInstances", {{"filter", "attribute:rack"}}),
             Catch::StartsWith("InvalidParameterException: Invalid filter: at character 15"));
}
