#include "proto/ecs/validate.hpp"

#include "tests/unit/proto/ecs/check.hpp"

namespace berth::ecs {
namespace {

using Json = nlohmann::json;

TEST_CASE("Unknown members and nulls are gone at every level") {
  Json input = Json::parse(R"({"taskDefinition": "web", "count": null, "private": {"a": [1]},
    "tags": [null, {"key": "a", "value": null, "other": 1}],
    "overrides": {"containerOverrides": [{"name": "app", "environment": [{"name": "A"}], "x": {}}], "y": 2}})");
  CHECK(accepted("RunTask", input) == Json::parse(R"({"taskDefinition": "web", "tags": [{"key": "a"}],
    "overrides": {"containerOverrides": [{"name": "app", "environment": [{"name": "A"}]}]}})"));
}

TEST_CASE("Nulls in a map are gone, its keys are anyone's") {
  Json input =
      Json::parse(R"({"family": "f", "containerDefinitions": [{"dockerLabels": {"a": null, "": "b"}}]})");
  Json output = accepted("RegisterTaskDefinition", input);
  CHECK(output["containerDefinitions"][0]["dockerLabels"] == Json{{"", "b"}});
}

TEST_CASE("A document keeps whatever it holds") {
  Json details = Json::parse(R"({"any": [null, 1.5, {"x": "y"}]})");
  Json hook{{"hookDetails", details}};
  Json input{{"serviceName", "s"}, {"deploymentConfiguration", {{"lifecycleHooks", {hook}}}}};
  CHECK(accepted("CreateService", input)["deploymentConfiguration"]["lifecycleHooks"][0] == hook);
}

TEST_CASE("A value of another type is a SerializationException that names the member") {
  struct Case {
    std::string operation;
    std::string input;
    std::string message;
  };
  const auto one = GENERATE(values<Case>({
      {"RunTask", R"({"taskDefinition": 5})",
       "NUMBER_VALUE cannot be converted to String (at 'taskDefinition')"},
      {"RunTask", R"({"taskDefinition": 5.5})",
       "DECIMAL_VALUE cannot be converted to String (at 'taskDefinition')"},
      {"RunTask", R"({"taskDefinition": true})",
       "TRUE_VALUE cannot be converted to String (at 'taskDefinition')"},
      {"RunTask", R"({"count": "2"})", "STRING_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"count": 1.5})", "DECIMAL_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"count": 2147483648})", "NUMBER_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"count": -2147483649})", "NUMBER_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"count": 18446744073709551615})",
       "NUMBER_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"count": 1e300})", "DECIMAL_VALUE cannot be converted to Integer (at 'count')"},
      {"RunTask", R"({"enableExecuteCommand": "true"})",
       "STRING_VALUE cannot be converted to Boolean (at 'enableExecuteCommand')"},
      {"RunTask", R"({"launchType": false})", "FALSE_VALUE cannot be converted to String (at 'launchType')"},
      {"RunTask", R"({"tags": [{"key": "a"}, {"key": 1}]})",
       "NUMBER_VALUE cannot be converted to String (at 'tags.2.member.key')"},
      {"RunTask", R"({"tags": "a"})", "STRING_VALUE cannot be converted to List (at 'tags')"},
      {"RunTask", R"({"overrides": "a"})", "STRING_VALUE cannot be converted to Structure (at 'overrides')"},
      {"RunTask", R"({"overrides": []})",
       "Start of list found where not expected: 'overrides' is of type Structure"},
      {"RunTask", R"({"cluster": {}})",
       "Start of structure or map found where not expected: 'cluster' is of type String"},
      {"RunTask", "[]", "Start of list found where not expected: the request is of type Structure"},
      {"RunTask", "null", "NULL_VALUE cannot be converted to Structure (at the request)"},
      {"SubmitTaskStateChange", R"({"pullStartedAt": "soon"})",
       "STRING_VALUE cannot be converted to Timestamp (at 'pullStartedAt')"},
      {"RegisterTaskDefinition", R"({"containerDefinitions": [{"dockerLabels": {"a": 1}}]})",
       "NUMBER_VALUE cannot be converted to String (at 'containerDefinitions.1.member.dockerLabels.a')"},
      {"RegisterTaskDefinition", R"({"containerDefinitions": [{"dockerLabels": "a=b"}]})",
       "STRING_VALUE cannot be converted to Map (at 'containerDefinitions.1.member.dockerLabels')"},
  }));
  CAPTURE(one.input);
  CHECK(refusal(one.operation, Json::parse(one.input)) == "SerializationException: " + one.message);
}

TEST_CASE("Numbers are normalised") {
  Json input = accepted("RunTask", {{"taskDefinition", "web"}, {"count", 2.0}});
  CHECK(input["count"].is_number_integer());
  CHECK(input["count"] == 2);
  CHECK(accepted("RunTask", {{"taskDefinition", "web"}, {"count", -2147483648.0}})["count"] == -2147483648);
}

TEST_CASE("Timestamps are numbers, or text that becomes a number") {
  Json input = accepted("SubmitTaskStateChange", {{"pullStartedAt", "2024-06-29T08:33:20.5Z"},
                                                  {"pullStoppedAt", 1719650001},
                                                  {"executionStoppedAt", 1719650001.25}});
  CHECK(input["pullStartedAt"] == 1719650000.5);
  CHECK(input["pullStoppedAt"] == 1719650001);
  CHECK(input["executionStoppedAt"] == 1719650001.25);
}

TEST_CASE("Types are checked first, then enums, then the rest") {
  const Json all = Json::parse(R"({"propagateTags": "NOWHERE", "count": "x"})");
  CHECK_THAT(refusal("RunTask", all), Catch::StartsWith("SerializationException: "));
  const Json enums = Json::parse(R"({"propagateTags": "NOWHERE"})");
  CHECK(
      refusal("RunTask", enums) ==
      "InvalidParameterException: 1 validation error detected: Value 'NOWHERE' at 'propagateTags' failed to "
      "satisfy constraint: Member must satisfy enum value set: [TASK_DEFINITION, SERVICE, NONE]");
  CHECK(refusal("RunTask", Json::object()) ==
        "InvalidParameterException: 1 validation error detected: Value null at 'taskDefinition' failed to "
        "satisfy constraint: Member must not be null");
}

TEST_CASE("All broken rules are told at once") {
  Json input = Json::parse(R"({"resourceArn": null, "tags": [{"key": ""}, {"key": "a#b"}]})");
  CHECK(
      refusal("TagResource", input) ==
      "InvalidParameterException: 3 validation errors detected: "
      "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or "
      "equal to 1; "
      "Value 'a#b' at 'tags.2.member.key' failed to satisfy constraint: Member must satisfy regular "
      "expression "
      "pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*); "
      "Value null at 'resourceArn' failed to satisfy constraint: Member must not be null");
}

TEST_CASE("Bounds hold at their edges") {
  auto strategy = [](int base, int weight) {
    Json item{{"capacityProvider", "p"}, {"base", base}, {"weight", weight}};
    return refusal("RunTask", {{"taskDefinition", "web"}, {"capacityProviderStrategy", {item}}});
  };
  CHECK(strategy(0, 0).empty());
  CHECK(strategy(100000, 1000).empty());
  CHECK_THAT(strategy(-1, 0),
             Catch::Contains("Value '-1' at 'capacityProviderStrategy.1.member.base' failed to "
                             "satisfy constraint: Member must have value greater than or equal "
                             "to 0"));
  CHECK_THAT(strategy(0, 1001),
             Catch::Contains("Value '1001' at 'capacityProviderStrategy.1.member.weight' failed "
                             "to satisfy constraint: Member must have value less than or equal "
                             "to 1000"));
}

TEST_CASE("Lengths count characters, not bytes") {
  auto tag = [](const std::string& key) {
    return refusal("TagResource", {{"resourceArn", "arn"}, {"tags", {{{"key", key}}}}});
  };
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xc3\xbc";
  CHECK(tag(umlauts).empty());
  CHECK_THAT(tag(umlauts + "a"), Catch::Contains("Member must have length less than or equal to 128"));
}

TEST_CASE("A list that is too long is told of without its content") {
  Json tags = Json::array();
  for (int i = 0; i < 51; ++i) tags.push_back({{"key", "k" + std::to_string(i)}});
  CHECK(
      refusal("TagResource", {{"resourceArn", "arn"}, {"tags", tags}}) ==
      "InvalidParameterException: 1 validation error detected: Value at 'tags' failed to satisfy constraint: "
      "Member must have length less than or equal to 50");
}

TEST_CASE("A message stays short however wrong the request is") {
  Json tags = Json::array();
  for (int i = 0; i < 5000; ++i) tags.push_back({{"key", std::string(10000, '#')}});
  std::string said = refusal("TagResource", {{"resourceArn", "arn"}, {"tags", tags}});
  CHECK_THAT(said,
             Catch::Contains("10001 validation errors detected: ") && Catch::EndsWith("; and 9991 more"));
  CHECK(said.size() < 8000);
  Json labels{{std::string(100000, 'k'), 1}};
  CHECK(refusal("RegisterTaskDefinition", {{"containerDefinitions", {{{"dockerLabels", labels}}}}}).size() <
        1000);
}

TEST_CASE("Values of sensitive shapes are never shown, nor are those inside them") {
  Model api;
  REQUIRE(api.add("x.shapes",
                  "operation Put In In\n"
                  "structure In\n"
                  "  word Word\n"
                  "  all All\n"
                  "string Word ..3 /[a-z]+/ sensitive\n"
                  "list All One sensitive\n"
                  "structure One\n"
                  "  color Color\n"
                  "  size Size\n"
                  "enum Color\n"
                  "  RED\n"
                  "integer Size ..9\n"));
  REQUIRE(api.link());
  const auto check = [&](const char* text) {
    Json input = Json::parse(text);
    auto failure = checkInput(*api.findOperation("Put"), input);
    REQUIRE(failure);
    return failure->message;
  };
  CHECK(
      check(R"({"word": "SECRET"})") ==
      "2 validation errors detected: "
      "Value at 'word' failed to satisfy constraint: Member must have length less than or equal to 3; "
      "Value at 'word' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+");
  CHECK_THAT(check(R"({"all": [{"color": "SECRET"}]})"), !Catch::Contains("SECRET"));
  CHECK_THAT(check(R"({"all": [{"size": 4711}]})"), !Catch::Contains("4711"));
  CHECK_THAT(check(R"({"all": "SECRET"})"), !Catch::Contains("SECRET"));
}

TEST_CASE("An answer that fits its operation has no problems") {
  Json answer = Json::parse(R"({"clusters": [{"clusterName": "default", "runningTasksCount": 0, "tags": []}],
                                "failures": []})");
  CHECK(checkOutput(operationOf("DescribeClusters"), answer).empty());
  CHECK(checkOutput(operationOf("TagResource"), Json::object()).empty());
}

TEST_CASE("Each misfit of an answer is a problem with its place") {
  Json answer = Json::parse(R"({"clusters": [{"clusterName": 1, "settings": [{"name": "x"}], "status": null},
    {"extra": 1}], "failures": {}, "other": []})");
  CHECK_THAT(checkOutput(operationOf("DescribeClusters"), answer),
             Catch::UnorderedEquals(std::vector<std::string>{
                 "'clusters.1.member.clusterName' is no String but NUMBER_VALUE",
                 "'clusters.1.member.settings.1.member.name' is not in ClusterSettingName: x",
                 "'clusters.1.member.status' is no String but NULL_VALUE",
                 "'clusters.2.member.extra' is not a member of Cluster",
                 "'failures' is no List but START_OBJECT",
                 "'other' is not a member of DescribeClustersResponse",
             }));
  CHECK(checkOutput(operationOf("DescribeClusters"), Json::array()) ==
        std::vector<std::string>{"the answer is no Structure but START_ARRAY"});
  Json task{{"tasks", {{{"createdAt", "2024-06-29T08:33:20Z"}}}}};
  CHECK(checkOutput(operationOf("DescribeTasks"), task).size() == 1);
}

}  // namespace
}  // namespace berth::ecs
