// A controller with a cluster, a host, the definition "app" and services, whose tasks are put there by hand:
// what the calls alone do.
#pragma once

#include "tests/unit/controller/bench/bench.hpp"

namespace berth::controller::sample {

inline const std::string kArns = "arn:aws:ecs:us-east-1:000000000000:";
inline const std::string kInvalid = "InvalidParameterException: ";
inline const std::string kUnsupported = "UnsupportedFeatureException: ";

inline Json merged(Json base, const Json& more) {
  base.update(more);
  return base;
}

struct ServiceBench : Bench {
  /// The cluster has the capacity providers a, b and p.
  ServiceBench() : Bench(unscheduled()), host_arn(ready()) {
    for (const char* name : {"a", "b", "p"}) {
      call("CreateCapacityProvider",
           {{"name", name}, {"autoScalingGroupProvider", {{"autoScalingGroupArn", name}}}});
    }
    call("PutClusterCapacityProviders", providers({"a", "b", "p"}));
  }

  static ControllerOptions unscheduled() {
    ControllerOptions options = patient();
    options.services.schedule = false;
    return options;
  }

  std::string host_arn;

  static Json providers(Json names, Json strategy = Json::array()) {
    return {{"cluster", "default"},
            {"capacityProviders", std::move(names)},
            {"defaultCapacityProviderStrategy", std::move(strategy)}};
  }

  /// What makes the service "web" with two tasks of "app".
  static Json wanted(const Json& more = Json::object()) {
    return merged({{"serviceName", "web"}, {"taskDefinition", "app"}, {"desiredCount", 2}}, more);
  }
  static Json daemon(const Json& more = Json::object()) {
    return merged({{"serviceName", "web"}, {"taskDefinition", "app"}, {"schedulingStrategy", "DAEMON"}},
                  more);
  }
  /// A service of task sets.
  static Json external(const Json& more = Json::object()) {
    return merged(
        {{"serviceName", "web"}, {"desiredCount", 4}, {"deploymentController", {{"type", "EXTERNAL"}}}},
        more);
  }
  Json create(const Json& input = wanted()) { return call("CreateService", input)["service"]; }
  Json update(const Json& more = Json::object()) {
    return call("UpdateService", merged({{"service", "web"}}, more))["service"];
  }
  Json described(const std::string& name = "web") {
    return call("DescribeServices", {{"services", {name}}, {"include", {"TAGS"}}})["services"].at(0);
  }
  std::string refused(const Json& input) { return refusal("CreateService", input); }
  std::string refusedUpdate(const Json& more) {
    return refusal("UpdateService", merged({{"service", "web"}}, more));
  }

  /// Puts a task there; answers its ARN. `id` is one digit of its id.
  std::string put(char id, const std::string& group, const std::string& startedBy,
                  TaskStatus status = TaskStatus::Running) {
    Task task;
    task.id = std::string(32, id);
    task.instance = host_arn.substr(host_arn.rfind('/') + 1);
    task.spec.edit([&](TaskSpec& spec) {
      spec.cluster = "default";
      spec.definition = "app:1";
      spec.group = group;
    });
    task.startedBy = startedBy;
    task.lastStatus = status;
    task.stopWanted = status >= TaskStatus::Stopping;
    core.load({task});
    return kArns + "task/default/" + task.id;
  }
  /// The first revision's rollout of "web" is done, as whoever rolls services would say.
  void complete() {
    const Service& web = *core.state().service("default/web");
    ServiceDeployment done =
        *core.state().serviceDeployment("default/web/" + web.primary()->serviceDeployment);
    done.status = ServiceDeploymentStatus::Successful;
    done.finishedAt = at(second).wall;
    core.load({done});
  }
};

}  // namespace berth::controller::sample
