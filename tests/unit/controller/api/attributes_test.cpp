#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

/// A call on one attribute of a host.
Json on(const std::string& target, const std::string& name, Json value = nullptr) {
  Json attribute{{"name", name}, {"targetId", target}};
  if (!value.is_null()) attribute["value"] = value;
  return {{"attributes", Json::array({attribute})}};
}

Json list(Bench& bench, Json filter = Json::object()) {
  filter["targetType"] = "container-instance";
  return bench.call("ListAttributes", filter);
}

}  // namespace

TEST_CASE("attributes are put, changed and deleted, and placement goes by them") {
  Bench bench;
  const std::string host = bench.ready();
  const Json stack{{"name", "stack"}, {"targetId", host}, {"value", "prod"}};
  CHECK(bench.call("PutAttributes", on(host, "stack", "test"))["attributes"][0]["value"] == "test");
  const std::string id = host.substr(host.rfind('/') + 1);
  CHECK(bench.call("PutAttributes", on(id, "stack", "prod"))["attributes"] == Json::array({stack}));
  CHECK(list(bench, {{"attributeName", "stack"}})["attributes"] == Json::array({stack}));
  const Json wanted{{"taskDefinition", "app"},
                    {"placementConstraints",
                     Json::array({{{"type", "memberOf"}, {"expression", "attribute:stack == prod"}}})}};
  CHECK(bench.run(wanted).size() == 1);
  CHECK(bench.call("DeleteAttributes", on(host, "stack"))["attributes"][0]["name"] == "stack");
  CHECK(bench.run(wanted).empty());
  CHECK(list(bench, {{"attributeName", "stack"}})["attributes"].empty());
  CHECK(bench.call("DeleteAttributes", on(host, "stack"))["attributes"].size() == 1);
}

TEST_CASE("an attribute needs no value, and keeps over a new registration of its instance") {
  Bench bench;
  const std::string host = bench.ready();
  bench.call("PutAttributes", on(host, "ssd"));
  CHECK(list(bench, {{"attributeName", "ssd"}})["attributes"] ==
        Json::array({{{"name", "ssd"}, {"targetId", host}}}));
  bench.call("RegisterContainerInstance", {{"containerInstanceArn", host}});
  CHECK(list(bench, {{"attributeName", "ssd"}})["attributes"].size() == 1);
}

TEST_CASE("attributes are listed a row each, by name and instance, in pages") {
  Bench bench;
  const std::string first = bench.ready();
  const std::string second = bench.host();
  bench.cluster("other");
  bench.host("other");
  for (const std::string& host : {first, second}) bench.call("PutAttributes", on(host, "rack", "7"));
  bench.call("PutAttributes", on(second, "rack", "8"));
  CHECK(list(bench, {{"attributeName", "rack"}})["attributes"].size() == 2);
  CHECK(list(bench, {{"attributeName", "rack"}, {"attributeValue", "8"}})["attributes"] ==
        Json::array({{{"name", "rack"}, {"targetId", second}, {"value", "8"}}}));
  size_t rows = 0;
  Json filter{{"maxResults", 3}};
  while (true) {
    const Json page = list(bench, filter);
    CHECK(page["attributes"].size() <= 3);
    rows += page["attributes"].size();
    if (!page.contains("nextToken")) break;
    filter["nextToken"] = page["nextToken"];
  }
  CHECK(rows == list(bench)["attributes"].size());
  CHECK(rows > 3);
  CHECK(bench.refusal("ListAttributes", {{"targetType", "container-instance"}, {"attributeValue", "8"}}) ==
        "InvalidParameterException: attributeValue needs an attributeName.");
}

TEST_CASE("what is wrong with an attribute is said, and nothing is changed") {
  Bench bench;
  const std::string host = bench.ready();
  const auto wrong = [&](const Json& input) { return bench.refusal("PutAttributes", input); };
  const std::string name_rule = "' must have 1 to 128 letters, digits, '-', '_', '.', '/' and '\\'.";
  const std::string invalid = "InvalidParameterException: ";
  CHECK(wrong(on(host, "")) == invalid + "The attribute name '" + name_rule);
  CHECK(wrong(on(host, "a b")) == invalid + "The attribute name 'a b" + name_rule);
  CHECK_THAT(wrong(on(host, std::string(129, 'a'))), Catch::EndsWith(name_rule));
  CHECK_THAT(wrong(on(host, "ecs.os-type", "linux")), Catch::Contains("is reserved"));
  for (const std::string& value :
       {std::string(), std::string(" a"), std::string("a "), std::string("a=b"), std::string(129, 'a')}) {
    CHECK_THAT(wrong(on(host, "stack", value)),
               Catch::StartsWith(invalid + "The value of attribute 'stack'"));
  }
  CHECK(wrong(on("", "stack")) ==
        invalid + "An attribute needs a targetId: a container instance's id or ARN.");
  const std::string unknown(32, 'a');
  CHECK(wrong(on(unknown, "stack")) == "TargetNotFoundException: Could not find " + unknown);
  CHECK(wrong({{"attributes", Json::array()}}) == invalid + "Attributes cannot be empty.");
  CHECK(wrong({{"attributes", Json(std::vector<Json>(11, {{"name", "a"}, {"targetId", host}}))}}) ==
        invalid + "Attributes can have at most 10 items.");
  Json mixed = on(host, "good");
  mixed["attributes"].push_back({{"name", "good"}, {"targetId", unknown}});
  CHECK_THAT(wrong(mixed), Catch::StartsWith("TargetNotFoundException"));
  CHECK(list(bench, {{"attributeName", "good"}})["attributes"].empty());
  CHECK(bench.refusal("DeleteAttributes", on(unknown, "stack")) ==
        "TargetNotFoundException: Could not find " + unknown);
}

TEST_CASE("where a host's tasks are reached is an IP address") {
  Bench bench;
  const std::string host = bench.ready();
  const auto registered = [](const std::string& value) {
    return Json{{"attributes", {{{"name", "berth.address"}, {"value", value}}}}};
  };
  for (const char* good : {"10.0.0.5", "fd00::5"}) {
    bench.call("PutAttributes", on(host, "berth.address", good));
    bench.host("default", registered(good));
  }
  const std::string said =
      "InvalidParameterException: The attribute berth.address says where tasks of its host are "
      "reached: it must be an IP address, and 'host-5' is none.";
  CHECK(bench.refusal("PutAttributes", on(host, "berth.address", "host-5")) == said);
  CHECK(bench.refusal("RegisterContainerInstance", registered("host-5")) == said);
}

TEST_CASE("an instance has at most ten custom attributes") {
  Bench bench;
  const std::string host = bench.ready();
  for (int i = 0; i < 10; ++i) bench.call("PutAttributes", on(host, "a" + std::to_string(i)));
  bench.call("PutAttributes", on(host, "a3", "changed"));
  CHECK_THAT(bench.refusal("PutAttributes", on(host, "a10")),
             Catch::StartsWith("AttributeLimitExceededException: The quota of 10 custom attributes of arn:"));
}
