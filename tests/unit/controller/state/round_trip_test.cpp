// Every entity as a row and back, member by member.
#include <nlohmann/json.hpp>

#include "controller/state/codec.hpp"

#include <catch2/catch.hpp>

using namespace berth;
using namespace berth::controller;

namespace {

using Json = nlohmann::json;

WallTime at(int64_t millis) { return fromEpochMillis(1'790'000'000'000 + millis); }

TaskSpec wholeSpec() {
  TaskSpec spec;
  spec.cluster = "prod";
  spec.definition = "web:3";
  spec.group = "family:web";
  spec.launchType = "EXTERNAL";
  spec.capacityProvider = "rack";
  spec.overrides = R"({"cpu":"1"})";
  spec.enableExecuteCommand = true;
  spec.containers = {{"app", "registry/app:1", false, true, "256", "128", "64"}, ContainerSpec{}};
  spec.containers[1].name = "bare";
  spec.resources = Resources{256, 128, {80, 65535}, {53}, {{"GPU-1", "app"}, {"", "bare"}}};
  spec.cpu = "256";
  spec.memory = "128";
  spec.placement = R"({"placementStrategy":[]})";
  spec.waitMillis = 600'000;
  spec.lifetimeMillis = 3'600'000;
  return spec;
}

Task wholeTask() {
  Task task;
  task.id = "t1";
  task.spec = Shared<TaskSpec>(wholeSpec());
  task.instance = "i1";
  task.startedBy = "me";
  task.tags = R"([{"key":"a"}])";
  task.lastStatus = TaskStatus::Stopping;
  task.stopWanted = true;
  task.wasHealthy = true;
  task.stopCode = "UserInitiated";
  task.stoppedReason = "enough: \xC3\xA9";
  TaskContainer container;
  container.imageDigest = "sha256:1";
  container.runtimeId = "r1";
  container.status = ContainerStatus::Stopped;
  container.exitCode = -1;
  container.reason = "r";
  container.health = Health::Unhealthy;
  container.bindings.push_back(NetworkBinding{"::", 80, 32768, 0, 0, true});
  container.bindings.push_back(NetworkBinding{"0.0.0.0", 8000, 32769, 8010, 32779, false});
  task.containers = {container, TaskContainer{}};
  task.causes.add({Cause::Kind::StopTask, at(8), "arn:aws:iam::000000000000:root"});
  task.causes.add({Cause::Kind::ContainerStopped, at(9), "app", "no such file\n"});
  task.version = 7;
  task.createdAt = at(1);
  task.pullStartedAt = at(2);
  task.pullStoppedAt = at(3);
  task.startedAt = at(4);
  task.stoppingAt = at(5);
  task.executionStoppedAt = at(6);
  task.stoppedAt = at(7);
  return task;
}

Instance wholeInstance() {
  Instance instance;
  instance.id = "i1";
  instance.cluster = "prod";
  instance.status = "DRAINING";
  instance.ec2InstanceId = "i-1";
  instance.attributes =
      Attributes({Attribute{"rack", "7"}, Attribute{"flag", std::nullopt}, Attribute{"empty", ""}});
  instance.registered = Resources{2048, 4000, {22}, {53, 123}, {{"GPU-1", ""}}};
  instance.agentVersion = "1.0";
  instance.agentHash = "abc";
  instance.dockerVersion = "20.10";
  instance.registeredAt = at(1);
  instance.tags = "[]";
  instance.clientToken = "token";
  instance.version = 3;
  instance.timeline = 1'790'000'000'001;
  instance.oldArn = true;
  instance.registeredBy = "arn:aws:iam::000000000000:user/host-1";
  instance.address = "10.0.0.5";
  return instance;
}

Service wholeService() {
  Service service;
  service.cluster = "prod";
  service.name = "web";
  service.oldArn = true;
  service.status = ServiceStatus::Draining;
  service.scheduling = SchedulingStrategy::Daemon;
  service.controller = DeploymentController::External;
  service.taskDefinition = "web:3";
  service.desiredCount = 4;
  service.launchType = "EXTERNAL";
  service.healthCheckGrace = 30;
  service.rules = {
      150, 50, {true, true, false, CircuitBreaker::Threshold::Count, 7}, {true, true, {"5xx"}, 3}};
  service.deployments = {
      {"ecs-svc/2",
       true,
       "web:3",
       4,
       1,
       {2, at(3)},
       RolloutState::InProgress,
       "why",
       "20",
       "d2",
       at(1),
       at(2)},
      {"ecs-svc/1", false, "web:2", 2, 0, {}, RolloutState::Completed, "", "10", "d1", at(0), at(1)}};
  service.events = {{"e2", at(3), "later"}, {"e1", at(2), "(service web) has reached a steady state."}};
  service.document = R"({"propagateTags":"SERVICE"})";
  service.tags = R"([{"key":"a"}])";
  service.clientToken = "token";
  service.requestHash = "hash";
  service.createdBy = "arn:user";
  service.createdAt = at(1);
  service.deletedAt = at(9);
  return service;
}

ServiceDeployment wholeServiceDeployment() {
  ServiceDeployment deployment;
  deployment.cluster = "prod";
  deployment.service = "web";
  deployment.id = "d2";
  deployment.status = ServiceDeploymentStatus::RollbackFailed;
  deployment.statusReason = "why";
  deployment.sources = {"10", "11"};
  deployment.target = "20";
  deployment.requestedCount = 4;
  deployment.configuration = R"({"maximumPercent":150})";
  deployment.breaker = BreakerStatus::Triggered;
  deployment.failures = 3;
  deployment.threshold = 3;
  deployment.alarms = BreakerStatus::Triggered;
  deployment.ringing = {"old"};
  deployment.triggered = {"5xx"};
  deployment.bakesSince = at(3);
  deployment.rollback = ServiceDeployment::Rollback{"r", at(4), "10"};
  deployment.stoppedBy = "arn:aws:iam::1:user/ann";
  deployment.createdAt = at(1);
  deployment.updatedAt = at(5);
  deployment.startedAt = at(2);
  deployment.finishedAt = at(6);
  deployment.stoppedAt = at(7);
  return deployment;
}

TaskSet wholeTaskSet() {
  TaskSet set;
  set.cluster = "prod";
  set.service = "web";
  set.id = "ecs-svc/7";
  set.status = TaskSetStatus::Draining;
  set.taskDefinition = "web:3";
  set.scale = 12.5;
  set.launchType = "EC2";
  set.externalId = "x";
  set.setbacks = {1, at(2)};
  set.document = "{}";
  set.tags = "[]";
  set.clientToken = "token";
  set.requestHash = "hash";
  set.steady = true;
  set.steadyAt = at(1);
  set.createdAt = at(2);
  set.updatedAt = at(3);
  return set;
}

Alarm wholeAlarm() { return {"5xx", AlarmState::Alarm, "too many", at(1), at(2), "arn:user"}; }

Job wholeJob() {
  Job job;
  job.cluster = "prod";
  job.name = "nightly";
  job.schedule = "0 2 * * *";
  job.timezone = "Europe/Berlin";
  job.overlap = Overlap::Replace;
  job.missed = Missed::Skip;
  job.paused = true;
  job.retry = {3, 1000, 60'000, {1, 75}, {"OutOfMemoryError"}};
  job.maxLifetimeMillis = 60'000;
  job.keepRuns = 7;
  job.document = R"({"taskDefinition":"app"})";
  job.owner = "arn:user";
  job.createdAt = at(1);
  job.updatedAt = at(2);
  job.anchor = at(3);
  job.nextRun = at(4);
  return job;
}

JobRun wholeJobRun() {
  JobRun run;
  run.cluster = "prod";
  run.job = "nightly";
  run.id = "20260101T000000.000Z";
  run.trigger = JobTrigger::Missed;
  run.state = JobRunState::Stopping;
  run.scheduledFor = at(1);
  run.due = at(2);
  run.moments = 3;
  run.retry = {3, 1000, 60'000, {1, 75}, {"OutOfMemoryError"}};
  run.document = R"({"taskDefinition":"app"})";
  run.owner = "arn:user";
  run.reason = "why";
  run.replacedBy = "20260101T000001.000Z";
  run.attempts = {{{"t1", "t2"}, at(3), at(4), 75, "why"}, {{}, at(5), std::nullopt, std::nullopt, ""}};
  run.endedAt = at(6);
  return run;
}

/// One entity of each kind, in the order of the kinds, each with all its members set.
std::vector<Entity> wholeEntities() {
  TaskDefinition definition;
  definition.family = "web";
  definition.revision = 3;
  definition.active = false;
  definition.document = R"({"family":"web"})";
  definition.tags = R"([{"key":"a"}])";
  definition.registeredAt = at(1);
  definition.deregisteredAt = at(2);
  definition.registeredBy = "arn:user";
  return {Cluster{"prod", false, R"({"settings":[]})", R"([{"key":"a"}])", {"rack"}, {{"rack", 1, 4}}, at(3)},
          Family{"web", 9},
          definition,
          wholeInstance(),
          wholeTask(),
          ClientToken{"prod/token", "hash", "t1 t2 ", at(8)},
          AccountSetting{"arn:user", "containerInsights", "enhanced"},
          CapacityProvider{"rack", false, "DELETE_COMPLETE", R"({"managedDraining":"ENABLED"})", "[]", at(4)},
          wholeService(),
          wholeServiceDeployment(),
          ServiceRevision{"prod", "web", "20", "web:3", R"({"launchType":"EC2"})", at(1)},
          wholeTaskSet(),
          TaskProtection{"t1", at(9)},
          wholeJob(),
          wholeJobRun(),
          wholeAlarm()};
}

Changes changesOf(const std::vector<Entity>& entities) {
  Mutations mutations;
  for (const Entity& entity : entities) {
    mutations.emplace_back(entity);
  }
  return toChanges(mutations);
}

std::vector<Record> recordsOf(const Changes& changes) {
  std::vector<Record> out;
  for (const Change& change : changes) out.push_back(Record{change.kind, change.key, change.value.value()});
  return out;
}

/// The row of one kind among the whole ones.
Record row(const std::string& kind) {
  for (const Record& record : recordsOf(changesOf(wholeEntities()))) {
    if (record.kind == kind) return record;
  }
  FAIL("no row of kind " << kind);
  return {};
}

const char* const kKinds[] = {"cluster",
                              "family",
                              "task_definition",
                              "instance",
                              "task",
                              "client_token",
                              "account_setting",
                              "capacity_provider",
                              "service",
                              "service_deployment",
                              "service_revision",
                              "task_set",
                              "task_protection",
                              "job",
                              "job_run",
                              "alarm"};

}  // namespace

TEST_CASE("a row is named by its entity's kind and key") {
  std::vector<std::string> names;
  for (const Change& change : changesOf(wholeEntities())) names.push_back(change.kind + "/" + change.key);
  CHECK(names == std::vector<std::string>{
                     "cluster/prod", "family/web", "task_definition/web:3", "instance/i1", "task/t1",
                     "client_token/prod/token", "account_setting/containerInsights/arn:user",
                     "capacity_provider/rack", "service/prod/web", "service_deployment/prod/web/d2",
                     "service_revision/prod/web/20", "task_set/prod/web/ecs-svc/7", "task_protection/t1",
                     "job/prod/nightly", "job_run/prod/nightly/20260101T000000.000Z", "alarm/5xx"});
}

TEST_CASE("every member of every entity is written and read back") {
  Changes written = changesOf(wholeEntities());
  Decoded decoded = fromRecords(recordsOf(written));
  CHECK(decoded.damaged.empty());
  REQUIRE(decoded.entities.size() == written.size());
  Changes again = changesOf(decoded.entities);
  for (size_t i = 0; i < written.size(); ++i) {
    CAPTURE(written[i].kind);
    CHECK(again[i].kind == written[i].kind);
    CHECK(again[i].key == written[i].key);
    CHECK(Json::parse(*again[i].value) == Json::parse(*written[i].value));
  }
}

TEST_CASE("what was read has the values that were written") {
  Decoded decoded = fromRecords(recordsOf(changesOf(wholeEntities())));
  REQUIRE(decoded.entities.size() == 16);
  const auto& cluster = std::get<Cluster>(decoded.entities[0]);
  CHECK(cluster.capacityProviders == std::vector<std::string>{"rack"});
  REQUIRE(cluster.defaultStrategy.size() == 1);
  CHECK(cluster.defaultStrategy[0].provider == "rack");
  CHECK(cluster.defaultStrategy[0].base == 1);
  CHECK(cluster.defaultStrategy[0].weight == 4);
  const auto& instance = std::get<Instance>(decoded.entities[3]);
  REQUIRE(instance.attributes->size() == 3);
  CHECK(instance.attributes->at(0).value == "7");
  CHECK_FALSE(instance.attributes->at(1).value);
  CHECK(instance.attributes->at(2).value == "");
  CHECK(instance.registered == wholeInstance().registered);
  CHECK_FALSE(instance.connected);
  const auto& task = std::get<Task>(decoded.entities[4]);
  CHECK(task == wholeTask());
  const auto& token = std::get<ClientToken>(decoded.entities[5]);
  CHECK(token.ids() == std::vector<std::string>{"t1", "t2"});
  const auto& setting = std::get<AccountSetting>(decoded.entities[6]);
  CHECK(setting.principal == "arn:user");
  CHECK(setting.name == "containerInsights");
  CHECK(setting.value == "enhanced");
  const auto& provider = std::get<CapacityProvider>(decoded.entities[7]);
  CHECK_FALSE(provider.active);
  CHECK(provider.updateStatus == "DELETE_COMPLETE");
  CHECK(provider.document == R"({"managedDraining":"ENABLED"})");
  CHECK(std::get<Service>(decoded.entities[8]) == wholeService());
  CHECK(std::get<ServiceDeployment>(decoded.entities[9]) == wholeServiceDeployment());
  CHECK(std::get<ServiceRevision>(decoded.entities[10]) ==
        ServiceRevision{"prod", "web", "20", "web:3", R"({"launchType":"EC2"})", at(1)});
  CHECK(std::get<TaskSet>(decoded.entities[11]) == wholeTaskSet());
  CHECK(std::get<TaskProtection>(decoded.entities[12]) == TaskProtection{"t1", at(9)});
  CHECK(std::get<Job>(decoded.entities[13]) == wholeJob());
  CHECK(std::get<JobRun>(decoded.entities[14]) == wholeJobRun());
  CHECK(std::get<Alarm>(decoded.entities[15]) == wholeAlarm());
}

TEST_CASE("times that have not come are absent, not the epoch") {
  Task task = wholeTask();
  task.startedAt = std::nullopt;
  task.stoppedAt = std::nullopt;
  Changes written = changesOf({task});
  Json value = Json::parse(*written[0].value);
  CHECK_FALSE(value.contains("startedAt"));
  CHECK_FALSE(value.contains("stoppedAt"));
  Decoded decoded = fromRecords(recordsOf(written));
  CHECK_FALSE(std::get<Task>(decoded.entities.at(0)).startedAt);
}

TEST_CASE("whether an agent is connected is never stored") {
  Instance instance = wholeInstance();
  Changes apart = changesOf({instance});
  instance.connected = true;
  CHECK(changesOf({instance})[0].value == apart[0].value);
}

TEST_CASE("something erased is a change without a value") {
  Changes changes =
      toChanges({Mutation{Kind::Task, "t1", nullptr}, Mutation{Kind::ClientToken, "a/b", nullptr}});
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].kind == "task");
  CHECK(changes[0].key == "t1");
  CHECK_FALSE(changes[0].value);
  CHECK(changes[1].kind == "client_token");
}

TEST_CASE("a row of any kind without its key members is damaged, and its place is named") {
  for (const char* kind : kKinds) {
    CAPTURE(kind);
    Decoded decoded = fromRecords({Record{kind, "k", "{}"}});
    CHECK(decoded.entities.empty());
    REQUIRE(decoded.damaged.size() == 1);
    CHECK_THAT(decoded.damaged[0], Catch::StartsWith(std::string(kind) + "/k"));
  }
}

TEST_CASE("a row of any kind that is no JSON object is damaged, and its place is named") {
  for (const char* kind : kKinds) {
    for (const char* value : {"", "{", "[]", "7", "\xFF"}) {
      CAPTURE(kind, value);
      Decoded decoded = fromRecords({Record{kind, "k", value}});
      CHECK(decoded.entities.empty());
      REQUIRE(decoded.damaged.size() == 1);
      CHECK_THAT(decoded.damaged[0], Catch::StartsWith(std::string(kind) + "/k"));
    }
  }
}

TEST_CASE("a member of the wrong type damages a row of any kind, and is named") {
  const std::pair<const char*, const char*> kMembers[] = {{"cluster", "active"},
                                                          {"family", "lastRevision"},
                                                          {"task_definition", "document"},
                                                          {"instance", "timeline"},
                                                          {"task", "version"},
                                                          {"client_token", "tasks"},
                                                          {"account_setting", "value"},
                                                          {"capacity_provider", "active"},
                                                          {"service", "events"},
                                                          {"service_deployment", "sources"},
                                                          {"service_revision", "document"},
                                                          {"task_set", "scale"},
                                                          {"task_protection", "expiresAt"},
                                                          {"job", "retry"},
                                                          {"job_run", "attempts"},
                                                          {"alarm", "state"}};
  for (const auto& [kind, member] : kMembers) {
    CAPTURE(kind, member);
    Record damaged = row(kind);
    Json value = Json::parse(damaged.value);
    value[member] = Json::array({Json::array()});
    damaged.value = value.dump();
    Decoded decoded = fromRecords({damaged});
    CHECK(decoded.entities.empty());
    REQUIRE(decoded.damaged.size() == 1);
    CHECK_THAT(decoded.damaged[0],
               Catch::StartsWith(damaged.kind + "/" + damaged.key) && Catch::Contains(member));
  }
}

TEST_CASE("a fault inside a list damages the row that has it") {
  Record damaged = row("task");
  Json value = Json::parse(damaged.value);
  value["containers"][0]["exitCode"] = "one";
  damaged.value = value.dump();
  CHECK(fromRecords({damaged}).damaged.size() == 1);
  damaged = row("instance");
  value = Json::parse(damaged.value);
  value["attributes"][0].erase("name");
  damaged.value = value.dump();
  CHECK(fromRecords({damaged}).damaged.size() == 1);
  for (const char* place : {"/deployments/1/rollout", "/rules/breakerType", "/events/0/id"}) {
    damaged = row("service");
    value = Json::parse(damaged.value);
    value[Json::json_pointer(place)] = 9;
    damaged.value = value.dump();
    CHECK(fromRecords({damaged}).damaged.size() == 1);
  }
}

TEST_CASE("members that this program does not know are ignored, and missing ones have their defaults") {
  Record record = row("cluster");
  Json value = Json::parse(record.value);
  value["futureMember"] = 1;
  record.value = value.dump();
  CHECK(fromRecords({record}).entities.size() == 1);
  Decoded decoded = fromRecords({Record{"task", "t", R"({"id":"t","cluster":"c","definition":"web:1"})"}});
  REQUIRE(decoded.entities.size() == 1);
  const auto& task = std::get<Task>(decoded.entities[0]);
  CHECK(task.lastStatus == TaskStatus::Pending);
  CHECK(task.spec->launchType == "EC2");
  CHECK(task.version == 1);
  CHECK(task.containers.empty());
}

TEST_CASE("damaged rows among whole ones are each told of") {
  std::vector<Record> records = recordsOf(changesOf(wholeEntities()));
  records[0].value = "{";
  records[4].value = "[]";
  Decoded decoded = fromRecords(records);
  CHECK(decoded.entities.size() == 14);
  REQUIRE(decoded.damaged.size() == 2);
  CHECK_THAT(decoded.damaged[0], Catch::StartsWith("cluster/prod"));
  CHECK_THAT(decoded.damaged[1], Catch::StartsWith("task/t1"));
}
