#include "tests/unit/controller/api/services/service_bench.hpp"

using namespace berth::controller;
using sample::kArns;
using sample::merged;
using sample::ServiceBench;

namespace {

struct ProtectionBench : ServiceBench {
  ProtectionBench() : task(put('a', "service:web", "ecs-svc/1")), other(put('b', "family:app", "")) {}

  std::string task;   ///< of a service
  std::string other;  ///< of none

  Json protect(bool enabled, const Json& more = Json::object()) {
    return call("UpdateTaskProtection",
                merged({{"cluster", "default"}, {"tasks", {task}}, {"protectionEnabled", enabled}}, more));
  }
  Json shown() { return call("GetTaskProtection", {{"cluster", "default"}, {"tasks", {task}}}); }
  Json off() const { return Json::array({{{"taskArn", task}, {"protectionEnabled", false}}}); }
  Json until(int64_t when) const {
    return Json::array({{{"taskArn", task},
                         {"protectionEnabled", true},
                         {"expirationDate", 1'790'000'000.0 + static_cast<double>(when)}}});
  }
  std::string refused(const Json& more) {
    return refusal("UpdateTaskProtection",
                   merged({{"cluster", "default"}, {"tasks", {task}}, {"protectionEnabled", true}}, more));
  }
};

}  // namespace

TEST_CASE("a service's task is protected for two hours, or as long as is said") {
  ProtectionBench bench;
  CHECK(bench.shown()["protectedTasks"] == bench.off());
  CHECK(bench.protect(true)["protectedTasks"] == bench.until(bench.second + 120 * 60));
  const int64_t end = bench.second + 120 * 60;
  CHECK(bench.shown()["protectedTasks"] == bench.until(end));
  CHECK(bench.protect(true, {{"expiresInMinutes", 2880}})["protectedTasks"] ==
        bench.until(bench.second + 2880 * 60));
  CHECK(bench.shown()["failures"].empty());
}

TEST_CASE("a protection ends when it is taken away, and when its time is over") {
  ProtectionBench bench;
  bench.protect(true);
  CHECK(bench.protect(false)["protectedTasks"] == bench.off());
  CHECK(bench.shown()["protectedTasks"] == bench.off());
  bench.protect(false);
  CHECK(bench.last.mutations.empty());
  bench.protect(true, {{"expiresInMinutes", 1}});
  bench.second += 61;
  CHECK(bench.shown()["protectedTasks"] == bench.off());
  CHECK(bench.core.state().protections().size() == 1);
  bench.wait(120);
  CHECK(bench.core.state().protections().empty());
}

TEST_CASE("without names, all protected tasks of the cluster are shown") {
  ProtectionBench bench;
  bench.cluster("other");
  CHECK(bench.call("GetTaskProtection", {{"cluster", "default"}})["protectedTasks"].empty());
  bench.protect(true);
  const Json until = bench.until(bench.second + 120 * 60);
  CHECK(bench.call("GetTaskProtection", {{"cluster", "default"}})["protectedTasks"] == until);
  CHECK(bench.call("GetTaskProtection", {{"cluster", "other"}})["protectedTasks"].empty());
}

TEST_CASE("only tasks of services that go on can be protected, others say why") {
  ProtectionBench bench;
  const std::string stopping = bench.put('c', "service:web", "ecs-svc/1", TaskStatus::Stopping);
  const std::string missing(32, 'd');
  const Json failures = Json::array(
      {{{"arn", bench.other},
        {"reason", "TASK_NOT_VALID"},
        {"detail", "Only tasks of services can be protected."}},
       {{"arn", stopping}, {"reason", "TASK_NOT_VALID"}, {"detail", "The task stops or has stopped."}},
       {{"arn", kArns + "task/default/" + missing}, {"reason", "MISSING"}},
       {{"arn", "no id"}, {"reason", "MISSING"}}});
  const Json tasks{bench.task, bench.other, stopping, missing, "no id"};
  const Json changed = bench.protect(true, {{"tasks", tasks}});
  CHECK(changed["protectedTasks"].size() == 1);
  CHECK(changed["failures"] == failures);
  const Json shown = bench.call("GetTaskProtection", {{"cluster", "default"}, {"tasks", tasks}});
  CHECK(shown["protectedTasks"].size() == 1);
  CHECK(shown["failures"] == failures);
}

TEST_CASE("what is asked for a protection has bounds") {
  ProtectionBench bench;
  const std::string invalid = "InvalidParameterException: ";
  for (const int minutes : {0, 2881}) {
    CHECK(bench.refused({{"expiresInMinutes", minutes}}) ==
          invalid + "expiresInMinutes must be between 1 and 2880, not " + std::to_string(minutes) + ".");
  }
  CHECK(bench.refused({{"tasks", Json::array()}}) == invalid + "Tasks cannot be empty.");
  CHECK(bench.refused({{"tasks", std::vector<std::string>(11, bench.task)}}) ==
        invalid + "Tasks can have at most 10 items.");
  CHECK(bench.refused({{"cluster", "none"}}) == "ClusterNotFoundException: Cluster not found.");
  CHECK(bench.refusal("GetTaskProtection", {{"cluster", "none"}}) ==
        "ClusterNotFoundException: Cluster not found.");
  CHECK(bench.refusal("GetTaskProtection",
                      {{"cluster", "default"}, {"tasks", std::vector<std::string>(101, bench.task)}}) ==
        invalid + "Tasks can have at most 100 items.");
  CHECK_THAT(bench.refusal("UpdateTaskProtection", {{"cluster", "default"}, {"tasks", {bench.task}}}),
             Catch::StartsWith(invalid));
}
