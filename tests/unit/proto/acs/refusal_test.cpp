#include "tests/unit/proto/acs/frame.hpp"

namespace berth::acs {

using namespace sample;

TEST_CASE("a payload without one of its required members is dropped as a whole") {
  for (const char* key : {"messageId", "clusterArn", "containerInstanceArn"}) {
    for (const Json& value : {Json(nullptr), Json("")}) {
      Json message = payload();
      message[key] = value;
      CHECK(refusal(frame("PayloadMessage", message)) ==
            "message." + std::string(key) + " is missing or empty");
    }
  }
}

TEST_CASE("a payload whose own members have the wrong type is dropped as a whole") {
  auto with = [](const char* key, Json value) {
    Json message = payload();
    message[key] = std::move(value);
    return refusal(frame("PayloadMessage", message));
  };
  CHECK(with("messageId", 1) == "message.messageId is not a string");
  CHECK(with("seqNum", "7") == "message.seqNum is not an integer");
  CHECK(with("generatedAt", 1.5) == "message.generatedAt is not an integer");
  CHECK(with("tasks", Json::object()) == "message.tasks is not a list");
}

TEST_CASE("a bad task is refused, the others of its message go on") {
  Json bad = task();
  bad["arn"] = "arn:task/2";
  bad["networkMode"] = 7;
  PayloadMessage read = decodePayload(payload(Json::array({bad, task()})));
  REQUIRE(read.tasks.size() == 1);
  CHECK(read.tasks[0].arn == "arn:task/1");
  REQUIRE(read.refused.size() == 1);
  CHECK(read.refused[0].arn == "arn:task/2");
  CHECK(read.refused[0].reason ==
        "UnrecogniedTaskError: Error loading task - task.networkMode is not a string");
}

TEST_CASE("a task without an ARN can't even be reported and is left out") {
  Json nameless = task();
  nameless.erase("arn");
  PayloadMessage read = decodePayload(payload(Json::array({nameless, 7, "x", nullptr, task()})));
  CHECK(read.tasks.size() == 1);
  CHECK(read.refused.empty());
}

TEST_CASE("a task with an odd desired status is refused") {
  for (const char* status : {"PENDING", "running", ""}) {
    Json changed = task();
    changed["desiredStatus"] = status;
    CHECK(taskRefusal(changed) == "task.desiredStatus is neither RUNNING nor STOPPED");
  }
}

TEST_CASE("a task to run needs a container with a name and an image") {
  Json none = task();
  none["containers"] = Json::array();
  CHECK(taskRefusal(none) == "task.containers is empty");
  none.erase("containers");
  CHECK(taskRefusal(none) == "task.containers is empty");
  none["containers"] = Json::array({5});
  CHECK(taskRefusal(none) == "task.containers is not a JSON object");
  CHECK(containerRefusal("name", "") == "task.containers.name is missing or empty");
  CHECK(containerRefusal("image", nullptr) == "task.containers.image is missing or empty");
}

TEST_CASE("members of the wrong type refuse their task by path") {
  CHECK(containerRefusal("cpu", "many") == "task.containers.cpu is not an integer");
  CHECK(containerRefusal("memory", 1.5) == "task.containers.memory is not an integer");
  CHECK(containerRefusal("essential", "true") == "task.containers.essential is not a boolean");
  CHECK(containerRefusal("command", "serve") == "task.containers.command is not a list");
  CHECK(containerRefusal("command", {1}) == "task.containers.command is not a list of strings");
  CHECK(containerRefusal("environment", {{"A", 1}}) == "task.containers.environment is not a map of strings");
  CHECK(containerRefusal("environment", Json::array()) == "task.containers.environment is not a map");
  CHECK(containerRefusal("stopTimeout", "5") == "task.containers.stopTimeout is not an integer");
  CHECK(containerRefusal("portMappings", 80) == "task.containers.portMappings is not a list");
  CHECK(containerRefusal("dockerConfig", "{}") == "task.containers.dockerConfig is not a JSON object");
  CHECK(containerRefusal("dockerConfig", {{"config", Json::object()}}) ==
        "task.containers.dockerConfig.config is not a string");
  Json changed = task();
  changed["cpu"] = "0.25";
  CHECK(taskRefusal(changed) == "task.cpu is not a number");
}

TEST_CASE("ports and protocols outside their ranges are refused") {
  auto port = [](Json mapping) {
    return containerRefusal("portMappings", Json::array({std::move(mapping)}));
  };
  CHECK(port({{"containerPort", 65536}}) == "task.containers.portMappings.containerPort is not a port");
  CHECK(port({{"containerPort", -1}}) == "task.containers.portMappings.containerPort is not a port");
  CHECK(port({{"containerPort", 80}, {"hostPort", 70000}}) ==
        "task.containers.portMappings.containerPort is not a port");
  CHECK(port({{"containerPort", 80}, {"protocol", "sctp"}}) ==
        "task.containers.portMappings.protocol is neither tcp nor udp");
  for (const char* range : {"80", "90-80", "0-5", "a-b", "1-70000"}) {
    CHECK(port({{"containerPortRange", range}}) ==
          "task.containers.portMappings.containerPortRange is not a range of ports like 8000-8010");
  }
  CHECK(port({{"containerPort", 80}, {"containerPortRange", "80-90"}}) ==
        "task.containers.portMappings.containerPortRange and containerPort exclude each other");
}

TEST_CASE("a key of Docker's configuration that comes twice, in letters of both cases, refuses its task") {
  const Json twice{{"hostConfig", R"({"Privileged": false, "privileged": true})"}};
  CHECK(containerRefusal("dockerConfig", twice) ==
        "task.containers.dockerConfig.hostConfig has the key privileged twice: letters of both cases mean the "
        "same");
}

TEST_CASE("members of a container that make no sense are refused by path") {
  CHECK(containerRefusal("dependsOn", Json::array({{{"containerName", "a"}, {"condition", "SOON"}}})) ==
        "task.containers.dependsOn.condition is none of START, COMPLETE, SUCCESS and HEALTHY");
  CHECK(containerRefusal("secrets", Json::array({{{"name", "A"}}})) ==
        "task.containers.secrets.valueFrom is missing or empty");
  CHECK(containerRefusal("volumesFrom", Json::array({Json::object()})) ==
        "task.containers.volumesFrom.sourceContainer is missing or empty");
  CHECK(containerRefusal("links", Json::array({1})) == "task.containers.links is not a list of strings");
  CHECK(containerRefusal("restartPolicy", {{"enabled", true}, {"ignoredExitCodes", {"x"}}}) ==
        "task.containers.restartPolicy.ignoredExitCodes is not a list of whole numbers");
  CHECK(containerRefusal("restartPolicy", {{"restartAttemptPeriod", -1}}) ==
        "task.containers.restartPolicy.restartAttemptPeriod is negative");
  CHECK(containerRefusal("registryAuthentication", {{"type", "x"}}) ==
        "task.containers.registryAuthentication.type is neither ecr nor asm");
  CHECK(containerRefusal("registryAuthentication", {{"type", "asm"}}) ==
        "task.containers.registryAuthentication.asmAuthData is missing");
  CHECK(containerRefusal("startTimeout", -1) == "task.containers.startTimeout is negative");
  CHECK(containerRefusal("stopTimeout", -1) == "task.containers.stopTimeout is negative");
}

TEST_CASE("a gpu belongs to one container") {
  Json changed = task();
  changed["associations"] = Json::array({{{"type", "gpu"}, {"name", "g"}, {"containers", {"a", "b"}}}});
  CHECK(taskRefusal(changed) == "task.associations.containers must name one container");
}

TEST_CASE("credentials without an id refuse their task") {
  Json changed = task();
  changed["roleCredentials"] = {{"roleArn", "arn"}};
  CHECK(taskRefusal(changed) == "task.roleCredentials.credentialsId is missing or empty");
}

TEST_CASE("an override that is not known, or is no object, refuses the task") {
  CHECK(containerRefusal("overrides", R"({"cpu":1})") ==
        "task.containers.overrides.cpu is not a known override");
  CHECK(containerRefusal("overrides", {{"environment", Json::array()}}) ==
        "task.containers.overrides.environment is not a known override");
  CHECK(containerRefusal("overrides", "{") == "task.containers.overrides is not JSON text of an object");
  CHECK(containerRefusal("overrides", "[]") == "task.containers.overrides is not JSON text of an object");
  CHECK(containerRefusal("overrides", 5) == "task.containers.overrides is not a JSON object");
  CHECK(containerRefusal("overrides", R"({"command":"sh"})") ==
        "task.containers.overrides.command is not a list");
}

TEST_CASE("volumes that lack what their type needs are refused") {
  auto volume = [](Json value) {
    Json changed = task();
    changed["volumes"] = Json::array({std::move(value)});
    return taskRefusal(changed);
  };
  CHECK(volume({{"host", {{"sourcePath", "/srv"}}}}) == "task.volumes.name is missing or empty");
  CHECK(volume({{"name", "v"}}) == "task.volumes.host is missing");
  CHECK(volume({{"name", "v"}, {"type", "docker"}}) == "task.volumes.dockerVolumeConfiguration is missing");
  CHECK(volume({{"name", "v"}, {"type", "docker"}, {"dockerVolumeConfiguration", {{"scope", "all"}}}}) ==
        "task.volumes.dockerVolumeConfiguration.scope is neither task nor shared");
  CHECK(containerRefusal("mountPoints", Json::array({{{"containerPath", "/data"}}})) ==
        "task.containers.mountPoints.sourceVolume is missing or empty");
}

TEST_CASE("a stop needs no more than the ARN, whatever else is odd about the task") {
  Json stop = task();
  stop["desiredStatus"] = "STOPPED";
  stop["networkMode"] = "awsvpc";
  stop["containers"][0]["cpu"] = "many";
  PayloadMessage read =
      decodePayload(payload(Json::array({stop, Json{{"arn", "arn:task/2"}, {"desiredStatus", "STOPPED"}}})));
  CHECK(read.refused.empty());
  REQUIRE(read.tasks.size() == 2);
  CHECK(read.tasks[0].desiredStatus == "STOPPED");
  CHECK(read.tasks[1].arn == "arn:task/2");
}

}  // namespace berth::acs
