// Jobs in the core: when runs begin, what becomes of them, retries and limited lives.
#include "controller/api/jobs/actions.hpp"
#include "tests/unit/controller/bench/bench.hpp"

using namespace berth;
using namespace berth::controller;
using sample::Bench;

namespace {

ControllerOptions calm() {
  ControllerOptions options = sample::patient();
  options.delivery.lostAfter = std::chrono::hours(24 * 365);
  options.keepStopped = std::chrono::hours(24 * 365);
  return options;
}

/// A cluster with a connected host, and jobs of the family "app".
struct Shop : Bench {
  Shop() : Bench(calm()) { ready(); }

  ApiResult<Json> perform(ApiResult<Json> (*action)(Context&), Json input) {
    last = Output();
    return treeOf(core.perform([&](Context& context) { return widened(action(context)); }, input, caller,
                               tick(), last));
  }
  Json done(ApiResult<Json> (*action)(Context&), Json input) {
    auto result = perform(action, std::move(input));
    if (const auto* error = std::get_if<ApiError>(&result)) FAIL(error->type << ": " << error->message);
    return std::get<Json>(result);
  }
  std::string refused(ApiResult<Json> (*action)(Context&), Json input) {
    auto result = perform(action, std::move(input));
    if (const auto* reply = std::get_if<Json>(&result)) FAIL("answered " << reply->dump());
    CHECK(last.mutations.empty());
    return std::get<ApiError>(result).message;
  }
  Json put(Json more = Json::object(), const std::string& name = "nightly") {
    Json body{{"taskDefinition", "app"}};
    body.update(more);
    return done(putJob, {{"name", name}, {"job", body}})["job"];
  }
  std::string refusedPut(Json more) {
    Json body{{"taskDefinition", "app"}};
    body.update(more);
    return refused(putJob, {{"name", "nightly"}, {"job", body}});
  }
  Json job(const std::string& name = "nightly") { return done(getJob, {{"name", name}})["job"]; }
  Json runs(const std::string& name = "nightly") { return done(getRuns, {{"name", name}})["runs"]; }
  Json run(size_t place = 0) { return runs().at(place); }
  std::string hand() { return done(runJob, {{"name", "nightly"}})["run"]; }
  /// The ARN of the first task of a run's last attempt.
  static std::string taskIn(const Json& shown) { return shown["attempts"].back()["tasks"].at(0); }
  void end(const std::string& arn, int code, const std::string& reason = "") {
    Json app{{"exitCode", code}};
    if (!reason.empty()) app["reason"] = reason;
    report(arn, "STOPPED", one("STOPPED", app));
  }
  void fail(int code = 1) { end(taskIn(run()), code); }
  /// "RUNNING DUE ..." of the runs, the newest first.
  std::string states() {
    std::string out;
    for (const Json& one : runs()) out += (out.empty() ? "" : " ") + one["state"].get<std::string>();
    return out;
  }
};

}  // namespace

TEST_CASE("a run by hand begins at once, and is over with its task") {
  Shop shop;
  CHECK(shop.put()["schedule"].is_null());
  const std::string id = shop.hand();
  REQUIRE(shop.sent<acs::PayloadMessage>().size() == 1);
  Json run = shop.run();
  CHECK(run["id"] == id);
  CHECK(run["state"] == "RUNNING");
  CHECK(run["outcome"].is_null());
  CHECK(run["trigger"] == "hand");
  const Json task = shop.task(Shop::taskIn(run));
  CHECK(task["startedBy"] == "berth-job/nightly");
  CHECK(task["group"] == "family:app");
  shop.report(Shop::taskIn(run), "RUNNING");
  shop.end(Shop::taskIn(run), 0);
  run = shop.run();
  CHECK(run["outcome"] == "SUCCEEDED");
  CHECK(run["reason"].is_null());
  CHECK_FALSE(run["endedAt"].is_null());
  CHECK_FALSE(run["attempts"][0]["endedAt"].is_null());
  CHECK(shop.job()["openRuns"] == 0);
  CHECK(shop.job()["lastRun"]["id"] == id);
}

TEST_CASE("a job is run when it is due, and says when that is next") {
  Shop shop;
  const Json job = shop.put({{"schedule", "rate(10 minutes)"}});
  CHECK(job["nextRun"] == toRfc3339(shop.at(shop.second + 600).wall));
  CHECK(shop.core.nextDeadline() <= shop.at(shop.second + 600).mono);
  shop.wait(598);
  CHECK(shop.runs().empty());
  shop.wait(2);
  CHECK(shop.states() == "RUNNING");
  CHECK(shop.run()["trigger"] == "schedule");
  CHECK(shop.run()["scheduledFor"] == job["nextRun"]);
  CHECK(shop.run()["moments"] == 1);
}

TEST_CASE("a job does not wait until a clock that was set back is where it was") {
  Shop shop;
  shop.put({{"schedule", "rate(10 minutes)"}, {"overlap", "allow"}});
  shop.wait(601);
  REQUIRE(shop.runs().size() == 1);
  shop.clockOff = -7200;
  shop.wait(1);
  CHECK(shop.job()["nextRun"] == toRfc3339(shop.at(shop.second + 599).wall));
  shop.wait(600);
  CHECK(shop.runs().size() == 2);

  // Put and set back before the next look at jobs.
  shop.put({{"schedule", "rate(10 minutes)"}}, "other");
  shop.clockOff -= 7200;
  shop.wait(1);
  shop.wait(600);
  CHECK(shop.runs("other").size() == 1);
}

TEST_CASE("a moment that comes again by a clock that was set back has no second run") {
  Shop shop;
  shop.put({{"schedule", "rate(10 minutes)"}, {"overlap", "allow"}});
  shop.wait(601);
  const std::string first = shop.run()["id"];
  shop.clockOff = -300;
  shop.wait(301);
  CHECK(shop.runs().size() == 1);
  CHECK(shop.run()["id"] == first);
  shop.wait(600);
  CHECK(shop.runs().size() == 2);
}

TEST_CASE("an attempt does not wait until a clock that was set back is where it was") {
  Shop shop;
  shop.put({{"retry", {{"attempts", 2}, {"backoff", "10s"}, {"maxBackoff", "30s"}}}});
  shop.hand();
  shop.fail();
  REQUIRE(shop.states() == "DUE");
  shop.clockOff = -7200;
  shop.wait(1);
  CHECK(shop.states() == "RUNNING");
}

TEST_CASE("a count of tasks is a run of so many, and fails with the worst of them") {
  Shop shop;
  shop.put({{"count", 2}});
  shop.hand();
  const Json tasks = shop.run()["attempts"][0]["tasks"];
  REQUIRE(tasks.size() == 2);
  shop.end(tasks[0], 0);
  CHECK(shop.states() == "RUNNING");
  shop.end(tasks[1], 7);
  CHECK(shop.run()["outcome"] == "FAILED");
  CHECK(shop.run()["attempts"][0]["exitCode"] == 7);
  CHECK(shop.run()["reason"] ==
        "the container app ended with exit code 7: Essential container in task exited");
}

TEST_CASE("overlap: skip notes why a run that is due does not begin") {
  Shop shop;
  shop.put({{"schedule", "rate(1 minute)"}});
  shop.wait(61);
  const std::string first = shop.run()["id"];
  shop.wait(60);
  CHECK(shop.states() == "SKIPPED RUNNING");
  CHECK(shop.run()["reason"] == "the run " + first + " was not over (overlap: skip)");
  CHECK(shop.run()["startedAt"].is_null());
}

TEST_CASE("overlap: allow begins runs beside each other") {
  Shop shop;
  shop.put({{"schedule", "rate(1 minute)"}, {"overlap", "allow"}});
  shop.wait(61);
  shop.wait(60);
  CHECK(shop.states() == "RUNNING RUNNING");
}

TEST_CASE("overlap: replace stops the run before, and begins once it has stopped") {
  Shop shop;
  shop.put({{"overlap", "replace"}});
  const std::string first = shop.hand();
  const std::string task = Shop::taskIn(shop.run());
  shop.report(task, "RUNNING");
  const std::string second = shop.hand();
  CHECK(shop.states() == "WAITING STOPPING");
  CHECK(shop.task(task)["desiredStatus"] == "STOPPED");
  CHECK(shop.task(task)["stoppedReason"] == "berth:job: replaced by the run " + second);
  // One more takes the place of the one that has not begun.
  const std::string third = shop.hand();
  CHECK(shop.states() == "WAITING SKIPPED STOPPING");
  shop.end(task, 143);
  CHECK(shop.states() == "RUNNING SKIPPED REPLACED");
  CHECK(shop.run(1)["reason"] == "replaced by the run " + third + " before it began");
  CHECK(shop.run(2)["replacedBy"] == third);
  shop.end(Shop::taskIn(shop.run()), 0);
  CHECK(shop.states() == "SUCCEEDED SKIPPED REPLACED");
}

TEST_CASE("a failed attempt is followed by another after its back-off, until there are enough") {
  Shop shop;
  shop.put({{"retry", {{"attempts", 3}, {"backoff", "10s"}}}});
  shop.hand();
  shop.fail(1);
  CHECK(shop.states() == "DUE");
  CHECK_FALSE(shop.run()["nextAttemptAt"].is_null());
  shop.wait(11);
  CHECK(shop.states() == "RUNNING");
  CHECK(shop.run()["attempts"].size() == 2);
  CHECK(shop.run()["attempts"][0]["tasks"] != shop.run()["attempts"][1]["tasks"]);
  shop.fail(2);
  shop.wait(21);
  CHECK(shop.run()["attempts"].size() == 3);
  shop.fail(3);
  const Json run = shop.run();
  CHECK(run["outcome"] == "FAILED");
  CHECK(run["attempts"][0]["exitCode"] == 1);
  CHECK(run["attempts"][2]["exitCode"] == 3);
  shop.wait(600);
  CHECK(shop.run() == run);
}

TEST_CASE("only the failures that are named are tried again") {
  Shop shop;
  shop.put({{"retry", {{"attempts", 3}, {"onExitCodes", {75}}, {"onReasons", {"OutOfMemoryError"}}}}});
  shop.hand();
  shop.fail(75);
  CHECK(shop.states() == "DUE");
  shop.wait(11);
  shop.end(Shop::taskIn(shop.run()), 137, "OutOfMemoryError: killed");
  CHECK(shop.states() == "DUE");
  shop.wait(21);
  shop.fail(1);
  CHECK(shop.states() == "FAILED");
}

TEST_CASE("who stops a task of a run stops the run") {
  Shop shop;
  shop.put({{"retry", {{"attempts", 3}}}});
  shop.hand();
  const std::string task = Shop::taskIn(shop.run());
  shop.call("StopTask", {{"task", task}, {"reason", "enough"}});
  shop.end(task, 143);
  CHECK(shop.run()["outcome"] == "STOPPED");
  CHECK(shop.run()["reason"] == "enough");
}

TEST_CASE("an attempt that finds no place is a failed one, and leaves no tasks") {
  Shop shop;
  shop.put({{"count", 8}, {"retry", {{"attempts", 2}}}});
  shop.hand();
  CHECK(shop.states() == "DUE");
  CHECK(shop.core.state().tasks().empty());
  shop.host();
  shop.wait(11);
  CHECK(shop.states() == "FAILED");
  CHECK(shop.run()["attempts"].size() == 2);
  CHECK_THAT(shop.run()["reason"].get<std::string>(), Catch::StartsWith("no place for a task: "));
  shop.call("DeregisterTaskDefinition", {{"taskDefinition", "app:1"}});
  shop.hand();
  CHECK(shop.run()["attempts"][0]["reason"] == "ClientException: TaskDefinition not found.");
}

TEST_CASE("a run may wait for a place, as its tags ask") {
  Shop shop;
  shop.put({{"count", 8}, {"run", {{"tags", {{{"key", "berth:wait"}, {"value", "10m"}}}}}}});
  shop.hand();
  CHECK(shop.states() == "RUNNING");
  CHECK(shop.core.state().waitingIn("default").size() == 4);
}

TEST_CASE("a paused job has no next run, and goes on with what comes") {
  Shop shop;
  shop.put({{"schedule", "rate(1 minute)"}});
  CHECK(shop.done(pauseJob, {{"name", "nightly"}})["job"]["nextRun"].is_null());
  shop.wait(600);
  CHECK(shop.runs().empty());
  CHECK(shop.put({{"schedule", "rate(1 minute)"}})["paused"] == true);
  CHECK(shop.done(resumeJob, {{"name", "nightly"}})["job"]["paused"] == false);
  CHECK(shop.runs().empty());
  shop.wait(60);
  CHECK(shop.states() == "RUNNING");
}

TEST_CASE("a job that is gone is not run, and its tasks go on") {
  Shop shop;
  shop.put({{"schedule", "rate(1 minute)"}});
  shop.hand();
  const std::string task = Shop::taskIn(shop.run());
  shop.done(deleteJob, {{"name", "nightly"}});
  shop.wait(600);
  CHECK(shop.task(task)["desiredStatus"] == "RUNNING");
  CHECK(shop.core.state().jobRuns().empty());
  CHECK(shop.refused(getJob, {{"name", "nightly"}}) == "There is no job 'nightly' in the cluster default.");
  shop.end(task, 1);
}

TEST_CASE("the history keeps so many runs, and as many that were skipped") {
  Shop shop;
  shop.put({{"keepRuns", 2}});
  for (int i = 0; i < 4; ++i) {
    shop.hand();
    shop.hand();
    shop.end(Shop::taskIn(shop.run(1)), 0);
  }
  CHECK(shop.states() == "SKIPPED SUCCEEDED SKIPPED SUCCEEDED");
}

TEST_CASE("a task of RunTask is tried again as its tags ask") {
  Shop shop;
  const Json tags = Json::array(
      {{{"key", "berth:retry.attempts"}, {"value", "2"}}, {{"key", "berth:retry.backoff"}, {"value", "5s"}}});
  const std::string first = shop.runOne({{"taskDefinition", "app"}, {"tags", tags}});
  shop.end(first, 1);
  shop.wait(6);
  REQUIRE(shop.core.state().tasks().size() == 2);
  const std::string second = (*shop.core.state().tasks().rbegin())->id;
  const std::string arn = shop.names.task("default", second).str();
  const Json shown = shop.call("DescribeTasks", {{"tasks", {second}}, {"include", {"TAGS"}}})["tasks"][0];
  std::map<std::string, std::string> kept;
  for (const Json& tag : shown["tags"]) kept[tag["key"]] = tag["value"];
  CHECK(kept["berth:retry.of"] == first);
  CHECK(kept["berth:retry.attempt"] == "2");
  shop.end(arn, 1);
  shop.wait(600);
  CHECK(shop.core.state().tasks().size() == 2);
  CHECK(shop.core.state().jobRuns().empty());
}

TEST_CASE("a task that has run for as long as it may is stopped, and says why") {
  Shop shop;
  const Json tags = Json::array({{{"key", "berth:maxLifetime"}, {"value", "1m"}}});
  const std::string task = shop.runOne({{"taskDefinition", "app"}, {"tags", tags}});
  shop.wait(120);
  CHECK(shop.task(task)["desiredStatus"] == "RUNNING");
  shop.report(task, "RUNNING");
  shop.wait(58);
  CHECK(shop.task(task)["desiredStatus"] == "RUNNING");
  shop.wait(2);
  CHECK(shop.sent<acs::PayloadMessage>().size() == 1);
  CHECK(shop.task(task)["desiredStatus"] == "STOPPED");
  CHECK(shop.task(task)["stoppedReason"] == "berth:maxLifetime: the task has run for 1m");
}

TEST_CASE("a job's maxLifetime fails its run, which is tried again only where that is named") {
  Shop shop;
  Json retry{{"attempts", 2}};
  for (const bool again : {false, true}) {
    if (again) retry["onReasons"] = {"berth:maxLifetime"};
    shop.put({{"maxLifetime", "1m"}, {"retry", retry}});
    shop.hand();
    const std::string task = Shop::taskIn(shop.run());
    shop.report(task, "RUNNING");
    shop.wait(61);
    shop.end(task, 137);
    CHECK(shop.run()["state"] == (again ? "DUE" : "FAILED"));
    CHECK(shop.run()["attempts"][0]["reason"] == "berth:maxLifetime: the task has run for 1m");
  }
}

TEST_CASE("what is wrong with a job is named, with the way out, and changes nothing") {
  Shop shop;
  CHECK(shop.refusedPut({{"shedule", "x"}}) == "There is no member 'shedule': did you mean 'schedule'?");
  CHECK_THAT(shop.refusedPut({{"colour", 1}}), Catch::Contains("use cluster, schedule"));
  CHECK(shop.refusedPut({{"retry", {{"attemps", 1}}}}) ==
        "There is no member 'retry.attemps': did you mean 'retry.attempts'?");
  CHECK_THAT(shop.refusedPut({{"run", {{"lauchType", "EC2"}}}}),
             Catch::Contains("did you mean 'run.launchType'"));
  CHECK_THAT(shop.refusedPut({{"overrides", {{"containerOverrides", {{{"nam", "app"}}}}}}}),
             Catch::Contains("did you mean 'overrides.containerOverrides.name'"));
  CHECK(shop.refusedPut({{"run", {{"count", 1}}}}) == "'run.count' goes outside of 'run'.");
  CHECK(shop.refusedPut({{"run", {{"startedBy", "me"}}}}) ==
        "'run.startedBy' is set by each run itself: leave it out.");
  CHECK_THAT(shop.refusedPut({{"schedule", "cron(0 9 * * *)"}}), Catch::Contains("five fields"));
  CHECK_THAT(shop.refusedPut({{"schedule", "0 0 30 2 *"}}), Catch::Contains("never due"));
  CHECK_THAT(shop.refusedPut({{"timezone", "Berlin"}}), Catch::Contains("no such time zone"));
  CHECK(shop.refusedPut({{"overlap", "maybe"}}) == "'overlap' must be one of allow, skip, replace.");
  CHECK(shop.refusedPut({{"missed", 1}}) == "'missed' must be one of once, skip.");
  CHECK(shop.refusedPut({{"paused", "yes"}}) == "'paused' must be true or false.");
  CHECK(shop.refusedPut({{"maxLifetime", "-1s"}}) == "'maxLifetime' must be a duration, like \"10m\".");
  CHECK(shop.refusedPut({{"keepRuns", 0}}) == "'keepRuns' must be from 1 to 1000.");
  CHECK(shop.refusedPut({{"count", 11}}) == "'count' must be from 1 to 10.");
  CHECK(shop.refusedPut({{"count", 1.5}}) == "'count' must be a whole number.");
  CHECK_THAT(shop.refusedPut({{"retry", {{"attempts", 101}}}}), Catch::StartsWith("retry.attempts must be"));
  CHECK_THAT(shop.refusedPut({{"retry", {{"onExitCodes", {256}}}}}), Catch::Contains("0 to 255"));
  CHECK_THAT(shop.refusedPut({{"taskDefinition", nullptr}}), Catch::Contains("'taskDefinition' is missing"));
  CHECK(shop.refusedPut({{"taskDefinition", "other"}}) == "TaskDefinition not found.");
  CHECK_THAT(shop.refusedPut({{"run", {{"launchType", "MARS"}}}}),
             Catch::Contains("launch type should be one of"));
  CHECK_THAT(shop.refusedPut({{"run", {{"tags", {{{"key", "berth:maxLifetime"}, {"value", "1h"}}}}}}}),
             Catch::Contains("use the job's maxLifetime."));
  CHECK_THAT(shop.refused(putJob, {{"name", "a b"}, {"job", {{"taskDefinition", "app"}}}}),
             Catch::Contains("A job's name has"));
  CHECK(shop.refused(putJob, {{"name", "a"}, {"cluster", "x"}, {"job", {{"taskDefinition", "app"}}}}) ==
        "Cluster not found.");
  CHECK(shop.core.state().jobs().empty());
}

TEST_CASE("what is wrong with the tags of a retry is named") {
  Shop shop;
  const auto refusal = [&](const std::string& key, const std::string& value) {
    return shop.refusal("RunTask", {{"taskDefinition", "app"}, {"tags", {{{"key", key}, {"value", value}}}}});
  };
  CHECK_THAT(refusal("berth:retry.attempts", "many"), Catch::Contains("must be a number, not 'many'"));
  CHECK_THAT(refusal("berth:retry.attempts", "0"), Catch::Contains("from 1 (no retry) to 100"));
  CHECK_THAT(refusal("berth:retry.tries", "2"), Catch::Contains("use berth:retry.attempts"));
  CHECK_THAT(refusal("berth:retry.backoff", "soon"), Catch::Contains("a duration, like 10m"));
  CHECK_THAT(refusal("berth:retry.onExitCodes", "1 x"), Catch::Contains("exit codes"));
  CHECK_THAT(refusal("berth:maxLifetime", "0s"), Catch::Contains("a duration, like 10m"));
}
