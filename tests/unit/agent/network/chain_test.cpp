#include "agent/network/chain.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/network/forwarding.hpp"

namespace berth::agent::network {
namespace {

using nlohmann::json;

constexpr const char* kList = R"({"cniVersion": "0.4.0", "name": "own", "plugins": [
  {"type": "ptp", "mtu": 1400}, {"type": "portmap", "capabilities": {"portMappings": true}}]})";

std::vector<PortMapping> onePort() {
  PortMapping port;
  port.containerPort = 80;
  port.hostPort = 8080;
  port.bindIp = "0.0.0.0";
  return {port};
}

TEST_CASE("A list of plugins is read as it is") {
  const auto chain = parseChain(kList, "the file");
  REQUIRE(chain);
  CHECK(chain->name == "own");
  CHECK(chain->checks);
  REQUIRE(chain->plugins.size() == 2);
  CHECK(chain->plugins[0].type == "ptp");
  CHECK_FALSE(chain->plugins[0].mapsPorts);
  CHECK(chain->plugins[1].mapsPorts);
}

TEST_CASE("What is no list of plugins is refused with its file and the rule") {
  struct Row {
    const char* text;
    const char* said;
  };
  const Row row = GENERATE(
      Row{"[]", "the file"}, Row{R"({"cniVersion": "1.0.0", "name": "a", "plugins": []})", "plugins"},
      Row{R"({"cniVersion": "0.2.0", "name": "a", "plugins": [{"type": "b"}]})", "0.3.0"},
      Row{R"({"cniVersion": "1.0.0", "plugins": [{"type": "b"}]})", "name"},
      Row{R"({"cniVersion": "1.0.0", "name": "a", "plugins": [{"mtu": 3}]})", "type"},
      Row{R"({"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "../b"}]})", "without a folder"},
      Row{R"({"cniVersion": "1.0.0", "name": "a", "plugins": [7]})", "plugins[0]"});
  const auto chain = parseChain(row.text, "the file");
  INFO(row.text);
  REQUIRE_FALSE(chain);
  CHECK(chain.error().code == Code::InvalidArgument);
  CHECK(chain.error().message.find(row.said) != std::string::npos);
}

TEST_CASE("CHECK is asked for only where there is one") {
  CHECK_FALSE(parseChain(R"({"cniVersion": "0.3.1", "name": "a", "plugins": [{"type": "b"}]})", "")->checks);
  CHECK_FALSE(
      parseChain(R"({"cniVersion": "1.0.0", "name": "a", "disableCheck": true, "plugins": [{"type": "b"}]})",
                 "")
          ->checks);
}

TEST_CASE("A plugin is told its network, its ports and what came before it") {
  const auto chain = parseChain(kList, "");
  REQUIRE(chain);
  const json first = json::parse(pluginInput(*chain, chain->plugins[0], onePort(), ""));
  CHECK(first == json({{"cniVersion", "0.4.0"}, {"name", "own"}, {"type", "ptp"}, {"mtu", 1400}}));
  const json second = json::parse(pluginInput(*chain, chain->plugins[1], onePort(), R"({"ips": []})"));
  CHECK(second["prevResult"] == json::parse(R"({"ips": []})"));
  CHECK(second["runtimeConfig"] ==
        json::parse(R"({"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]})"));
  CHECK_FALSE(second.contains("capabilities"));
}

TEST_CASE("A host address is told where it is not all of them") {
  const auto chain = parseChain(kList, "");
  auto ports = onePort();
  ports[0].bindIp = "127.0.0.1";
  const json input = json::parse(pluginInput(*chain, chain->plugins[1], ports, ""));
  CHECK(input["runtimeConfig"]["portMappings"][0]["hostIP"] == "127.0.0.1");
}

TEST_CASE("The plugin of published ports is left out where there are none") {
  const auto chain = parseChain(kList, "");
  CHECK(isNeeded(chain->plugins[0], {}));
  CHECK_FALSE(isNeeded(chain->plugins[1], {}));
  CHECK(isNeeded(chain->plugins[1], onePort()));
}

TEST_CASE("The agent's own list is one of its kind, with the given network") {
  const auto chain = parseChain(bridgeChain("10.7.0.0/16", "/somewhere"), "");
  REQUIRE(chain);
  CHECK(chain->name == kChainName);
  const json bridge = json::parse(chain->plugins.front().config);
  CHECK(bridge["bridge"] == kBridge);
  CHECK(bridge["ipam"]["ranges"][0][0]["subnet"] == "10.7.0.0/16");
  CHECK(bridge["ipam"]["dataDir"] == "/somewhere");
  CHECK(chain->plugins.back().mapsPorts);
}

TEST_CASE("Of a result the container's own addresses count") {
  const auto found = addressesOf(R"({"cniVersion": "1.0.0",
    "interfaces": [{"name": "berth0", "mac": "02:00:00:00:00:01"},
                   {"name": "eth0", "mac": "02:00:00:00:00:02", "sandbox": "/n"}],
    "ips": [{"address": "10.0.0.1/24", "interface": 0}, {"address": "10.0.0.9/24", "interface": 1},
            {"address": "fd00::9/64", "interface": 1}]})");
  REQUIRE(found);
  CHECK(found->ipv4 == "10.0.0.9");
  CHECK(found->ipv6 == "fd00::9");
  CHECK(found->mac == "02:00:00:00:00:02");
}

TEST_CASE("A result that is none, or gives no address, is an error") {
  CHECK(addressesOf("").error().code == Code::InvalidArgument);
  CHECK(addressesOf(R"({"ips": [7]})").error().code == Code::InvalidArgument);
  CHECK(addressesOf(R"({"ips": [{"address": 7}]})").error().code == Code::InvalidArgument);
  CHECK(addressesOf(R"({"ips": []})").error().code == Code::FailedPrecondition);
}

TEST_CASE("A plugin's failure is told in its own words") {
  const Error said =
      pluginFailure("bridge", "ADD", 1, R"({"code": 11, "msg": "no such bridge", "details": "x"})", "");
  CHECK(said.message == "CNI plugin bridge can't ADD: no such bridge; x");
  CHECK(pluginFailure("bridge", "DEL", 1, "", "panic\n").message == "CNI plugin bridge can't DEL: panic");
  CHECK(pluginFailure("bridge", "DEL", 3, "", "").message == "CNI plugin bridge can't DEL: exit code 3");
  const Error full = pluginFailure(
      "bridge", "ADD", 1, R"({"msg": "failed to allocate: no IP addresses available in range set"})", "");
  CHECK(full.code == Code::ResourceExhausted);
}

TEST_CASE("The packet filter lets containers out under the host's address, and what they asked for in") {
  const std::string rules = forwardingRules({{"berth0", "10.7.0.0/16"}, {"berth1", "10.8.0.0/16", true}});
  const auto at = [&](const std::string& line) { return rules.find(line); };
  CHECK(at("-o berth0 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT") != std::string::npos);
  CHECK(at("-s 10.7.0.0/16 -j MASQUERADE") != std::string::npos);
  CHECK(at("-d 10.8.0.0/16 -j RETURN") < at("-s 10.7.0.0/16 -j MASQUERADE"));
  CHECK(at("-i berth1 -d 169.254.169.254/32 -j REJECT") < at("-i berth1 -j ACCEPT"));
  CHECK(at("-i berth0 -d 169.254.169.254/32") == std::string::npos);
}

}  // namespace
}  // namespace berth::agent::network
