#include "proto/docker/codec.hpp"

#include <catch2/catch.hpp>

#include "proto/docker/registry_auth.hpp"

namespace berth::docker {
namespace {

TEST_CASE("A volume is decoded, also one without options") {
  const auto volume = decodeVolume(
      R"({"Name": "data", "Driver": "local", "Options": {"type": "tmpfs"}, "Labels": {"a": "b"}})");
  REQUIRE(volume);
  CHECK(volume->options.at("type") == "tmpfs");
  CHECK(volume->labels.at("a") == "b");
  CHECK(decodeVolume(R"({"Name": "data", "Driver": "local", "Options": null, "Labels": null})")
            ->options.empty());
  CHECK_FALSE(decodeVolume("{}").ok());
}

TEST_CASE("What is mounted into a container is decoded, and what its last probe ended with") {
  const auto container = decodeContainer(R"({"Id": "c0ffee",
    "State": {"Status": "running", "Health": {"Status": "healthy", "Log": [{"ExitCode": 1}, {"ExitCode": 0}]}},
    "Mounts": [{"Type": "volume", "Name": "v", "Source": "/var/lib/docker/volumes/v/_data", "Destination": "/data"},
               {"Type": "bind", "Source": "/etc", "Destination": "/hosts", "RW": false}]})");
  REQUIRE(container);
  CHECK(container->mounts ==
        std::vector<MountPoint>{{"v", "/var/lib/docker/volumes/v/_data", "/data"}, {"", "/etc", "/hosts"}});
  CHECK(container->health->exitCode == 0);
  const auto young =
      decodeContainer(R"({"Id": "a", "State": {"Status": "running", "Health": {}}, "Mounts": null})");
  REQUIRE(young);
  CHECK(young->mounts.empty());
  CHECK_FALSE(young->health->exitCode);
  CHECK_FALSE(decodeContainer(R"({"Id": "a", "State": {"Status": "x"}, "Mounts": [1]})"));
}

TEST_CASE("A container's image, birth and networks are decoded") {
  const auto container =
      decodeContainer(R"({"Id": "4f2c", "Image": "sha256:1", "State": {"Status": "running"},
    "Created": "2024-06-29T08:33:20.5Z", "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2",
    "GlobalIPv6Address": "", "MacAddress": "02:42:ac:11:00:02"}}}})");
  REQUIRE(container);
  CHECK(container->imageId == "sha256:1");
  CHECK(container->created.has_value());
  CHECK(container->networks == std::vector<Network>{{"bridge", "172.17.0.2", "", "02:42:ac:11:00:02"}});
}

TEST_CASE("An inspected container is decoded with its state, labels and ports") {
  const auto container = decodeContainer(R"({
    "Id": "4f2c", "Name": "/ecs-web-1-app",
    "Config": {"Labels": {"com.amazonaws.ecs.cluster": "default"}},
    "State": {"Status": "exited", "Running": false, "OOMKilled": true, "Pid": 0, "ExitCode": 137,
              "Error": "", "StartedAt": "2024-06-29T08:33:20.5Z", "FinishedAt": "2024-06-29T08:33:21Z",
              "Health": {"Status": "unhealthy", "Log": [{"Output": "first"}, {"Output": "last"}]}},
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"},
                                             {"HostIp": "::", "HostPort": "32768"}], "53/udp": null}}})");
  REQUIRE(container);
  CHECK(container->id == "4f2c");
  CHECK(container->name == "ecs-web-1-app");
  CHECK(container->labels.at("com.amazonaws.ecs.cluster") == "default");
  CHECK(container->status == "exited");
  CHECK(container->exitCode == 137);
  CHECK(container->oomKilled);
  CHECK(toEpochMillis(*container->startedAt) == 1719650000500);
  CHECK(toEpochMillis(*container->finishedAt) == 1719650001000);
  REQUIRE(container->health);
  CHECK(container->health->status == "unhealthy");
  CHECK(container->health->output == "last");
  CHECK(container->ports ==
        std::vector<PortBinding>{{80, "tcp", "0.0.0.0", 32768}, {80, "tcp", "::", 32768}});
}

TEST_CASE("A container that never ran has no times and no health") {
  const auto container = decodeContainer(R"({"Id": "a", "State": {"Status": "created",
    "StartedAt": "0001-01-01T00:00:00Z", "FinishedAt": "0001-01-01T00:00:00Z"},
    "Config": {"Labels": null}, "NetworkSettings": {"Ports": null}})");
  REQUIRE(container);
  CHECK_FALSE(container->startedAt);
  CHECK_FALSE(container->finishedAt);
  CHECK_FALSE(container->health);
  CHECK(container->labels.empty());
  CHECK(container->ports.empty());
}

TEST_CASE("Answers of another shape are refused with the name of what is wrong") {
  const auto text = GENERATE(
      as<std::string>(), "", "null", "[]", "{", R"({"Id": 5, "State": {"Status": "x"}})", R"({"Id": "a"})",
      R"({"Id": "a", "State": []})", R"({"Id": "a", "State": {"Status": "x", "ExitCode": "0"}})",
      R"({"Id": "a", "State": {"Status": "x"}, "NetworkSettings": {"Ports": []}})",
      R"({"Id": "a", "State": {"Status": "x"}, "NetworkSettings": {"Ports": {"x": []}}})",
      R"({"Id": "a", "State": {"Status": "x", "Health": {"Log": [1]}}})");
  CAPTURE(text);
  const auto container = decodeContainer(text);
  REQUIRE_FALSE(container);
  CHECK(container.error().code == Code::InvalidArgument);
  CHECK(container.error().message.starts_with("container"));
}

TEST_CASE("What is no list of containers is refused") {
  CHECK(decodeContainers("[]")->empty());
  for (const char* text : {"", "{}", "null", "[1]", "[{}]", "5"}) {
    CAPTURE(text);
    CHECK_FALSE(decodeContainers(text));
  }
}

TEST_CASE("Versions, information, images and digests are decoded") {
  const auto version =
      decodeVersion(R"({"Version": "20.10.24", "ApiVersion": "1.41", "MinAPIVersion": "1.12"})");
  REQUIRE(version);
  CHECK(version->version == "20.10.24");
  CHECK(version->apiVersion == "1.41");
  CHECK(version->minApiVersion == "1.12");
  CHECK(decodeVersion(R"({"ApiVersion": "1.24"})")->minApiVersion == "1.24");
  CHECK_FALSE(decodeVersion("{}"));

  const auto info =
      decodeInfo(R"({"Plugins": {"Log": ["json-file", "journald"], "Volume": ["local", "efs"]}})");
  REQUIRE(info);
  CHECK(info->loggingDrivers == std::vector<std::string>{"json-file", "journald"});
  CHECK(info->volumePlugins == std::vector<std::string>{"local", "efs"});

  CHECK(*decodeCreated(R"({"Id": "abc", "Warnings": []})") == "abc");
  CHECK_FALSE(decodeCreated(R"({"Id": ""})"));
  const auto image = decodeImage(R"({"Id": "sha256:1", "RepoDigests": ["web@sha256:2"]})");
  REQUIRE(image);
  CHECK(image->repoDigests == std::vector<std::string>{"web@sha256:2"});
  CHECK(decodeImage(R"({"Id": "sha256:1", "RepoDigests": null})")->repoDigests.empty());
  CHECK(*decodeDistribution(R"({"Descriptor": {"digest": "sha256:3"}})") == "sha256:3");
  CHECK_FALSE(decodeDistribution(R"({"Descriptor": {}})"));
}

TEST_CASE("Events and pull progress are decoded line by line") {
  const auto event = decodeEvent(
      R"({"status":"die","id":"a","Type":"container","Action":"die","Actor":{"ID":"a","Attributes":{}},"time":1})");
  REQUIRE(event);
  CHECK(event->type == "container");
  CHECK(event->action == "die");
  CHECK(event->id == "a");

  CHECK(decodePullProgress(R"({"status":"Downloading","progressDetail":{"current":1}})")->error.empty());
  CHECK(decodePullProgress(R"({"errorDetail":{"message":"manifest unknown"},"error":"x"})")->error ==
        "manifest unknown");
  CHECK(decodePullProgress(R"({"error":"denied"})")->error == "denied");
  CHECK_FALSE(decodePullProgress(R"({"errorDetail":{}})")->error.empty());
  CHECK_FALSE(decodePullProgress("rubbish"));
}

TEST_CASE("The text of an error answer is the engine's message, or else the body") {
  CHECK(errorMessage(404, R"({"message":"No such image: x"})") == "No such image: x");
  CHECK(errorMessage(404, " page not found\n") == "page not found");
  CHECK(errorMessage(500, "") == "HTTP status 500");
  CHECK(errorMessage(500, R"({"message":""})") == "HTTP status 500");
  CHECK(errorMessage(500, std::string(5000, 'x')).size() == 1024);
}

TEST_CASE("Filters and credentials are encoded") {
  CHECK(encodeFilters({{"label", {"a=b"}}, {"type", {"container"}}}) ==
        R"({"label":["a=b"],"type":["container"]})");
  CHECK(encodeRegistryAuth("u", "p", "r") ==
        "eyJwYXNzd29yZCI6InAiLCJzZXJ2ZXJhZGRyZXNzIjoiciIsInVzZXJuYW1lIjoidSJ9");
  const std::string binary = encodeRegistryAuth("u~~", "??\xff>", "r");
  CHECK(binary.find_first_of("+/") == std::string::npos);
  CHECK(binary.size() % 4 == 0);
}

TEST_CASE("Progress of a pull has the layer and its bytes") {
  const auto line = decodePullProgress(
      R"({"status":"Downloading","progressDetail":{"current":1024,"total":4096},"progress":"[=> ]","id":"4f4f"})");
  REQUIRE(line);
  CHECK(line->status == "Downloading");
  CHECK(line->id == "4f4f");
  CHECK(line->current == 1024);
  CHECK(line->total == 4096);
  CHECK(line->error.empty());
  const auto bare = decodePullProgress(R"({"status":"Waiting","progressDetail":{},"id":"4f4f"})");
  REQUIRE(bare);
  CHECK(bare->total == 0);
  CHECK_FALSE(decodePullProgress(R"({"progressDetail":{"current":"many"}})"));
}

TEST_CASE("The list of images has their names and sizes, and no names for those without") {
  const auto images = decodeImages(
      R"([{"Id":"sha256:a","RepoTags":["web:1"],"RepoDigests":["web@sha256:b"],"Size":7,"Created":100},)"
      R"({"Id":"sha256:c","RepoTags":["<none>:<none>"],"RepoDigests":["<none>@<none>"],"Size":1,"Created":0},)"
      R"({"Id":"sha256:d","RepoTags":null,"RepoDigests":null}])");
  REQUIRE(images);
  REQUIRE(images->size() == 3);
  CHECK(images->at(0).repoTags == std::vector<std::string>{"web:1"});
  CHECK(images->at(0).repoDigests == std::vector<std::string>{"web@sha256:b"});
  CHECK(images->at(0).size == 7);
  CHECK(toEpochMillis(images->at(0).created) == 100000);
  CHECK(images->at(1).repoTags.empty());
  CHECK(images->at(1).repoDigests.empty());
  CHECK(images->at(2).repoTags.empty());
  CHECK_FALSE(decodeImages(R"([{"RepoTags":[]}])"));
  CHECK_FALSE(decodeImages(R"({"message":"no"})"));
}

TEST_CASE("The list of containers has what each uses") {
  const auto containers = decodeContainers(
      R"([{"Id":"c1","Names":["/web"],"ImageID":"sha256:a","Labels":{"k":"v"},"State":"exited","Created":5,)"
      R"("SizeRw":9},{"Id":"c2","Names":null,"State":"running"}])");
  REQUIRE(containers);
  REQUIRE(containers->size() == 2);
  CHECK(containers->at(0).name == "web");
  CHECK(containers->at(0).imageId == "sha256:a");
  CHECK(containers->at(0).labels.at("k") == "v");
  CHECK(containers->at(0).state == "exited");
  CHECK(containers->at(0).sizeRw == 9);
  CHECK(containers->at(1).sizeRw == 0);
}

}  // namespace
}  // namespace berth::docker
