#include "tests/unit/proto/acs/frame.hpp"

namespace berth::acs {

using namespace sample;

namespace {

/// A container that uses every member.
Container fullContainer() {
  Container out;
  out.name = "app";
  out.image = "nginx:1";
  out.containerArn = "arn:container";
  out.essential = false;
  out.cpu = 128;
  out.memory = 64;
  out.command = {{"serve"}};
  out.entryPoint = std::vector<std::string>{};
  out.environment = {{"A", "b"}, {"E", ""}};
  out.portMappings = {{80, 8080, "tcp", 0}, {53, 0, "udp", 0}, {9000, 0, "tcp", 9009}};
  out.environmentFiles = {{"arn:aws:s3:::bucket/file.env", "s3"}};
  out.secrets = {{"KEY", "arn:secret", "asm", "us-east-1", "ENVIRONMENT_VARIABLE", "CONTAINER"}};
  out.volumesFrom = {{"side", true}};
  out.links = {"side:db"};
  out.dependsOn = {{"a", Condition::Start},
                   {"b", Condition::Complete},
                   {"c", Condition::Success},
                   {"d", Condition::Healthy}};
  out.startTimeout = 30;
  out.restartPolicy = {true, {0, 3}, 60};
  out.registryAuthentication = {"asm", "", "us-east-1", "", false, "arn:secret:registry"};
  out.logsAuthStrategy = "ExecutionRole";
  out.managedAgents = {"ExecuteCommandAgent"};
  out.mountPoints = {{"data", "/data", true}};
  out.stopTimeout = 0;
  out.healthCheckType = "docker";
  out.dockerConfig = {"1.24", R"({"User":"1"})", R"({"Init":true})", false, 0, "", {}};
  return out;
}

Task fullTask() {
  Task out;
  out.arn = "arn:task/1";
  out.desiredStatus = "RUNNING";
  out.family = "web";
  out.version = "3";
  out.group = "service:web";
  out.networkMode = "host";
  out.launchType = "EXTERNAL";
  out.cpu = 0.25;
  out.memory = 512;
  out.containers = {fullContainer()};
  out.serviceName = "web";
  out.pidMode = "host";
  out.ipcMode = "none";
  out.volumes.resize(2);
  out.volumes[0].name = "data";
  out.volumes[0].sourcePath = "/srv/data";
  out.volumes[1].name = "common";
  out.volumes[1].kind = VolumeKind::Docker;
  out.volumes[1].type = "docker";
  out.volumes[1].shared = true;
  out.volumes[1].autoprovision = true;
  out.volumes[1].driver = "local";
  out.volumes[1].driverOpts = {{"type", "tmpfs"}};
  out.volumes[1].labels = {{"team", "harbour"}};
  out.associations = {{"gpu", "GPU-1", "GPU-1", {"app"}}};
  out.roleCredentials = Credentials{"id-1", "arn:role", "AKIA", "secret", "token", "2030-01-01T00:00:00Z"};
  return out;
}

template <class M>
M overTheWire(const M& message) {
  auto read = decodeToAgent(encode(ToAgent(message)));
  REQUIRE(read.ok());
  return std::get<M>(*read);
}

template <class M>
M backOverTheWire(const M& message) {
  auto read = decodeFromAgent(encode(FromAgent(message)));
  REQUIRE(read.ok());
  return std::get<M>(*read);
}

}  // namespace

TEST_CASE("a payload survives the wire with every member") {
  PayloadMessage message{"m", "arn:cluster", "arn:instance", 9, 1719650000123, {fullTask()}, {}};
  PayloadMessage read = overTheWire(message);
  CHECK(read.messageId == "m");
  CHECK(read.seqNum == 9);
  CHECK(read.generatedAt == 1719650000123);
  REQUIRE(read.tasks.size() == 1);
  CHECK(read.tasks[0].group == "service:web");
  CHECK(read.tasks[0].networkMode == "host");
  CHECK(read.tasks[0].launchType == "EXTERNAL");
  CHECK(read.tasks[0].cpu == 0.25);
  CHECK(read.tasks[0].memory == 512);
  CHECK(read.tasks[0].volumes[0].sourcePath == "/srv/data");
  const Container& app = read.tasks[0].containers[0];
  CHECK(app.containerArn == "arn:container");
  CHECK_FALSE(app.essential);
  CHECK(app.cpu == 128);
  CHECK(app.memory == 64);
  CHECK(app.command == std::vector<std::string>{"serve"});
  CHECK(app.entryPoint == std::vector<std::string>{});
  CHECK(app.environment == std::map<std::string, std::string>{{"A", "b"}, {"E", ""}});
  CHECK(app.portMappings == fullContainer().portMappings);
  CHECK(app.environmentFiles == fullContainer().environmentFiles);
  CHECK(app.secrets == fullContainer().secrets);
  CHECK(app.volumesFrom == fullContainer().volumesFrom);
  CHECK(app.links == fullContainer().links);
  CHECK(app.dependsOn == fullContainer().dependsOn);
  CHECK(app.startTimeout == 30);
  CHECK(app.restartPolicy == fullContainer().restartPolicy);
  CHECK(app.registryAuthentication == fullContainer().registryAuthentication);
  CHECK(app.logsAuthStrategy == "ExecutionRole");
  CHECK(app.managedAgents == fullContainer().managedAgents);
  CHECK(read.tasks[0].serviceName == "web");
  CHECK(read.tasks[0].pidMode == "host");
  CHECK(read.tasks[0].ipcMode == "none");
  const Volume& common = read.tasks[0].volumes.at(1);
  CHECK(common.kind == VolumeKind::Docker);
  CHECK((common.shared && common.autoprovision));
  CHECK(common.driverOpts.at("type") == "tmpfs");
  CHECK(common.labels.at("team") == "harbour");
  CHECK(read.tasks[0].associations.at(0).containers.at(0) == "app");
  CHECK(read.tasks[0].roleCredentials->secretAccessKey == "secret");
  CHECK_FALSE(read.tasks[0].executionCredentials.has_value());
  CHECK(app.portMappings[0].hostPort == 8080);
  CHECK(app.portMappings[1].protocol == "udp");
  CHECK(app.mountPoints[0].containerPath == "/data");
  CHECK(app.stopTimeout == 0);
  CHECK(app.healthCheckType == "docker");
  CHECK(app.dockerConfig.config == R"({"User":"1"})");
  CHECK(app.dockerConfig.hostConfig == R"({"Init":true})");
}

TEST_CASE("encoding what was read gives the same frame") {
  ToAgent message = PayloadMessage{"m", "arn:cluster", "arn:instance", 9, 1, {fullTask()}, {}};
  std::string first = encode(message);
  auto read = decodeToAgent(first);
  REQUIRE(read.ok());
  CHECK(encode(*read) == first);
}

TEST_CASE("absent members are left out of a payload") {
  Task bare;
  bare.arn = "arn:task/1";
  bare.desiredStatus = "RUNNING";
  Container plain;
  plain.name = "app";
  plain.image = "i";
  bare.containers = {plain};
  Json wire = Json::parse(encode(ToAgent(PayloadMessage{"m", "c", "i", 1, 1, {bare}, {}})));
  const Json& out = wire["message"]["tasks"][0];
  for (const char* key : {"group", "networkMode", "launchType", "cpu", "memory"})
    CHECK_FALSE(out.contains(key));
  for (const char* key :
       {"containerArn", "command", "entryPoint", "stopTimeout", "healthCheckType", "dockerConfig"}) {
    CHECK_FALSE(out["containers"][0].contains(key));
  }
}

TEST_CASE("the other messages to an agent survive the wire") {
  CHECK(overTheWire(HeartbeatMessage{"h", false}).messageId == "h");
  CHECK_FALSE(overTheWire(HeartbeatMessage{"h", false}).healthy);
  TaskManifestMessage manifest =
      overTheWire(TaskManifestMessage{"m", "c", "i", 5, 6, {{"a", "c", "RUNNING"}}});
  CHECK(manifest.clusterArn == "c");
  CHECK(manifest.containerInstanceArn == "i");
  CHECK(manifest.generatedAt == 5);
  CHECK(manifest.timeline == 6);
  CHECK(manifest.tasks.at(0).taskClusterArn == "c");
  TaskStopVerificationAck ack = overTheWire(TaskStopVerificationAck{"m", 5, {{"a", "c", "STOPPED"}}});
  CHECK(ack.generatedAt == 5);
  CHECK(ack.stopTasks.at(0).desiredStatus == "STOPPED");
}

TEST_CASE("credentials and their acknowledgement survive the wire") {
  CredentialsMessage message{"m", "arn:task/1", true, {"id", "role", "AKIA", "secret", "token", "soon"}};
  CredentialsMessage read = overTheWire(message);
  CHECK(read.taskArn == "arn:task/1");
  CHECK(read.execution);
  CHECK(read.credentials.sessionToken == "token");
  CredentialsAckRequest ack = backOverTheWire(CredentialsAckRequest{"m", "soon", "id"});
  CHECK(ack.expiration == "soon");
  CHECK(ack.credentialsId == "id");
}

TEST_CASE("the messages of an agent survive the wire") {
  AckRequest ack = backOverTheWire(AckRequest{"c", "i", "m"});
  CHECK(ack.cluster == "c");
  CHECK(ack.containerInstance == "i");
  CHECK(ack.messageId == "m");
  NackRequest nack = backOverTheWire(NackRequest{"c", "i", "m", "no"});
  CHECK(nack.reason == "no");
  CHECK(backOverTheWire(HeartbeatAckRequest{"h"}).messageId == "h");
  auto verification = backOverTheWire(TaskStopVerificationMessage{"m", {{"a", "c", "STOPPED"}}});
  CHECK(verification.messageId == "m");
  CHECK(verification.stopCandidates.at(0).taskArn == "a");
}

TEST_CASE("an acknowledgement has the names of Amazon's agent") {
  CHECK(Json::parse(encode(FromAgent(AckRequest{"c", "i", "m"}))) ==
        Json{{"type", "AckRequest"},
             {"message", {{"cluster", "c"}, {"containerInstance", "i"}, {"messageId", "m"}}}});
  CHECK(Json::parse(encode(FromAgent(HeartbeatAckRequest{"m"}))) ==
        Json{{"type", "HeartbeatAckRequest"}, {"message", {{"messageId", "m"}}}});
}

}  // namespace berth::acs
