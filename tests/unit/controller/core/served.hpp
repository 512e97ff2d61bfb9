// A controller with a service "web" and one host, whose agent is played by hand.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller::sample {

inline ControllerOptions quick() {
  ControllerOptions options = patient();
  options.services.pace.healthyAfter = Duration::zero();
  return options;
}

inline std::string lastPartOf(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

struct Served : Bench {
  explicit Served(ControllerOptions options = quick()) : Bench(options) {
    cluster();
    define("app", Json::array({container("app", {{"cpu", 64}, {"memory", 32}})}));
    host_arn = joined();
  }
  std::string host_arn;

  std::string joined(Json more = Json::object()) {
    std::string arn = host("default", std::move(more));
    session = join(arn);
    return arn;
  }
  void create(int64_t desired, Json more = Json::object()) {
    Json input{{"serviceName", "web"}, {"taskDefinition", "app"}, {"desiredCount", desired}};
    input.update(more);
    if (desired < 0) input.erase("desiredCount");
    call("CreateService", input);
  }
  Json update(Json more) {
    more["service"] = "web";
    return call("UpdateService", more)["service"];
  }
  Json web() { return call("DescribeServices", {{"services", {"web"}}})["services"].at(0); }
  const Service& stored() const { return *core.state().service("default/web"); }
  /// Tasks of the service that are to run, of a deployment if one is named.
  std::vector<const Task*> tasks(const std::string& of = {}) const {
    std::vector<const Task*> out;
    for (const Task* task : core.state().tasksOf("default/web")) {
      const bool there = !task->stopWanted && task->lastStatus != TaskStatus::Stopped;
      if (there && (of.empty() || task->startedBy == of)) out.push_back(task);
    }
    std::ranges::sort(out, {}, &Task::id);
    return out;
  }
  std::vector<std::string> arns(const std::string& of = {}) const {
    std::vector<std::string> out;
    for (const Task* task : tasks(of)) out.push_back(arnOf(*task));
    return out;
  }
  std::string arnOf(const Task& task) const { return names.task("default", task.id).str(); }
  /// Everything that is on its way arrives, stops included.
  void arrive() {
    std::vector<std::string> starting;
    std::vector<std::string> stopping;
    for (const Task* task : core.state().tasksOf("default/web")) {
      if (task->lastStatus == TaskStatus::Stopped) continue;
      if (task->stopWanted) {
        stopping.push_back(arnOf(*task));
      } else if (task->lastStatus == TaskStatus::Pending) {
        starting.push_back(arnOf(*task));
      }
    }
    for (const std::string& arn : starting) report(arn, "RUNNING");
    for (const std::string& arn : stopping) report(arn, "STOPPED");
  }
  void settle() {
    for (int i = 0; i < 20; ++i) arrive();
  }
  void crash(const std::string& arn, int code = 1) {
    report(arn, "STOPPED", one("STOPPED", {{"exitCode", code}}));
  }
  bool says(const std::string& part) const {
    return std::ranges::any_of(stored().events, [&](const ServiceEvent& event) {
      return event.message.find(part) != std::string::npos;
    });
  }
  std::vector<Entity> all() const {
    const State& state = core.state();
    std::vector<Entity> out = storedOf(state);
    for (const auto& [key, service] : state.services()) {
      out.emplace_back(service);
      for (const auto* one : state.deploymentsOf(key)) out.emplace_back(*one);
      for (const auto* one : state.revisionsOf(key)) out.emplace_back(*one);
      for (const auto* one : state.taskSetsOf(key)) out.emplace_back(*one);
    }
    return out;
  }
};

}  // namespace berth::controller::sample
