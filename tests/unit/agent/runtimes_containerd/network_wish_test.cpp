#include "agent/runtimes/containerd/container_wish.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/runtimes/containerd/oci_spec.hpp"
#include "agent/runtimes/containerd/records.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

Result<ContainerWish> wishWith(const std::string& hostConfig) {
  return decodeWish(R"({"Image": "a", "HostConfig": )" + hostConfig + "}");
}

PortMapping port(uint16_t container, uint16_t host, const std::string& protocol, const std::string& address) {
  PortMapping out;
  out.containerPort = container;
  out.hostPort = host;
  out.protocol = protocol;
  out.bindIp = address;
  return out;
}

TEST_CASE("A container is on the bridge where nothing else is said") {
  CHECK(wishWith("{}")->networkMode == "bridge");
  CHECK(wishWith(R"({"NetworkMode": "default"})")->networkMode == "bridge");
}

TEST_CASE("Published ports are taken as Docker says them") {
  const auto wish = wishWith(R"({"PortBindings": {
    "80/tcp": [{"HostIp": "", "HostPort": ""}, {"HostIp": "127.0.0.1", "HostPort": "8080"}],
    "81": [{"HostPort": "0"}], "53/udp": [{"HostPort": "5353"}], "99/tcp": []}})");
  REQUIRE(wish);
  CHECK(wish->ports == std::vector{port(53, 5353, "udp", ""), port(80, 0, "tcp", ""),
                                   port(80, 8080, "tcp", "127.0.0.1"), port(81, 0, "tcp", "")});
}

TEST_CASE("Nothing is published on the host's network or on none") {
  CHECK(
      wishWith(R"({"NetworkMode": "host", "PortBindings": {"80/tcp": [{"HostPort": "1"}]}})")->ports.empty());
  const auto without = decodeWish(
      R"({"NetworkDisabled": true, "HostConfig": {"PortBindings": {"80/tcp": [{}]}, "Links": ["a"]}})");
  REQUIRE(without);
  CHECK(without->networkMode == "none");
  CHECK(without->ports.empty());
  CHECK(without->links.empty());
}

TEST_CASE("A port that is none is an invalid argument with its text") {
  for (const char* text : {R"({"PortBindings": {"http/tcp": [{}]}})", R"({"PortBindings": {"0/tcp": [{}]}})",
                           R"({"PortBindings": {"80/tcp": [{"HostPort": "8000-9000"}]}})",
                           R"({"PortBindings": {"80/tcp": [7]}})"}) {
    const auto wish = wishWith(text);
    INFO(text);
    REQUIRE_FALSE(wish);
    CHECK(wish.error().code == Code::InvalidArgument);
    CHECK(wish.error().message.find("PortBindings") != std::string::npos);
  }
}

TEST_CASE("Links name a container and its alias, in each of Docker's forms") {
  const auto wish = wishWith(R"({"Links": ["db", "db:store", "/db:/web/store"]})");
  REQUIRE(wish);
  CHECK(wish->links == std::vector<std::string>{"db:db", "db:store", "db:store"});
}

TEST_CASE("A container on the bridge joins the namespace that is kept for it") {
  SpecSite site;
  site.id = "one";
  site.networkNamespace = "/kept/one";
  ImageDefaults image;
  image.command = {"run"};
  const auto network = [&](const std::string& mode) {
    const auto wish = wishWith(R"({"NetworkMode": ")" + mode + "\"}");
    const json spec = json::parse(*ociSpec(*wish, image, site));
    for (const json& one : spec["linux"]["namespaces"]) {
      if (one["type"] == "network") return one;
    }
    return json();
  };
  CHECK(network("bridge") == json({{"type", "network"}, {"path", "/kept/one"}}));
  CHECK(network("host") == json());
  site.networkNamespace.clear();
  CHECK(network("none") == json({{"type", "network"}}));
}

TEST_CASE("What a container is to have of a network is kept in its record") {
  ContainerRecord record;
  record.name = "web";
  record.network = KeptNetwork{"bridge", "host-1", {port(80, 0, "udp", "127.0.0.1")}, {"db:store"}};
  const auto read = decodeRecord(encodeRecord(record));
  REQUIRE(read);
  CHECK(read->network.mode == "bridge");
  CHECK(read->network.hostname == "host-1");
  CHECK(read->network.ports == record.network.ports);
  CHECK(read->network.links == record.network.links);
}

}  // namespace
}  // namespace berth::agent::containerd
