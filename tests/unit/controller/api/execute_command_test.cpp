#include "tests/unit/controller/bench/bench.hpp"

using namespace berth::controller;
using sample::Bench;

namespace {

Json execute(const std::string& task, Json more = Json::object()) {
  Json out{{"task", task}, {"command", "sh"}, {"interactive", true}};
  out.update(more);
  return out;
}

}  // namespace

TEST_CASE("a command runs in a running container of a task that was run with it enabled") {
  Bench bench;
  bench.ready();
  const std::string arn = bench.runOne();
  CHECK(bench.refusal("ExecuteCommand", execute(arn)) ==
        "InvalidParameterException: The execute command failed because execute command was not enabled when "
        "the task was run or the execute command agent isn't running. Wait and try again or run a new task "
        "with execute command enabled and try again.");
  Task enabled = *bench.core.state().task(arn.substr(arn.rfind('/') + 1));
  enabled.spec.edit([](TaskSpec& spec) { spec.enableExecuteCommand = true; });
  bench.core.load({enabled});
  CHECK(bench.refusal("ExecuteCommand", execute(arn)) ==
        "TargetNotConnectedException: The container 'app' is PENDING: commands run in RUNNING ones.");
  enabled.containers[0].status = ContainerStatus::Running;
  bench.core.load({enabled});
  for (const Json& more : {Json::object(), Json{{"container", "app"}}}) {
    const Json agreed = bench.call("ExecuteCommand", execute(arn, more));
    CHECK(agreed["taskArn"] == arn);
    CHECK(agreed["containerName"] == "app");
    CHECK(agreed["interactive"] == true);
    CHECK_THAT(agreed["containerArn"].get<std::string>(), Catch::Contains(":container/"));
    CHECK_THAT(agreed["clusterArn"].get<std::string>(), Catch::EndsWith(":cluster/default"));
  }
}

TEST_CASE("a command names a task, a container of it, and a session") {
  Bench bench;
  bench.ready();
  bench.define("two", Json::array({sample::container("a"), sample::container("b")}));
  const std::string arn = bench.runOne({{"taskDefinition", "two"}});
  const std::string invalid = "InvalidParameterException: ";
  CHECK(bench.refusal("ExecuteCommand", execute(arn)) ==
        invalid + "The task has several containers: name one as container.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"container", "c"}})) ==
        invalid + "The task has no container named 'c'.");
  CHECK(bench.refusal("ExecuteCommand", execute("none")) == invalid + "The referenced task was not found.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"interactive", false}})) ==
        invalid + "interactive must be true: commands run in an interactive session alone.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"command", ""}})) ==
        invalid + "command must not be empty.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"command", " \t"}})) ==
        invalid + "command must not be empty.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"command", "sh -c 'oh"}})) ==
        invalid + "command has a ' that is not closed.");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"cluster", "none"}})) ==
        "ClusterNotFoundException: Cluster not found.");
  bench.cluster("other");
  CHECK(bench.refusal("ExecuteCommand", execute(arn, {{"cluster", "other"}})) ==
        invalid + "Invalid identifier: Identifier is for cluster default. Your cluster is other");
}

TEST_CASE("an agent is updated on its host, and the API says so") {
  Bench bench;
  bench.cluster();
  const std::string arn = bench.host();
  const auto update = [&](Json more = Json::object()) {
    Json input{{"containerInstance", arn}};
    input.update(more);
    return bench.refusal("UpdateContainerAgent", input);
  };
  CHECK_THAT(update(), Catch::StartsWith("MissingVersionException: "));
  bench.join(arn);
  CHECK(update() ==
        "NoUpdateAvailableException: There is no update for the agent 1.0: agents are updated on their host, "
        "by "
        "a newer package of berth-agent.");
  const std::string missing = "InvalidParameterException: The referenced container instance was not found.";
  CHECK(update({{"containerInstance", "none"}}) == missing);
  CHECK(update({{"cluster", "none"}}) == "ClusterNotFoundException: Cluster not found.");
  bench.cluster("other");
  CHECK_THAT(update({{"cluster", "other"}}), Catch::EndsWith("for cluster default. Your cluster is other"));
  bench.call("DeregisterContainerInstance", {{"containerInstance", arn}});
  CHECK(update() == missing);
}
