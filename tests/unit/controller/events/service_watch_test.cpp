#include "controller/events/service_watch.hpp"

#include <catch2/catch.hpp>

namespace berth::controller {
namespace {

Service sampleService() {
  Service service;
  service.cluster = "prod";
  service.name = "web";
  Deployment deployment;
  deployment.id = "ecs-svc/1";
  service.deployments = {deployment};
  return service;
}

void say(Service& service, const std::string& id, const std::string& message) {
  service.addEvent({id, WallTime(std::chrono::seconds(5)), message});
}

std::vector<std::string> namesOf(const std::vector<ServiceNote>& notes) {
  std::vector<std::string> out;
  for (const ServiceNote& note : notes) out.push_back(note.type + " " + note.name);
  return out;
}

using Names = std::vector<std::string>;

TEST_CASE("a deployment tells that it begins, is completed or has failed, each once") {
  ServiceWatch watch;
  Service service = sampleService();
  auto notes = watch.notesOf(service);
  REQUIRE(namesOf(notes) == Names{"INFO SERVICE_DEPLOYMENT_IN_PROGRESS"});
  CHECK(notes[0].deployment == "ecs-svc/1");
  CHECK(notes[0].reason == "ECS deployment ecs-svc/1 in progress.");
  CHECK(watch.notesOf(service).empty());
  service.deployments[0].rollout = RolloutState::Completed;
  CHECK(namesOf(watch.notesOf(service)) == Names{"INFO SERVICE_DEPLOYMENT_COMPLETED"});
  service.deployments[0].rollout = RolloutState::Failed;
  service.deployments[0].rolloutReason = "tasks failed to start.";
  notes = watch.notesOf(service);
  CHECK(namesOf(notes) == Names{"ERROR SERVICE_DEPLOYMENT_FAILED"});
  CHECK(notes[0].reason == "tasks failed to start.");
}

TEST_CASE("messages of a service become events with the service's names, the oldest first") {
  ServiceWatch watch;
  Service service = sampleService();
  watch.know(service);
  say(service, "1", "(service web) has started 1 tasks: (task a).");
  say(service, "2",
      "(service web) was unable to place a task because no container instance met all of its requirements.");
  say(service, "3", "(service web) has reached a steady state.");
  const auto notes = watch.notesOf(service);
  CHECK(namesOf(notes) == Names{"ERROR SERVICE_TASK_PLACEMENT_FAILURE", "INFO SERVICE_STEADY_STATE"});
  CHECK(notes[1].reason == "(service web) has reached a steady state.");
  CHECK(notes[1].deployment.empty());
  CHECK(watch.notesOf(service).empty());
  say(service, "4", "(service web) is unable to consistently start tasks successfully.");
  say(service, "5", "(service web) has stopped 1 running tasks: (task a).");
  say(service, "6", "(service web, taskSet ecs-svc/9) has reached a steady state.");
  CHECK(namesOf(watch.notesOf(service)) ==
        Names{"WARN SERVICE_TASK_START_IMPAIRED", "INFO TASKS_STOPPED", "INFO TASKSET_STEADY_STATE"});
}

TEST_CASE("what a service said before it was known is not told again") {
  ServiceWatch watch;
  Service service = sampleService();
  say(service, "1", "(service web) has reached a steady state.");
  watch.know(service);
  CHECK(watch.notesOf(service).empty());
  watch.forget(service.key());
  CHECK(watch.notesOf(service).size() == 2);
}

TEST_CASE("all messages that are there are new when the last one known is no longer among them") {
  ServiceWatch watch;
  Service service = sampleService();
  say(service, "0", "(service web) has reached a steady state.");
  watch.know(service);
  for (size_t i = 1; i <= Service::kMostEvents; ++i)
    say(service, std::to_string(i), "(service web) has reached a steady state.");
  CHECK(watch.notesOf(service).size() == Service::kMostEvents);
}

}  // namespace
}  // namespace berth::controller
