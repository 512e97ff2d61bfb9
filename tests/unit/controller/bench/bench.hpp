// A controller's core, its callers and agents played by hand. Each call is a second later than the one
// before.
#pragma once

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "controller/api/context.hpp"
#include "controller/core/controller.hpp"
#include "proto/ecs/validate.hpp"

namespace berth::controller::sample {

inline Json container(const std::string& name = "app", Json more = Json::object()) {
  Json out{{"name", name}, {"image", "registry/app:1"}, {"cpu", 256}, {"memory", 128}};
  out.update(more);
  return out;
}

/// Agents that are played by hand answer no heartbeats, so they get more time.
inline ControllerOptions patient() {
  ControllerOptions options;
  options.delivery.lostAfter = std::chrono::seconds(70);
  return options;
}

/// What of a state a store would have: its clusters, definitions, instances and tasks.
inline std::vector<Entity> storedOf(const State& state) {
  std::vector<Entity> out;
  for (const auto& [name, cluster] : state.clusters()) out.emplace_back(cluster);
  for (const auto& [name, family] : state.families()) out.emplace_back(family);
  for (const auto& [family, revisions] : state.definitions()) {
    for (const auto& [revision, definition] : revisions) out.emplace_back(definition);
  }
  for (const auto& one : state.instances()) out.emplace_back(*one);
  for (const auto& one : state.tasks()) out.emplace_back(*one);
  return out;
}

struct Bench {
  explicit Bench(ControllerOptions options = patient()) : core(names, options, random) {}

  ecs::Names names{"aws", "us-east-1", "000000000000"};
  SeededRandom random{7};
  Controller core;
  Caller caller{"AKIATEST", "http://127.0.0.1:7400", "arn:aws:iam::000000000000:user/test"};
  Output last;  ///< of the last call
  int64_t second = 0;
  int64_t clockOff = 0;  ///< seconds by which the wall clock has been set

  Now at(int64_t when) const {
    return Now{MonoTime(std::chrono::seconds(when)),
               WallTime(std::chrono::seconds(1'790'000'000 + when + clockOff))};
  }
  Now tick() { return at(++second); }

  ApiResult<Json> answer(const std::string& operation, Json input) {
    last = Output();
    return treeOf(core.call(operation, std::move(input), caller, tick(), last));
  }
  /// The reply of a call that must succeed; it must fit the operation's output, too.
  Json call(const std::string& operation, Json input = Json::object()) {
    auto result = answer(operation, std::move(input));
    if (const auto* error = std::get_if<ApiError>(&result)) {
      FAIL(operation << ": " << error->type << ": " << error->message);
    }
    Json reply = std::get<Json>(std::move(result));
    CHECK(ecs::checkOutput(*ecs::model().findOperation(operation), reply) == std::vector<std::string>{});
    return reply;
  }
  /// "Exception: message" of a call that must fail and change nothing.
  std::string refusal(const std::string& operation, Json input = Json::object()) {
    auto result = answer(operation, std::move(input));
    if (const auto* reply = std::get_if<Json>(&result)) FAIL(operation << " answered " << reply->dump());
    CHECK(last.mutations.empty());
    CHECK(last.effects.empty());
    const auto& error = std::get<ApiError>(result);
    return error.type + ": " + error.message;
  }

  void cluster(const std::string& name = "default") { call("CreateCluster", {{"clusterName", name}}); }
  /// Answers the ARN.
  std::string define(const std::string& family, Json containers = Json::array({container()}),
                     Json more = Json::object()) {
    Json input{{"family", family}, {"containerDefinitions", std::move(containers)}};
    input.update(more);
    return call("RegisterTaskDefinition", input)["taskDefinition"]["taskDefinitionArn"];
  }
  /// What a host of Berth's agent can do, of what tests ask for.
  static Json capable() {
    Json out = Json::array();
    for (const char* name :
         {"com.amazonaws.ecs.capability.privileged-container",
          "com.amazonaws.ecs.capability.logging-driver.json-file", "ecs.capability.container-health-check",
          "ecs.capability.container-ordering", "ecs.capability.container-restart-policy",
          "ecs.capability.network.container-port-range", "ecs.capability.pid-ipc-namespace-sharing"}) {
      out.push_back({{"name", name}});
    }
    return out;
  }
  /// A host with 1024 CPU units and 1000 MiB, ports 22 and 53/udp taken; answers its ARN.
  std::string host(const std::string& cluster_name = "default", Json more = Json::object()) {
    Json resources =
        Json::array({{{"name", "CPU"}, {"type", "INTEGER"}, {"integerValue", 1024}},
                     {{"name", "MEMORY"}, {"type", "INTEGER"}, {"integerValue", 1000}},
                     {{"name", "PORTS"}, {"type", "STRINGSET"}, {"stringSetValue", {"22"}}},
                     {{"name", "PORTS_UDP"}, {"type", "STRINGSET"}, {"stringSetValue", {"53"}}}});
    Json input{{"cluster", cluster_name}, {"totalResources", resources}, {"attributes", capable()}};
    input.update(more);
    return call("RegisterContainerInstance", input)["containerInstance"]["containerInstanceArn"];
  }
  /// Opens the host's session.
  SessionId join(const std::string& arn, const std::string& cluster_name = "default") {
    last = Output();
    auto opened = core.connect(Hello{cluster_name, arn, "1.0", "abc", "20.10"}, tick(), last);
    if (const auto* error = std::get_if<ApiError>(&opened)) FAIL(error->type << ": " << error->message);
    return std::get<SessionId>(opened);
  }
  /// A cluster "default" with one connected host, and the family "app"; answers the host's ARN.
  std::string ready() {
    cluster();
    define("app");
    std::string arn = host();
    session = join(arn);
    return arn;
  }
  SessionId session = 0;  ///< of ready()'s host

  /// ARNs of the tasks that a RunTask started.
  std::vector<std::string> run(Json input = {{"taskDefinition", "app"}}) {
    std::vector<std::string> arns;
    Json reply = call("RunTask", std::move(input));
    for (const Json& task : reply["tasks"]) arns.push_back(task["taskArn"]);
    return arns;
  }
  std::string runOne(Json input = {{"taskDefinition", "app"}}) {
    auto arns = run(std::move(input));
    REQUIRE(arns.size() == 1);
    return arns[0];
  }
  Json task(const std::string& arn) { return call("DescribeTasks", {{"tasks", {arn}}})["tasks"].at(0); }
  void report(const std::string& arn, const std::string& status, Json more = Json::object()) {
    Json input{{"task", arn}, {"status", status}};
    input.update(more);
    CHECK(call("SubmitTaskStateChange", input)["acknowledgment"] == "ACK");
  }
  Json one(const std::string& status, Json more = Json::object()) {
    Json change{{"containerName", "app"}, {"status", status}};
    change.update(more);
    return Json{{"containers", Json::array({change})}};
  }

  /// Messages of a kind that the last call sent.
  template <class M>
  std::vector<M> sent() const {
    std::vector<M> out;
    for (const Effect& effect : last.effects) {
      const auto* send = std::get_if<SendEffect>(&effect);
      if (!send) continue;
      if (const auto* message = std::get_if<M>(&send->message)) out.push_back(*message);
    }
    return out;
  }
  void frame(const acs::FromAgent& message, std::optional<SessionId> from = std::nullopt) {
    last = Output();
    core.onFrame(from.value_or(session), message, tick(), last);
  }
  /// Lets `seconds` pass, and then does what is due.
  void wait(int64_t seconds) {
    second += seconds - 1;
    last = Output();
    core.onTimer(tick(), last);
  }
};

}  // namespace berth::controller::sample
