// Alarms that are put, and the deployments that they give up.
#include "controller/api/alarms.hpp"
#include "tests/unit/controller/core/served.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;
using sample::Served;

namespace {

ApiResult<Json> act(Bench& bench, ApiResult<Json> (*action)(Context&), const Json& input) {
  bench.last = Output();
  const auto asked = [action](Context& context) {
    auto result = action(context);
    auto* error = std::get_if<ApiError>(&result);
    return error ? Reply(*error) : Reply(std::get<Json>(std::move(result)));
  };
  return treeOf(bench.core.perform(asked, input, bench.caller, bench.tick(), bench.last));
}

Json put(Bench& bench, const std::string& name, const std::string& state, const std::string& reason = "") {
  auto result = act(bench, putAlarm, {{"name", name}, {"alarm", {{"state", state}, {"reason", reason}}}});
  if (const auto* error = std::get_if<ApiError>(&result)) FAIL(error->message);
  return std::get<Json>(result)["alarm"];
}

std::string refusedAlarm(Bench& bench, ApiResult<Json> (*action)(Context&), const Json& input) {
  auto result = act(bench, action, input);
  if (const auto* reply = std::get_if<Json>(&result)) FAIL("answered " << reply->dump());
  CHECK(bench.last.mutations.empty());
  return std::get<ApiError>(result).message;
}

/// What makes a service that is watched by "5xx".
Json watched(bool rollback, int64_t bake = 0) {
  return {{"deploymentConfiguration",
           {{"alarms", {{"alarmNames", {"5xx"}}, {"enable", true}, {"rollback", rollback}}},
            {"bakeTimeInMinutes", bake}}}};
}

/// The newest service deployment of "web".
Json newest(Bench& bench) {
  const Json listed = bench.call("ListServiceDeployments", {{"service", "web"}})["serviceDeployments"];
  return bench.call(
      "DescribeServiceDeployments",
      {{"serviceDeploymentArns", {listed[0]["serviceDeploymentArn"]}}})["serviceDeployments"][0];
}

}  // namespace

TEST_CASE("an alarm is put, shown and deleted, and what it means is checked") {
  Served bench;
  const Json alarm = put(bench, "5xx", "ALARM", "too many");
  CHECK(alarm["alarmArn"] == "arn:aws:ecs:us-east-1:000000000000:alarm/5xx");
  CHECK(alarm["state"] == "ALARM");
  CHECK(alarm["reason"] == "too many");
  CHECK(alarm["updatedBy"] == bench.caller.principal);
  const Json later = put(bench, "5xx", "ALARM", "still");
  CHECK(later["since"] == alarm["since"]);
  CHECK(later["updatedAt"] != alarm["updatedAt"]);
  CHECK(put(bench, "5xx", "OK")["since"] != alarm["since"]);
  CHECK(std::get<Json>(act(bench, getAlarms, Json::object()))["alarms"].size() == 1);
  CHECK(std::get<Json>(act(bench, getAlarm, {{"name", "5xx"}}))["alarm"]["state"] == "OK");
  CHECK(refusedAlarm(bench, putAlarm, {{"name", "5xx"}, {"alarm", {{"state", "LOUD"}}}}) ==
        "An alarm's state is OK, ALARM or INSUFFICIENT_DATA, not 'LOUD'.");
  CHECK(refusedAlarm(bench, putAlarm, {{"name", "5xx"}, {"alarm", {{"status", "OK"}}}}) ==
        "'status' is not known of an alarm: give its state, and a reason.");
  CHECK(refusedAlarm(bench, putAlarm, {{"name", "5xx"}, {"alarm", {{"state", 1}}}}) ==
        "'state' of an alarm must be a text.");
  CHECK(refusedAlarm(bench, putAlarm,
                     {{"name", "5xx"}, {"alarm", {{"state", "OK"}, {"reason", std::string(1024, 'a')}}}}) ==
        "An alarm's reason has up to 1023 bytes, not 1024.");
  CHECK(refusedAlarm(bench, putAlarm, {{"name", "a\n"}, {"alarm", {{"state", "OK"}}}}) ==
        "An alarm's name has 1 to 255 printable ASCII characters.");
  CHECK(std::get<Json>(act(bench, deleteAlarm, {{"name", "5xx"}})) == Json::object());
  CHECK(refusedAlarm(bench, getAlarm, {{"name", "5xx"}}) == "There is no alarm '5xx'.");
}

TEST_CASE("an alarm that is put during a rollout takes it back at once") {
  Served bench;
  bench.create(2, watched(true));
  bench.settle();
  const std::string good = bench.stored().primary()->id;
  bench.update({{"forceNewDeployment", true}});
  const std::string bad = bench.stored().primary()->id;
  CHECK(newest(bench)["alarms"] ==
        Json::parse(R"({"status":"MONITORING","alarmNames":["5xx"],"triggeredAlarmNames":[]})"));
  put(bench, "other", "ALARM");
  CHECK(bench.stored().primary()->id == bad);
  put(bench, "5xx", "INSUFFICIENT_DATA");
  CHECK(bench.stored().primary()->id == bad);
  put(bench, "5xx", "ALARM");
  CHECK(bench.stored().primary()->id == good);
  CHECK(bench.says("(deployment " + bad + ") deployment failed: alarm detected."));
  CHECK(bench.says("(service web) rolling back to deployment " + good + "."));
  bench.settle();
  const Json shown = newest(bench);
  CHECK(shown["status"] == "ROLLBACK_SUCCESSFUL");
  CHECK(shown["rollback"]["reason"] == "ECS deployment alarms: 5xx detected.");
  CHECK(shown["alarms"] ==
        Json::parse(R"({"status":"TRIGGERED","alarmNames":["5xx"],"triggeredAlarmNames":["5xx"]})"));
  CHECK(bench.tasks(good).size() == 2);
  CHECK(bench.tasks().size() == 2);
}

TEST_CASE("a deployment that begins while its alarm rings is not given up for it") {
  Served bench;
  bench.create(1, watched(true));
  bench.settle();
  put(bench, "5xx", "ALARM");
  bench.update({{"forceNewDeployment", true}});
  bench.settle();
  CHECK(newest(bench)["status"] == "SUCCESSFUL");
  CHECK(newest(bench)["alarms"]["status"] == "MONITORING_COMPLETE");
}

TEST_CASE("a rollout bakes for as long as its user says, also over a restart, and an alarm ends that") {
  Served first;
  first.create(1, watched(true, 5));
  first.settle();
  CHECK(newest(first)["status"] == "IN_PROGRESS");
  first.wait(301);
  CHECK(newest(first)["status"] == "SUCCESSFUL");
  // Its agent was silent for so long that its session has ended.
  first.session = first.join(first.host_arn);
  first.update({{"forceNewDeployment", true}});
  first.settle();
  CHECK(first.tasks(first.stored().primary()->id).size() == 1);
  CHECK(first.tasks().size() == 1);
  const auto entities = first.all();
  Bench second(sample::quick());
  second.core.load(entities);
  second.second = first.second;
  second.session = second.join(first.host_arn);
  CHECK(newest(second)["status"] == "IN_PROGRESS");
  put(second, "5xx", "ALARM");
  CHECK(newest(second)["status"] == "ROLLBACK_IN_PROGRESS");
}

TEST_CASE("task sets are rolled by their user, not given up for alarms") {
  Served bench;
  Json external{
      {"serviceName", "web"}, {"desiredCount", 1}, {"deploymentController", {{"type", "EXTERNAL"}}}};
  external.update(watched(false));
  CHECK(bench.refusal("CreateService", external) ==
        "InvalidParameterException: Deployment alarms are for services with the ECS deployment controller: "
        "leave "
        "alarms out.");
}
