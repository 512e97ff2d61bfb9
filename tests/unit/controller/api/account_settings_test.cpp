#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

const std::string kRoot = "arn:aws:iam::000000000000:root";
const std::string kUser = "arn:aws:iam::000000000000:user/ann";

Json setting(const std::string& name, const std::string& value) { return {{"name", name}, {"value", value}}; }

/// name=value of what is listedSettings, in order.
std::vector<std::string> listedSettings(Bench& bench, Json input = Json::object()) {
  std::vector<std::string> out;
  const Json reply = bench.call("ListAccountSettings", std::move(input));
  for (const Json& one : reply["settings"]) {
    out.push_back(one["name"].get<std::string>() + "=" + one["value"].get<std::string>());
  }
  return out;
}

}  // namespace

TEST_CASE("a setting is put, listed and deleted") {
  Bench bench;
  bench.caller.principal = kRoot;
  CHECK(listedSettings(bench).empty());
  const Json put = bench.call("PutAccountSetting", setting("containerInsights", "enhanced"))["setting"];
  CHECK(
      put ==
      Json{{"name", "containerInsights"}, {"value", "enhanced"}, {"principalArn", kRoot}, {"type", "user"}});
  CHECK(listedSettings(bench) == std::vector<std::string>{"containerInsights=enhanced"});
  const Json deleted = bench.call("DeleteAccountSetting", {{"name", "containerInsights"}})["setting"];
  CHECK(deleted["value"] == "disabled");
  CHECK(listedSettings(bench).empty());
  bench.call("DeleteAccountSetting", {{"name", "containerInsights"}});
  CHECK(bench.last.mutations.empty());
}

TEST_CASE("the account's settings hold for everyone without own ones") {
  Bench bench;
  bench.caller.principal = kRoot;
  bench.call("PutAccountSettingDefault", setting("awsvpcTrunking", "enabled"));
  Json user{{"principalArn", kUser}, {"name", "awsvpcTrunking"}, {"effectiveSettings", true}};
  CHECK(bench.call("ListAccountSettings", user)["settings"] ==
        Json::array(
            {{{"name", "awsvpcTrunking"}, {"value", "enabled"}, {"principalArn", kRoot}, {"type", "user"}}}));
  Json own = setting("awsvpcTrunking", "disabled");
  own["principalArn"] = kUser;
  bench.call("PutAccountSetting", own);
  CHECK(bench.call("ListAccountSettings", user)["settings"][0]["principalArn"] == kUser);
  CHECK(listedSettings(bench, user) == std::vector<std::string>{"awsvpcTrunking=disabled"});
  CHECK(listedSettings(bench) == std::vector<std::string>{"awsvpcTrunking=enabled"});
  const Json deleted =
      bench.call("DeleteAccountSetting", {{"name", "awsvpcTrunking"}, {"principalArn", kUser}})["setting"];
  CHECK(deleted["value"] == "enabled");
  CHECK(deleted["principalArn"] == kUser);
  CHECK(listedSettings(bench, user) == std::vector<std::string>{"awsvpcTrunking=enabled"});
}

TEST_CASE("effective settings are all of them, a page at a time") {
  Bench bench;
  const Json first = bench.call("ListAccountSettings", {{"effectiveSettings", true}});
  CHECK(first["settings"].size() == 10);
  const Json second =
      bench.call("ListAccountSettings", {{"effectiveSettings", true}, {"nextToken", first["nextToken"]}});
  CHECK(second["settings"].size() == 1);
  CHECK_FALSE(second.contains("nextToken"));
  CHECK(listedSettings(bench, {{"effectiveSettings", true}, {"maxResults", 2}}).size() == 2);
  CHECK(bench.refusal("ListAccountSettings", {{"maxResults", 11}}) ==
        "InvalidParameterException: maxResults must be between 1 and 10, not 11");
  CHECK_THAT(bench.refusal("ListAccountSettings", {{"nextToken", "*"}}),
             Catch::StartsWith("InvalidParameterException: Invalid token '*'"));
}

TEST_CASE("settings are listed by name and value") {
  Bench bench;
  bench.call("PutAccountSetting", setting("taskLongArnFormat", "disabled"));
  bench.call("PutAccountSetting", setting("containerInsights", "disabled"));
  CHECK(listedSettings(bench, {{"name", "taskLongArnFormat"}}) ==
        std::vector<std::string>{"taskLongArnFormat=disabled"});
  CHECK(listedSettings(bench, {{"name", "taskLongArnFormat"}, {"value", "enabled"}}).empty());
  CHECK(listedSettings(bench, {{"name", "taskLongArnFormat"}, {"value", "disabled"}}).size() == 1);
  CHECK(bench.refusal("ListAccountSettings", {{"value", "disabled"}}) ==
        "InvalidParameterException: value needs a name.");
}

TEST_CASE("a setting has a name, a value and a principal that make sense") {
  Bench bench;
  CHECK_THAT(bench.refusal("PutAccountSetting", setting("longArns", "enabled")),
             Catch::StartsWith("InvalidParameterException: ") && Catch::Contains("serviceLongArnFormat"));
  CHECK(
      bench.refusal("PutAccountSetting", setting("containerInsights", "on")) ==
      "InvalidParameterException: Invalid value 'on' for setting containerInsights: use enabled, disabled or "
      "enhanced.");
  CHECK(bench.refusal("PutAccountSettingDefault", setting("defaultLogDriverMode", "")) ==
        "InvalidParameterException: Invalid value '' for setting defaultLogDriverMode: use blocking or "
        "non-blocking.");
  CHECK(
      bench.refusal("PutAccountSetting", setting("fargateTaskRetirementWaitPeriod", "8")) ==
      "InvalidParameterException: Invalid value '8' for setting fargateTaskRetirementWaitPeriod: use 0, 7 or "
      "14.");
  CHECK(bench.refusal("PutAccountSetting", setting("guardDutyActivate", "on")) ==
        "InvalidParameterException: The setting guardDutyActivate can only be read.");
  CHECK(bench.call("ListAccountSettings",
                   {{"name", "guardDutyActivate"}, {"effectiveSettings", true}})["settings"][0]["type"] ==
        "aws_managed");
  for (const char* principal : {"ann", "arn:aws:iam::111111111111:root", "arn:aws:iam::000000000000:user/"}) {
    Json input = setting("containerInsights", "enabled");
    input["principalArn"] = principal;
    CHECK_THAT(
        bench.refusal("PutAccountSetting", input),
        Catch::StartsWith("InvalidParameterException: Invalid principalArn '" + std::string(principal)));
    input.erase("value");
    CHECK_THAT(bench.refusal("DeleteAccountSetting", input), Catch::Contains("Invalid principalArn"));
    input.erase("name");
    CHECK_THAT(bench.refusal("ListAccountSettings", input), Catch::Contains("Invalid principalArn"));
  }
}

TEST_CASE("new clusters have container insights as the account says, unless the call does") {
  Bench bench;
  bench.call("PutAccountSettingDefault", setting("containerInsights", "enabled"));
  CHECK(bench.call("CreateCluster")["cluster"]["settings"] ==
        Json::array({setting("containerInsights", "enabled")}));
  const Json own{{"clusterName", "own"}, {"settings", {setting("containerInsights", "disabled")}}};
  CHECK(bench.call("CreateCluster", own)["cluster"]["settings"] == own["settings"]);
}

TEST_CASE("a container instance has an ARN of the old format if its registration was to have that") {
  Bench bench;
  bench.cluster();
  bench.define("app");
  const std::string before = bench.host();
  bench.call("PutAccountSetting", setting("containerInstanceLongArnFormat", "disabled"));
  const std::string old = bench.host();
  bench.join(old);
  bench.call("DeleteAccountSetting", {{"name", "containerInstanceLongArnFormat"}});
  const std::string prefix = "arn:aws:ecs:us-east-1:000000000000:container-instance/";
  CHECK(before.starts_with(prefix + "default/"));
  REQUIRE(old.starts_with(prefix));
  const std::string id = old.substr(prefix.size());
  CHECK(id.size() == 36);
  // Every form of the reference means it, and it is always shown as it was made.
  for (const std::string& reference : {old, id, prefix + "default/" + id}) {
    CAPTURE(reference);
    const Json described =
        bench.call("DescribeContainerInstances", {{"containerInstances", {reference}}})["containerInstances"];
    REQUIRE(described.size() == 1);
    CHECK(described[0]["containerInstanceArn"] == old);
    bench.call("PutAttributes", {{"attributes", {{{"name", "rack"}, {"targetId", reference}}}}});
    CHECK(bench.call("ListTasks", {{"containerInstance", reference}})["taskArns"].empty());
  }
  CHECK(bench.call("ListTagsForResource", {{"resourceArn", old}})["tags"].empty());
  Json all = bench.call("ListContainerInstances")["containerInstanceArns"];
  CHECK(std::ranges::count(all, Json(old)) == 1);
  CHECK(std::ranges::count(all, Json(before)) == 1);
  CHECK(bench.task(bench.runOne())["containerInstanceArn"] == old);
  // Registering again changes nothing of it.
  CHECK(bench.host("default", {{"containerInstanceArn", old}}) == old);
}
