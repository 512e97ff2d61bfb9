#include "agent/session/report_request.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/agent/model/sample.hpp"

using namespace berth;
using namespace berth::agent;

TEST_CASE("a report becomes a state change, member by member") {
  ContainerReport container;
  container.name = "main";
  container.status = ContainerStatus::Stopped;
  container.runtimeId = "c1";
  container.imageDigest = "sha256:1";
  container.exitCode = 3;
  container.reason = "r";
  container.ports = {PortMapping{80, 32768, "udp", "::", 0, 0}};
  Report report;
  report.taskArn = sample::kTaskArn;
  report.status = TaskStatus::Stopped;
  report.reason = "why";
  report.containers = {container};
  report.pullStartedAt = fromEpochMillis(1'700'000'000'500);
  report.executionStoppedAt = fromEpochMillis(1'700'000'001'000);
  ecs::SubmitTaskStateChangeRequest request = toRequest(report, "prod");
  CHECK(request.cluster == "prod");
  CHECK(request.task == sample::kTaskArn);
  CHECK(request.status == "STOPPED");
  CHECK(request.reason == "why");
  CHECK(request.pullStartedAt == 1'700'000'000.5);
  CHECK_FALSE(request.pullStoppedAt);
  CHECK(request.executionStoppedAt == 1'700'000'001.0);
  REQUIRE(request.containers.size() == 1);
  const ecs::ContainerStateChange& change = request.containers[0];
  CHECK(change.containerName == "main");
  CHECK(change.status == "STOPPED");
  CHECK(change.runtimeId == "c1");
  CHECK(change.imageDigest == "sha256:1");
  CHECK(change.exitCode == 3);
  CHECK(change.reason == "r");
  REQUIRE(change.networkBindings.size() == 1);
  CHECK(change.networkBindings[0].containerPort == 80);
  CHECK(change.networkBindings[0].hostPort == 32768);
  CHECK(change.networkBindings[0].protocol == "udp");
  CHECK(change.networkBindings[0].bindIP == "::");
}

TEST_CASE("an exit code that is not known is left out") {
  ContainerReport container;
  container.name = "main";
  container.status = ContainerStatus::Running;
  Report report;
  report.containers = {container};
  auto request = toRequest(report, "prod");
  CHECK(request.status == "PENDING");
  CHECK(request.containers[0].status == "RUNNING");
  CHECK_FALSE(request.containers[0].exitCode);
}

TEST_CASE("last lines go by the session that has agreed on reports, and not by the API") {
  ContainerReport quiet;
  quiet.name = "side";
  quiet.status = ContainerStatus::Stopped;
  ContainerReport failed = quiet;
  failed.name = "main";
  failed.lastLines = {"no such file", "bye"};
  Report report;
  report.taskArn = sample::kTaskArn;
  report.status = TaskStatus::Stopped;
  report.containers = {quiet, failed};
  CHECK(ecs::encode(toRequest(report, "prod")).find("no such file") == std::string::npos);
  const acs::StateReport told = toStateReport(report, "prod");
  const nlohmann::json containers = told.input->at("containers");
  CHECK_FALSE(containers.at(0).contains("lastLines"));
  CHECK(containers.at(1).at("lastLines") == nlohmann::json{"no such file", "bye"});
}
