#include "agent/model/provisions.hpp"

#include <catch2/catch.hpp>

#include "agent/model/next_action.hpp"
#include "tests/unit/agent/model/sample.hpp"

namespace berth::agent {
namespace {

/// A container whose image and variables need the execution role.
acs::Task needy() {
  acs::Task task = sample::payload();
  task.executionCredentials =
      acs::Credentials{"exec-1", "arn:role", "AK", "SK", "ST", "2030-01-01T00:00:00Z"};
  task.containers[0].registryAuthentication = {"ecr", "123", "eu-1", "", true, ""};
  task.containers[0].secrets = {{"A", "arn:a", "asm", "eu-1", "", ""}};
  return task;
}

}  // namespace

TEST_CASE("secrets, files and the role that fetches them are told apart by where they go") {
  acs::Task payload = needy();
  payload.containers[0].secrets.push_back({"token", "arn:t", "ssm", "", "", "LOG_DRIVER"});
  payload.containers[0].environmentFiles = {{"arn:aws:s3:::b/k", "s3"}};
  const Task task = makeTask(payload);
  const Provisions all = provisionsOf(task, task.containers[0]);
  CHECK(all.environment == std::vector<SecretRequest>{{"A", "arn:a", "asm", "eu-1"}});
  CHECK(all.logOptions == std::vector<SecretRequest>{{"token", "arn:t", "ssm", ""}});
  CHECK(all.environmentFiles == std::vector<std::string>{"arn:aws:s3:::b/k"});
  REQUIRE(all.role);
  CHECK(all.role->secretAccessKey == "SK");
}

TEST_CASE("credentials of a registry are asked for in the payload's way") {
  Task task = makeTask(needy());
  const RegistryAuthRequest ecr = registryAuthOf(task, task.containers[0]);
  CHECK(std::get<EcrAuthData>(ecr.data).registryId == "123");
  CHECK(std::get<EcrAuthData>(ecr.data).useExecutionRole);
  CHECK(ecr.role);
  task.containers[0].spec.registryAuthentication = {"asm", "", "eu-1", "", false, "arn:secret"};
  CHECK(std::get<AsmAuthData>(registryAuthOf(task, task.containers[0]).data).credentialsParameter ==
        "arn:secret");
  task.containers[0].spec.registryAuthentication = {};
  CHECK(std::holds_alternative<std::monostate>(registryAuthOf(task, task.containers[0]).data));
}

TEST_CASE(
    "after a restart a step that needs the execution role waits for its credentials, but not for ever") {
  Task task = makeTask(needy());
  task.admitted = true;
  task.setUp = SetUp::Done;
  task.spec.executionCredentials.reset();
  const MonoTime now{};
  task.credentialsBy = now + std::chrono::seconds(60);
  Container& main = task.containers[0];
  CHECK(nextAction(task, main, now).action == Action::Wait);
  CHECK(nextAction(task, main, now).at == task.credentialsBy);
  CHECK(waitOf(task, main, now).what == "the controller, to send the credentials of the execution role");
  CHECK(nextAction(task, main, now + std::chrono::seconds(60)).action == Action::Pull);
  main.known = ContainerStatus::Pulled;
  CHECK(nextAction(task, main, now).action == Action::Wait);
  task.spec.executionCredentials = acs::Credentials{};
  CHECK(nextAction(task, main, now).action == Action::Create);
}

TEST_CASE("what needs no role does not wait for one") {
  Task task = makeTask(needy());
  task.spec.executionCredentials.reset();
  Container& main = task.containers[0];
  main.spec.registryAuthentication.useExecutionRole = false;
  CHECK_FALSE(lacksCredentials(task, main));
  main.known = ContainerStatus::Created;
  CHECK_FALSE(lacksCredentials(task, main));
}

}  // namespace berth::agent
