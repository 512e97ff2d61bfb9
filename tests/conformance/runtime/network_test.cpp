#include "tests/conformance/runtime/bench.hpp"

namespace berth::conformance {
namespace {

using namespace std::chrono_literals;

/// The image has few of busybox's names.
constexpr const char* kTools = "busybox --install -s /bin; ";

/// A container that answers HTTP with its name on port 8080.
agent::ContainerSpec answering(Bench& bench) {
  auto spec = bench.shell("");
  spec.command = {"/bin/sh", "-c",
                  std::string(kTools) + "mkdir -p /pages && echo " + spec.name +
                      " > /pages/index.html && exec httpd -f -p 8080 -h /pages"};
  spec.networkMode = "bridge";
  return spec;
}

/// Ends with 0 once the page is `text`, or with 1 after some minutes. A call of an address that nobody has
/// any more may hang for as long as TCP tries.
std::string fetching(const std::string& url, const std::string& text) {
  return "for i in $(seq 60); do [ \"$(timeout 2 wget -q -O - http://" + url + "/)\" = " + text +
         " ] && exit 0; sleep 0.5; done; exit 1";
}

agent::ContainerSpec onBridge(Bench& bench, const std::string& script) {
  auto spec = bench.telling(kTools + script);
  spec.networkMode = "bridge";
  return spec;
}

/// What is answered there, once somebody does; empty after a minute.
std::string pageAt(Bench& bench, const std::string& address) {
  const MonoTime deadline = bench.now() + 60s;
  while (bench.now() < deadline) {
    http::Call call;
    call.request.url = "http://" + address + "/";
    const auto answer = bench.attempt(std::move(call));
    if (answer && answer->status == 200) return answer->body;
    bench.runFor(100ms);
  }
  return "";
}

TEST_CASE("Containers on the bridge reach each other by the addresses that are told", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto spec = answering(bench);
  const auto server = bench.run(spec);
  REQUIRE(server.networks.size() == 1);
  const agent::NetworkAddress& address = server.networks.front();
  CHECK(address.network == "bridge");
  CHECK_FALSE(address.mac.empty());
  const auto client = bench.run(onBridge(bench, fetching(address.ipv4 + ":8080", spec.name)));
  CHECK(client.networks.front().ipv4 != address.ipv4);
  CHECK(bench.untilExited(client.id).exitCode == 0);
  // What has ended has no address.
  CHECK(bench.untilExited(client.id).networks.front().ipv4.empty());
  CHECK((*bench.inspect(server.id))->networks == server.networks);
}

TEST_CASE("A container on the bridge has an interface, a default route and its name in its hosts file",
          "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = onBridge(bench,
                       "[ \"$(hostname)\" = somewhere ] || exit 1;"
                       "own=$(ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1);"
                       "[ -n \"$own\" ] || exit 2;"
                       "grep -q \"^$own[[:space:]]*somewhere$\" /etc/hosts || exit 3;"
                       "ip route | grep -q '^default via .* dev eth0' || exit 4;"
                       "ping -c 1 -W 2 localhost || exit 5;"
                       "grep -q '^10.1.2.3[[:space:]]*elsewhere$' /etc/hosts || exit 6;"
                       "grep -q '^nameserver 10.1.2.4$' /etc/resolv.conf || exit 7;"
                       "exit 42");
  spec.dockerConfig = R"({"Hostname": "somewhere"})";
  spec.dockerHostConfig = R"({"ExtraHosts": ["elsewhere:10.1.2.3"], "Dns": ["10.1.2.4"]})";
  CHECK(bench.untilExited(bench.run(spec).id).exitCode == 42);
}

TEST_CASE("A link names another container, also when that has started anew", "[docker][port]") {
  BERTH_BENCH(bench);
  const auto spec = answering(bench);
  const auto server = bench.run(spec);
  auto linking = onBridge(bench, fetching("front:8080", spec.name));
  linking.links = {spec.name + ":front"};
  CHECK(bench.untilExited(bench.run(linking).id).exitCode == 0);

  // It sees the page, then none, then the page again.
  const std::string page = "[ \"$(timeout 2 wget -q -O - http://front:8080/)\" = " + spec.name + " ]";
  auto lasting =
      onBridge(bench, "until " + page + "; do sleep 0.1; done; echo > /said/seen; while " + page +
                          "; do sleep 0.1; done; echo > /said/gone; " + fetching("front:8080", spec.name));
  lasting.links = linking.links;
  const auto client = bench.run(lasting);
  REQUIRE(bench.untilSaid("seen"));
  REQUIRE(bench.stop(server.id, 0s));
  REQUIRE(bench.untilSaid("gone"));
  // Its address goes to somebody else meanwhile.
  bench.run(onBridge(bench, "exec sleep 600"));
  REQUIRE(bench.start(server.id));
  CHECK(bench.untilExited(client.id).exitCode == 0);

  REQUIRE(bench.stop(server.id, 0s));
  auto late = onBridge(bench, "exit 0");
  late.links = linking.links;
  const auto id = bench.create(late);
  REQUIRE(id);
  CHECK_FALSE(bench.start(*id));
}

TEST_CASE("A published port leads into its container and is nobody else's until that has ended",
          "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = answering(bench);
  spec.ports = {{8080, 0, "tcp", ""}};
  const auto first = bench.run(spec);
  REQUIRE_FALSE(first.ports.empty());
  const uint16_t port = first.ports.front().hostPort;
  CHECK(pageAt(bench, "127.0.0.1:" + std::to_string(port)) == spec.name + "\n");

  auto same = answering(bench);
  same.ports = {{8080, port, "tcp", ""}};
  const auto second = bench.create(same);
  REQUIRE(second);
  const auto refused = bench.start(*second);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("port is already allocated") != std::string::npos);
  CHECK((*bench.inspect(*second))->state != agent::RunState::Running);

  REQUIRE(bench.stop(first.id, 0s));
  CHECK((*bench.inspect(first.id))->ports.empty());
  const auto started = bench.start(*second);
  REQUIRE(started);
  CHECK(started->ports.front().hostPort == port);
  CHECK(pageAt(bench, "127.0.0.1:" + std::to_string(port)) == same.name + "\n");
}

TEST_CASE("Each port of a row is published as its own", "[docker][port]") {
  BERTH_BENCH(bench);
  auto spec = onBridge(bench, "exec sleep 600");
  for (uint16_t i = 0; i < 4; ++i)
    spec.ports.push_back({static_cast<uint16_t>(7000 + i), 0, "udp", "127.0.0.1"});
  const auto container = bench.run(spec);
  std::set<uint16_t> inside;
  std::set<uint16_t> outside;
  for (const agent::PortMapping& port : container.ports) {
    inside.insert(port.containerPort);
    outside.insert(port.hostPort);
    CHECK(port.bindIp == "127.0.0.1");
  }
  CHECK(inside == std::set<uint16_t>{7000, 7001, 7002, 7003});
  CHECK(outside.size() == 4);
}

}  // namespace
}  // namespace berth::conformance
