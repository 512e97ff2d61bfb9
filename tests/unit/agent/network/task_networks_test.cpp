#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <filesystem>

#include "agent/network/net_namespace.hpp"
#include "agent/network/networks.hpp"
#include "agent/network/task_link.hpp"
#include "common/files/own_fd.hpp"
#include "common/time/clock.hpp"
#include "tests/support/loop/run_loop.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent::network {
namespace {

namespace fs = std::filesystem;

/// A host of the test's own, as far as mounts and networks go: false without the rights for it.
bool onHostOfItsOwn() {
  static const bool kDone = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return kDone;
}

#define NEEDS_A_HOST             \
  if (!onHostOfItsOwn()) {       \
    WARN("needs root: not run"); \
    return;                      \
  }

const std::string kOne = "0123456789abcdef0123456789abcdef";
const std::string kOther = "0123456789abcdef0123456789abcdee";

class Tasks {
 public:
  ~Tasks() {
    for (const auto& entry : fs::directory_iterator(folder_.path("data/namespaces")))
      (void)removeTaskLink(entry.path().filename(), entry.path());
  }

  std::unique_ptr<Networks> networks(const std::string& conflist = "") {
    NetworkOptions options;
    options.folder = folder_.path("data");
    options.plugins = folder_.path("plugins");
    options.taskSubnet = "10.191.0.0/29";
    options.taskConflist = conflist;
    auto made = Networks::make(options, log);
    REQUIRE(made);
    return std::move(*made);
  }
  void run(const std::function<Async<void>()>& body) { test::runLoop(io, log, body); }
  const TempDir& folder() const { return folder_; }

  boost::asio::io_context io;
  CaptureLog log;

 private:
  TempDir folder_;
};

/// The fault that a datagram from within the namespace meets; 0: none.
int sendFault(const std::string& path, const char* address) {
  int fault = 0;
  REQUIRE(inNamespace(path, [&] {
    const OwnFd fd(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(9);
    ::inet_pton(AF_INET, address, &to.sin_addr);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fault = errno;
    return Status();
  }));
  return fault;
}

TEST_CASE("Addresses of tasks are given out in turn, and an address that a task had is its again") {
  auto pool = AddressPool::parse("10.191.0.0/29");
  REQUIRE(pool);
  CHECK(formatIpv4(pool->gateway()) == "10.191.0.1");
  const uint32_t base = pool->gateway() - 1;
  CHECK(pool->choose({}) == base + 2);
  CHECK(pool->choose({}) == base + 3);
  CHECK(pool->choose({base + 4, base + 5}) == base + 6);
  CHECK(pool->choose({}) == base + 2);
  CHECK(pool->choose({}, base + 6) == base + 6);
  CHECK(pool->choose({base + 6}, base + 6) == base + 3);
  CHECK(pool->choose({}, base + 1) != base + 1);
  CHECK(!pool->choose({base + 2, base + 3, base + 4, base + 5, base + 6}));
  for (const char* wrong :
       {"10.191.0.1/29", "10.191.0.0", "10.191.0.0/30", "10.191.0/24", "10.191.0.0/7", "::/64"})
    CHECK_FALSE(AddressPool::parse(wrong));
}

TEST_CASE("What a task is given is told as a CNI plugin would") {
  TaskLink link;
  link.address = *parseIpv4("10.191.3.5");
  link.gateway = *parseIpv4("10.191.0.1");
  link.bits = 20;
  const auto told = addressesOf(resultOf(link, "/somewhere"));
  REQUIRE(told);
  CHECK(told->ipv4 == "10.191.3.5");
  CHECK(told->mac == "0a:58:0a:bf:03:05");
  CHECK(told->subnet == "10.191.0.0/20");
  CHECK(told->gateway == "10.191.0.1");
  const auto named = addressesOf(R"({"ips": [{"address": "10.9.8.7/24"}],
      "dns": {"nameservers": ["10.9.8.1"], "search": ["a.example"]}})");
  REQUIRE(named);
  CHECK(named->nameServers == std::vector<std::string>{"10.9.8.1"});
  CHECK(named->searchDomains == std::vector<std::string>{"a.example"});
}

TEST_CASE("A task has a card with an address, a way out, and none to the instance's metadata") {
  NEEDS_A_HOST
  Tasks site;
  site.run([&]() -> Async<void> {
    const auto networks = site.networks();
    const auto one = co_await networks->attachTask(kOne);
    REQUIRE(one);
    CHECK(one->addresses.ipv4 == "10.191.0.2");
    const std::string path = networks->namespacePath(kOne);
    CHECK(isTaskLinked(kOne, path));
    CHECK(sendFault(path, "10.191.0.1") == 0);
    CHECK(sendFault(path, "192.0.2.1") == 0);
    CHECK(sendFault(path, "169.254.169.254") == EHOSTUNREACH);
    const auto again = co_await networks->attachTask(kOne);
    REQUIRE(again);
    CHECK(again->addresses.ipv4 == one->addresses.ipv4);
    const auto other = co_await networks->attachTask(kOther);
    REQUIRE(other);
    CHECK(other->addresses.ipv4 == "10.191.0.3");
    CHECK((co_await networks->release(kOne)).ok());
    CHECK(::if_nametoindex(cableName(kOne).c_str()) == 0);
    CHECK_FALSE(fs::exists(path));
    CHECK((co_await networks->release(kOther)).ok());
    CHECK(fs::is_empty(site.folder().path("data/attachments")));
    networks->close();
  });
}

TEST_CASE("A task's network outlives the agent, is swept when nobody claims it, and made again as it was") {
  NEEDS_A_HOST
  Tasks site;
  site.run([&]() -> Async<void> {
    auto networks = site.networks();
    CHECK((co_await networks->attachTask(kOne)).ok());
    CHECK((co_await networks->attachTask(kOther)).ok());
    CHECK(networks->candidates().empty());
    CHECK_FALSE(networks->hasLeftovers());
    networks->close();

    networks = site.networks();
    REQUIRE(networks->find(kOther));
    CHECK(networks->find(kOther)->addresses.ipv4 == "10.191.0.3");
    CHECK(networks->isTask(kOther));
    CHECK(networks->hasLeftovers());
    CHECK((co_await networks->attachTask(kOther)).ok());
    co_await networks->sweep(networks->candidates(), {});
    CHECK_FALSE(networks->find(kOne));
    CHECK(networks->find(kOther));
    CHECK(isTaskLinked(kOther, networks->namespacePath(kOther)));

    // As a host leaves it that has restarted.
    REQUIRE(removeTaskLink(kOther, networks->namespacePath(kOther)));
    const auto anew = co_await networks->attachTask(kOther);
    REQUIRE(anew);
    CHECK(anew->addresses.ipv4 == "10.191.0.3");
    CHECK(isTaskLinked(kOther, networks->namespacePath(kOther)));
    CHECK((co_await networks->release(kOther)).ok());
    networks->close();
  });
}

TEST_CASE("Where all addresses are taken, a task is told so and takes nothing") {
  NEEDS_A_HOST
  Tasks site;
  site.run([&]() -> Async<void> {
    const auto networks = site.networks();
    for (int i = 0; i < 5; ++i) CHECK((co_await networks->attachTask("task" + std::to_string(i))).ok());
    const auto none = co_await networks->attachTask(kOne);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Code::ResourceExhausted);
    CHECK(none.error().message ==
          "network.task_subnet 10.191.0.0/29 has no free address left: 5 tasks have them");
    CHECK_FALSE(networks->find(kOne));
    for (int i = 0; i < 5; ++i) CHECK((co_await networks->release("task" + std::to_string(i))).ok());
    networks->close();
  });
}

TEST_CASE("Tasks join a network of the user's own plugins, without a way to the instance's metadata") {
  NEEDS_A_HOST
  Tasks site;
  const std::string file = site.folder().write(
      "plugins/own", "#!/bin/sh\necho $CNI_COMMAND $CNI_CONTAINERID >>" + site.folder().path("calls") +
                         "\necho '{\"ips\": [{\"address\": \"10.9.8.7/24\"}]}'\n");
  fs::permissions(file, fs::perms::owner_all);
  const std::string list = site.folder().write(
      "own.conflist", R"({"cniVersion": "1.0.0", "name": "own", "plugins": [{"type": "own"}]})");
  site.run([&]() -> Async<void> {
    const auto networks = site.networks(list);
    const auto one = co_await networks->attachTask(kOne);
    REQUIRE(one);
    CHECK(one->addresses.ipv4 == "10.9.8.7");
    CHECK(one->addresses.subnet == "10.9.8.0/24");
    CHECK(sendFault(networks->namespacePath(kOne), "169.254.169.254") == EHOSTUNREACH);
    CHECK((co_await networks->release(kOne)).ok());
    CHECK(site.folder().read("calls") == "ADD " + kOne + "\nDEL " + kOne + "\n");
    networks->close();
  });
}

TEST_CASE("What an address for a task costs is told", "[.bench]") {
  NEEDS_A_HOST
  Tasks site;
  site.run([&]() -> Async<void> {
    const auto networks = site.networks();
    CHECK((co_await networks->attachTask(kOther)).ok());
    for (int i = 0; i < 20; ++i) {
      const auto began = SystemClock().now().mono;
      CHECK((co_await networks->attachTask(kOne)).ok());
      const auto made = SystemClock().now().mono;
      CHECK((co_await networks->release(kOne)).ok());
      const auto gone = SystemClock().now().mono;
      const double attach = std::chrono::duration<double, std::milli>(made - began).count();
      const double release = std::chrono::duration<double, std::milli>(gone - made).count();
      WARN("attach " << attach << " ms, release " << release << " ms");
    }
    CHECK((co_await networks->release(kOther)).ok());
    networks->close();
  });
}

}  // namespace
}  // namespace berth::agent::network
