#include "agent/network/networks.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "agent/network/net_namespace.hpp"
#include "tests/support/loop/run_loop.hpp"
#include "tests/support/temp_dir.hpp"

namespace berth::agent::network {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A host of the test's own, as far as mounts and networks go: false without the rights for it.
bool onOwnHost() {
  static const bool kDone = ::unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 &&
                            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return kDone;
}

/// Plugins of the test's own, which write down how they were called.
class Site {
 public:
  Site() {
    folder_.write("list.conflist", R"({"cniVersion": "1.0.0", "name": "own", "plugins": [{"type": "first"},
      {"type": "second", "capabilities": {"portMappings": true}}]})");
    plugin("first", "");
    plugin("second", "");
  }
  ~Site() {
    for (const auto& entry : fs::directory_iterator(folder_.path("data/namespaces")))
      (void)removeNamespace(entry.path());
  }

  /// It runs `script`, in which $input is what it reads, and answers an address.
  void plugin(const std::string& name, const std::string& script) const {
    const std::string file = folder_.write(
        "plugins/" + name,
        "#!/bin/sh\ninput=$(cat)\necho " + name + " $CNI_COMMAND $CNI_CONTAINERID ${CNI_NETNS:+netns} >>" +
            folder_.path("calls") + "\n" + script + "\necho '{\"ips\": [{\"address\": \"10.9.8.7/24\"}]}'\n");
    fs::permissions(file, fs::perms::owner_all);
  }

  std::unique_ptr<Networks> networks() {
    NetworkOptions options;
    options.folder = folder_.path("data");
    options.plugins = folder_.path("plugins");
    options.conflist = folder_.path("list.conflist");
    options.limit = 2s;
    auto made = Networks::make(options, log);
    REQUIRE(made);
    return std::move(*made);
  }

  void run(const std::function<Async<void>()>& body) { test::runLoop(io, log, body); }

  /// What plugins were called since the last time.
  std::string calls() const {
    std::string out = fs::exists(folder_.path("calls")) ? folder_.read("calls") : "";
    fs::remove(folder_.path("calls"));
    return out;
  }
  bool hasRecord(const std::string& id) const {
    return fs::exists(folder_.path("data/attachments/" + id + ".json"));
  }
  const TempDir& folder() const { return folder_; }

  boost::asio::io_context io;
  CaptureLog log;

 private:
  TempDir folder_;
};

#define ON_OWN_HOST                                      \
  if (!onOwnHost()) {                                    \
    WARN("skipped: needs the right to make namespaces"); \
    return;                                              \
  }

PortMapping anyPort() {
  PortMapping out;
  out.containerPort = 80;
  out.bindIp = "127.0.0.1";
  return out;
}

TEST_CASE("A network is made in order, told, and undone in the reverse order") {
  ON_OWN_HOST;
  Site site;
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    const std::vector<PortMapping> ports(1, anyPort());
    const auto made = co_await networks->attach("one", ports);
    REQUIRE(made);
    CHECK(made->addresses.ipv4 == "10.9.8.7");
    CHECK(made->ports.front().hostPort != 0);
    CHECK(site.calls() == "first ADD one netns\nsecond ADD one netns\n");
    CHECK(isNamespace(networks->namespacePath("one")));
    CHECK(networks->find("one"));
    REQUIRE(co_await networks->release("one"));
    CHECK(site.calls() == "second DEL one netns\nfirst DEL one netns\n");
    CHECK_FALSE(fs::exists(networks->namespacePath("one")));
    CHECK_FALSE(networks->find("one"));
    CHECK_FALSE(site.hasRecord("one"));
    REQUIRE(co_await networks->release("one"));
    CHECK(site.calls().empty());
  });
}

TEST_CASE("What a plugin refuses is undone, and the refusal told") {
  ON_OWN_HOST;
  Site site;
  site.plugin("second", "[ $CNI_COMMAND = ADD ] && echo '{\"msg\": \"not today\"}' && exit 1");
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    const auto made = co_await networks->attach("one", none);
    REQUIRE_FALSE(made);
    CHECK(made.error().message == "CNI plugin second can't ADD: not today");
    CHECK(site.calls() ==
          "first ADD one netns\nsecond ADD one netns\nsecond DEL one netns\nfirst DEL one netns\n");
    CHECK_FALSE(site.hasRecord("one"));
    CHECK_FALSE(fs::exists(networks->namespacePath("one")));
  });
}

TEST_CASE("The intent is on disk before anything is done") {
  ON_OWN_HOST;
  Site site;
  site.plugin("first", "[ -e " + site.folder().path("data/attachments/one.json") + " ] || exit 1");
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    CHECK(co_await networks->attach("one", none));
  });
}

TEST_CASE("A plugin that hangs costs its time and no more") {
  ON_OWN_HOST;
  Site site;
  site.plugin("first", "[ $CNI_COMMAND = ADD ] && exec sleep 600");
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    const auto made = co_await networks->attach("one", none);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Code::DeadlineExceeded);
    CHECK(made.error().message.find("CNI plugin first (ADD)") != std::string::npos);
    CHECK_FALSE(site.hasRecord("one"));
  });
}

TEST_CASE("What a former run has made is known, and made anew only if it is not right any more") {
  ON_OWN_HOST;
  Site site;
  std::vector<PortMapping> ports(1, anyPort());
  uint16_t port = 0;
  {
    const auto networks = site.networks();
    site.run([&]() -> Async<void> {
      const auto made = co_await networks->attach("one", ports);
      REQUIRE(made);
      port = made->ports.front().hostPort;
    });
  }
  site.calls();
  const auto networks = site.networks();
  REQUIRE(networks->find("one"));
  CHECK(networks->find("one")->ports.front().hostPort == port);
  HeldPorts other((PortRules()));
  PortMapping same = anyPort();
  same.hostPort = port;
  CHECK_FALSE(other.take("other", {same}));
  site.run([&]() -> Async<void> {
    REQUIRE(co_await networks->attach("one", ports));
    CHECK(site.calls() == "first CHECK one netns\nsecond CHECK one netns\n");
    site.plugin("second", "[ $CNI_COMMAND = CHECK ] && exit 1");
    REQUIRE(co_await networks->attach("one", ports));
    CHECK(site.calls() ==
          "first CHECK one netns\nsecond CHECK one netns\nsecond DEL one netns\n"
          "first DEL one netns\nfirst ADD one netns\nsecond ADD one netns\n");
  });
}

TEST_CASE("What is not undone stays known and is swept, as is what belongs to nobody") {
  ON_OWN_HOST;
  Site site;
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    REQUIRE(co_await networks->attach("gone", none));
    REQUIRE(co_await networks->attach("lives", none));
    REQUIRE(co_await networks->attach("held", none));
    REQUIRE(makeNamespace(networks->namespacePath("stray")));
    site.plugin("first", "[ $CNI_COMMAND = DEL ] && exit 1");
    const Networks::Hold hold(*networks, "held");
    std::set<std::string> living = {"lives"};
    co_await networks->sweep(networks->candidates(), living);
    CHECK(site.hasRecord("gone"));
    CHECK_FALSE(networks->find("gone"));
    CHECK(networks->hasLeftovers());
    CHECK_FALSE(fs::exists(networks->namespacePath("stray")));
    site.plugin("first", "");
    site.calls();
    co_await networks->sweep(networks->candidates(), living);
    // Its namespace went at the first try.
    CHECK(site.calls() == "second DEL gone\nfirst DEL gone\n");
    CHECK_FALSE(site.hasRecord("gone"));
    CHECK_FALSE(networks->hasLeftovers());
    CHECK(networks->find("lives"));
    CHECK(networks->find("held"));
  });
}

TEST_CASE("A network that was made anew is not taken for the one that was looked at") {
  ON_OWN_HOST;
  Site site;
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    REQUIRE(co_await networks->attach("one", none));
    const uint64_t before = networks->stamp("one");
    const auto candidates = networks->candidates();
    REQUIRE(co_await networks->attach("one", none));
    REQUIRE(co_await networks->release("one", before));
    std::set<std::string> nobody;
    co_await networks->sweep(candidates, nobody);
    CHECK(networks->find("one"));
    REQUIRE(co_await networks->release("one", networks->stamp("one")));
    CHECK_FALSE(networks->find("one"));
  });
}

TEST_CASE("A damaged record costs that record") {
  ON_OWN_HOST;
  Site site;
  site.folder().write("data/attachments/one.json", "{");
  const auto networks = site.networks();
  CHECK_FALSE(networks->find("one"));
  site.run([&]() -> Async<void> {
    std::set<std::string> nobody;
    co_await networks->sweep(networks->candidates(), nobody);
  });
  CHECK(site.calls() == "second DEL one\nfirst DEL one\n");
  CHECK_FALSE(site.hasRecord("one"));
}

TEST_CASE("A plugin that is not there is said before anything is done") {
  ON_OWN_HOST;
  Site site;
  fs::remove(site.folder().path("plugins/second"));
  const auto networks = site.networks();
  site.run([&]() -> Async<void> {
    std::vector<PortMapping> none;
    const auto made = co_await networks->attach("one", none);
    REQUIRE_FALSE(made);
    CHECK(made.error().message.find("install the package containernetworking-plugins") != std::string::npos);
    CHECK_FALSE(site.hasRecord("one"));
    CHECK(site.calls().empty());
  });
}

TEST_CASE("A list that can't be read is an error with its name") {
  CaptureLog log;
  NetworkOptions options;
  const TempDir folder;
  options.folder = folder.path("data");
  options.conflist = folder.path("none");
  const auto made = Networks::make(options, log);
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find(options.conflist) != std::string::npos);
}

}  // namespace
}  // namespace berth::agent::network
