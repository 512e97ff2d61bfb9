#include <catch2/catch.hpp>

#include "tests/unit/agent/endpoints/sample.hpp"

namespace berth::agent::endpoints::test {
namespace {

/// Everything that a document can show.
TaskView fullTask() {
  TaskView task = sampleTask();
  task.networkMode = "awsvpc";
  task.cpu = 0.5;
  task.memory = 512;
  task.pullStartedAt = wallAt(0);
  task.pullStoppedAt = wallAt(1500);
  task.executionStoppedAt = wallAt(3000);
  task.availabilityZone = "eu-west-1a";
  task.taskTags = {{"team", "web"}};
  task.instanceTags = {{"rack", "4"}};
  task.tagErrors = {{"TaskTags", "AccessDenied", "no", 400, "r-1", kArn}};
  task.launchType = "EC2";
  task.vpcId = "vpc-1";
  task.serviceName = "front";
  task.availabilityZoneId = "euw1-az1";
  ContainerView& web = task.containers[0];
  web.cpu = 1;
  web.memory = 128;
  web.exitCode = 3;
  web.createdAt = web.startedAt = web.finishedAt = wallAt(2000);
  web.ports = {{80, "tcp", 32768, "0.0.0.0"}};
  web.labels = {{"a", "b"}};
  web.health = HealthView{"HEALTHY", wallAt(2500), 0, "fine"};
  web.volumes = {{"vol", "/src", "/dst"}};
  web.restartCount = 2;
  web.logDriver = "awslogs";
  web.logOptions = {{"awslogs-group", "g"}};
  web.containerArn = "arn:c";
  web.snapshotter = "overlayfs";
  NetworkExtras& extras = web.networks[0].extras;
  web.networks[0].mode = "awsvpc";
  extras.attachmentIndex = 0;
  extras.macAddress = "0a:00";
  extras.ipv4SubnetCidr = "10.0.0.0/24";
  extras.domainNameServers = {"10.0.0.2"};
  extras.privateDnsName = "ip-10";
  extras.subnetGatewayIpv4 = "10.0.0.1/24";
  return task;
}

json bodyOf(const Response& response) { return json::parse(response.body); }

json askMetadata(const Directory& directory, const std::string& path) {
  const Response response = answerMetadata(get(path), directory);
  INFO(response.body);
  REQUIRE(response.status == 200);
  REQUIRE(response.contentType == "application/json");
  return bodyOf(response);
}

std::vector<std::string> keys(const json& object) {
  std::vector<std::string> out;
  for (const auto& [key, value] : object.items()) out.push_back(key);
  return out;
}

TEST_CASE("v4 shows every member of a task under its name") {
  Directory directory;
  directory.put(shared(fullTask()));
  const json task = askMetadata(directory, "/v4/" + kWebEndpoint + "/taskWithTags");
  CHECK(keys(task) == std::vector<std::string>{"AvailabilityZone", "AvailabilityZoneID",
                                               "Cluster",          "ContainerInstanceTags",
                                               "Containers",       "DesiredStatus",
                                               "Errors",           "ExecutionStoppedAt",
                                               "Family",           "FaultInjectionEnabled",
                                               "KnownStatus",      "LaunchType",
                                               "Limits",           "PullStartedAt",
                                               "PullStoppedAt",    "Revision",
                                               "ServiceName",      "TaskARN",
                                               "TaskTags",         "VPCID"});
  CHECK(task["Limits"] == json({{"CPU", 0.5}, {"Memory", 512}}));
  CHECK(task["PullStartedAt"] == "2024-06-29T08:33:20.000Z");
  CHECK(task["FaultInjectionEnabled"] == false);
  CHECK(task["Errors"][0] == json({{"ErrorField", "TaskTags"},
                                   {"ErrorCode", "AccessDenied"},
                                   {"ErrorMessage", "no"},
                                   {"StatusCode", 400},
                                   {"RequestId", "r-1"},
                                   {"ResourceARN", kArn}}));
  CHECK(task["ContainerInstanceTags"] == json({{"rack", "4"}}));
  CHECK(task["Containers"].size() == 2);
}

TEST_CASE("v4 shows every member of a container under its name") {
  Directory directory;
  directory.put(shared(fullTask()));
  const json web = askMetadata(directory, "/v4/" + kWebEndpoint);
  CHECK(keys(web) == std::vector<std::string>{"ContainerARN", "CreatedAt", "DesiredStatus", "DockerId",
                                              "DockerName",   "ExitCode",  "FinishedAt",    "Health",
                                              "Image",        "ImageID",   "KnownStatus",   "Labels",
                                              "Limits",       "LogDriver", "LogOptions",    "Name",
                                              "Networks",     "Ports",     "RestartCount",  "Snapshotter",
                                              "StartedAt",    "Type",      "Volumes"});
  CHECK(web["Limits"] == json({{"CPU", 2}, {"Memory", 128}}));
  CHECK(web["Limits"]["CPU"].is_number_integer());
  CHECK(web["Ports"][0] ==
        json({{"ContainerPort", 80}, {"Protocol", "tcp"}, {"HostPort", 80}, {"HostIp", "0.0.0.0"}}));
  CHECK(web["Health"] == json({{"status", "HEALTHY"},
                               {"statusSince", "2024-06-29T08:33:22.500Z"},
                               {"exitCode", 0},
                               {"output", "fine"}}));
  CHECK(web["Volumes"][0] == json({{"DockerName", "vol"}, {"Source", "/src"}, {"Destination", "/dst"}}));
  CHECK(web["Networks"][0] == json({{"NetworkMode", "awsvpc"},
                                    {"IPv4Addresses", {"172.17.0.2"}},
                                    {"AttachmentIndex", 0},
                                    {"MACAddress", "0a:00"},
                                    {"IPv4SubnetCIDRBlock", "10.0.0.0/24"},
                                    {"DomainNameServers", {"10.0.0.2"}},
                                    {"PrivateDNSName", "ip-10"},
                                    {"SubnetGatewayIpv4Address", "10.0.0.1/24"}}));
}

TEST_CASE("v3 leaves out what only v4 has, and tags unless they are asked for") {
  Directory directory;
  directory.put(shared(fullTask()));
  const json task = askMetadata(directory, "/v3/" + kWebEndpoint + "/task");
  for (const char* key : {"LaunchType", "VPCID", "ServiceName", "Errors", "FaultInjectionEnabled",
                          "AvailabilityZoneID", "TaskTags", "ContainerInstanceTags"}) {
    CHECK_FALSE(task.contains(key));
  }
  const json web = task["Containers"][0];
  for (const char* key : {"LogDriver", "LogOptions", "ContainerARN", "Snapshotter", "RestartCount"}) {
    CHECK_FALSE(web.contains(key));
  }
  CHECK(web["Networks"][0] == json({{"NetworkMode", "awsvpc"}, {"IPv4Addresses", {"172.17.0.2"}}}));
  CHECK_FALSE(web["Ports"][0].contains("HostIp"));
  CHECK(askMetadata(directory, "/v3/" + kWebEndpoint + "/taskWithTags")["TaskTags"] ==
        json({{"team", "web"}}));
  CHECK(askMetadata(directory, "/v3/" + kDbEndpoint)["Name"] == "db");
}

TEST_CASE("A task without anything optional shows the rest only") {
  Directory directory;
  TaskView task = sampleTask();
  for (ContainerView& container : task.containers) container.networks.clear();
  directory.put(shared(task));
  const json shown = askMetadata(directory, "/v3/" + kWebEndpoint + "/task");
  CHECK(keys(shown) == std::vector<std::string>{"Cluster", "Containers", "DesiredStatus", "Family",
                                                "KnownStatus", "Revision", "TaskARN"});
  CHECK(keys(shown["Containers"][0]) == std::vector<std::string>{"DesiredStatus", "DockerId", "DockerName",
                                                                 "Image", "ImageID", "KnownStatus", "Limits",
                                                                 "Name", "Type"});
}

TEST_CASE("Only v4 lists a container that is pulled and not yet created") {
  Directory directory;
  TaskView task = sampleTask();
  task.containers[1].dockerId.clear();
  task.containers[1].knownStatus = "PULLED";
  directory.put(shared(task));
  CHECK(askMetadata(directory, "/v4/" + kWebEndpoint + "/task")["Containers"].size() == 2);
  CHECK(askMetadata(directory, "/v3/" + kWebEndpoint + "/task")["Containers"].size() == 1);
  task.containers[1].knownStatus = "NONE";
  directory.put(shared(task));
  CHECK(askMetadata(directory, "/v4/" + kWebEndpoint + "/task")["Containers"].size() == 1);
}

TEST_CASE("v4 lists pause containers first for service connect in bridge mode") {
  Directory directory;
  TaskView task = sampleTask();
  task.containers[1].type = "CNI_PAUSE";
  directory.put(shared(task));
  CHECK(askMetadata(directory, "/v4/" + kWebEndpoint + "/task")["Containers"][0]["Name"] == "web");
  task.serviceConnect = true;
  directory.put(shared(task));
  CHECK(askMetadata(directory, "/v4/" + kWebEndpoint + "/task")["Containers"][0]["Name"] == "db");
  CHECK(askMetadata(directory, "/v3/" + kWebEndpoint + "/task")["Containers"][0]["Name"] == "web");
}

TEST_CASE("v2 knows an awsvpc task by the caller's address") {
  Directory directory;
  directory.put(shared(fullTask()));
  CHECK(askMetadata(directory, "/v2/metadata")["TaskARN"] == kArn);
  CHECK(askMetadata(directory, "/v2/metadata/")["TaskARN"] == kArn);
  CHECK(askMetadata(directory, "/v2/metadata/" + kDbId)["Name"] == "db");
  CHECK(askMetadata(directory, "/v2/metadataWithTags/")["TaskTags"] == json({{"team", "web"}}));
  const Response stranger = answerMetadata(get("/v2/metadata", "172.17.0.9"), directory);
  CHECK(stranger.status == 400);
  CHECK(bodyOf(stranger) ==
        "Unable to get task arn from request: unable to associate '172.17.0.9' with task");
  const Response unknown = answerMetadata(get("/v2/metadata/nope"), directory);
  CHECK(unknown.status == 400);
  CHECK(bodyOf(unknown) == "Unable to generate metadata for container 'nope'");
  directory.put(shared(sampleTask()));
  CHECK(answerMetadata(get("/v2/metadata"), directory).status == 400);
}

TEST_CASE("Failures have the status and the text of their version") {
  Directory directory;
  TaskView task = sampleTask();
  task.containers[1].dockerId.clear();
  directory.put(shared(task));
  const std::string noContainer =
      "unable to get container ID from request: unable to get docker ID from v3 endpoint ID: ";
  const std::string noTask =
      "unable to get task arn from request: unable to get task Arn from v3 endpoint ID: ";
  struct Case {
    std::string path;
    int status;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"/v3/x", 500, "V3 container metadata handler: " + noContainer + "x"},
      {"/v3/x/task", 500, "V3 task metadata handler: " + noTask + "x"},
      {"/v3/x/stats", 400, "V3 container stats handler: " + noTask + "x"},
      {"/v3/x/task/stats", 400, "V3 task stats handler: " + noTask + "x"},
      {"/v3/" + kDbEndpoint + "/stats", 400, "V3 container stats handler: " + noContainer + kDbEndpoint},
      {"/v3/" + kWebEndpoint + "/stats", 400, "Unable to get container stats for: " + kWebId},
      {"/v4/x", 404, "V4 container metadata handler: " + noContainer + "x"},
      {"/v4/" + kDbEndpoint, 404, "V4 container metadata handler: " + noContainer + kDbEndpoint},
      {"/v4/x/taskWithTags", 404, "V4 task metadata handler: " + noTask + "x"},
      {"/v4/x/stats", 404, "V4 container stats handler: " + noTask + "x"},
      {"/v4/x/task/stats", 404, "V4 task stats handler: " + noTask + "x"},
      {"/v4/" + kWebEndpoint + "/stats", 500, "Unable to get container stats for: " + kWebId},
  };
  for (const Case& one : cases) {
    const Response response = answerMetadata(get(one.path), directory);
    INFO(one.path);
    CHECK(response.status == one.status);
    CHECK(bodyOf(response) == one.text);
  }
}

TEST_CASE("An unknown path is not found") {
  Directory directory;
  directory.put(shared(sampleTask()));
  for (const std::string& path :
       std::vector<std::string>{"/", "/v3", "/v5/x", "/v4/" + kWebEndpoint + "/", "/v4/x/other", "/v2/other",
                                "/v4/%zz", "/v2/metadata/a/b"}) {
    INFO(path);
    CHECK(answerMetadata(get(path), directory).status == 404);
  }
}

TEST_CASE("Associations are listed by type and sent as they are") {
  Directory directory;
  TaskView task = sampleTask();
  task.associations = {{{"web"}, "elastic-inference", "dev1", "{\"k\":1}"},
                       {{"db"}, "elastic-inference", "dev2", "x"},
                       {{"web"}, "other", "dev3", "y"}};
  directory.put(shared(task));
  const std::string base = "/v4/" + kWebEndpoint + "/associations/";
  CHECK(askMetadata(directory, base + "elastic-inference") == json({{"Associations", {"dev1"}}}));
  CHECK(askMetadata(directory, base + "none") == json({{"Associations", json::array()}}));
  CHECK(answerMetadata(get(base + "elastic-inference/dev1"), directory).body == "{\"k\":1}");
  CHECK(answerMetadata(get(base + "elastic-inference/dev9"), directory).status == 400);
  CHECK(answerMetadata(get(base + "elastic-inference/"), directory).status == 400);
  CHECK(bodyOf(answerMetadata(get("/v3/x/associations/t"), directory)) ==
        "V3 container associations handler: unable to get container id from request: unable to get docker ID "
        "from v3 endpoint ID: x");
}

TEST_CASE("Bytes that are no text do not break a document") {
  Directory directory;
  TaskView task = sampleTask();
  task.containers[0].health = HealthView{"UNHEALTHY", {}, 1, "bad \xff\xfe byte"};
  directory.put(shared(task));
  CHECK(askMetadata(directory, "/v4/" + kWebEndpoint)["Health"]["exitCode"] == 1);
}

}  // namespace
}  // namespace berth::agent::endpoints::test
