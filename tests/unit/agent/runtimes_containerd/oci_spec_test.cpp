#include "agent/runtimes/containerd/oci_spec.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/runtimes/docker/translate.hpp"

#include "agent/runtimes/containerd/health_track.hpp"
#include "agent/runtimes/containerd/records.hpp"

namespace berth::agent::containerd {
namespace {

using nlohmann::json;

SpecSite site() {
  SpecSite out;
  out.id = "abc";
  out.hostname = "box";
  out.machine = "x86_64";
  out.limitsSwap = true;
  return out;
}

Result<ContainerWish> wishOf(const std::string& config, const std::string& host) {
  ContainerSpec spec;
  spec.name = "web";
  spec.image = "web:1";
  spec.networkMode = "none";
  spec.command = {"run"};
  spec.dockerConfig = config;
  spec.dockerHostConfig = host;
  const auto body = toCreateBody(spec);
  REQUIRE(body);
  return decodeWish(*docker::encodeCreateBody(*body));
}

json specOf(const std::string& config, const std::string& host, const SpecSite& at = site()) {
  const auto wish = wishOf(config, host);
  INFO((wish ? "" : wish.error().message));
  REQUIRE(wish);
  const auto spec = ociSpec(*wish, ImageDefaults(), at);
  INFO((spec ? "" : spec.error().message));
  REQUIRE(spec);
  return json::parse(*spec);
}

std::set<std::string> namespaces(const json& spec) {
  std::set<std::string> out;
  for (const json& one : spec["linux"]["namespaces"]) out.insert(one["type"]);
  return out;
}

json mountAt(const json& spec, const std::string& place) {
  for (const json& one : spec["mounts"]) {
    if (one["destination"] == place) return one;
  }
  return nullptr;
}

TEST_CASE("Each member of Docker's configuration has its place in the OCI specification") {
  struct Row {
    const char* config;
    const char* host;
    const char* pointer;
    const char* expected;
  };
  const Row row = GENERATE(
      Row{R"({"WorkingDir": "/srv"})", "", "/process/cwd", R"("/srv")"},
      Row{"", "", "/process/cwd", R"("/")"}, Row{"", "", "/process/args", R"(["run"])"},
      Row{R"({"Entrypoint": ["sh"]})", "", "/process/args", R"(["sh","run"])"},
      Row{"", R"({"ReadonlyRootfs": true})", "/root/readonly", "true"},
      Row{"", R"({"Memory": 8388608})", "/linux/resources/memory/limit", "8388608"},
      Row{"", R"({"Memory": 8388608})", "/linux/resources/memory/swap", "16777216"},
      Row{"", R"({"Memory": 8388608, "MemorySwap": 8388608})", "/linux/resources/memory/swap", "8388608"},
      Row{"", R"({"MemorySwap": -1})", "/linux/resources/memory/swap", "-1"},
      Row{"", R"({"MemoryReservation": 4194304})", "/linux/resources/memory/reservation", "4194304"},
      Row{"", R"({"MemorySwappiness": 0})", "/linux/resources/memory/swappiness", "0"},
      Row{"", R"({"CpuShares": 512})", "/linux/resources/cpu/shares", "512"},
      Row{"", R"({"NanoCpus": 500000000})", "/linux/resources/cpu/quota", "50000"},
      Row{"", R"({"CpusetCpus": "0-1"})", "/linux/resources/cpu/cpus", R"("0-1")"},
      Row{"", R"({"PidsLimit": 7})", "/linux/resources/pids/limit", "7"},
      Row{"", R"({"Sysctls": {"net.core.somaxconn": "9"}})", "/linux/sysctl",
          R"({"net.core.somaxconn":"9"})"},
      Row{"", R"({"Ulimits": [{"Name": "nofile", "Soft": 5, "Hard": 6}]})", "/process/rlimits",
          R"([{"type":"RLIMIT_NOFILE","soft":5,"hard":6}])"},
      Row{"", R"({"Ulimits": [{"Name": "core", "Soft": -1, "Hard": -1}]})", "/process/rlimits/0/hard",
          "18446744073709551615"},
      Row{"", R"({"SecurityOpt": ["no-new-privileges"]})", "/process/noNewPrivileges", "true"},
      Row{"", R"({"SecurityOpt": ["apparmor:quay"]})", "/process/apparmorProfile", R"("quay")"},
      Row{"", R"({"SecurityOpt": ["apparmor=quay"]})", "/process/apparmorProfile", R"("quay")"},
      Row{R"({"Tty": true})", "", "/process/terminal", "true"}, Row{"", "", "/process/terminal", "false"},
      Row{"", R"({"Init": true})", "/process/args", R"(["/sbin/docker-init","--","run"])"},
      Row{"", R"({"OomScoreAdj": -5})", "/process/oomScoreAdj", "-5"},
      Row{"", R"({"CapDrop": ["ALL"], "CapAdd": ["net_admin"]})", "/process/capabilities/bounding",
          R"(["CAP_NET_ADMIN"])"},
      Row{R"({"Hostname": "x"})", "", "/hostname", R"("box")"},
      Row{"", "", "/linux/cgroupsPath", R"("/berth/abc")"},
      Row{"", R"({"CgroupParent": "/ecs/t"})", "/linux/cgroupsPath", R"("/ecs/t/abc")"});
  const json spec = specOf(row.config, row.host);
  INFO(row.pointer << " of " << spec.dump());
  REQUIRE(spec.contains(json::json_pointer(row.pointer)));
  CHECK(spec.at(json::json_pointer(row.pointer)) == json::parse(row.expected));
}

TEST_CASE("What can't be done is refused by its name") {
  struct Row {
    const char* config;
    const char* host;
    const char* name;
  };
  const Row row = GENERATE(
      Row{"", R"({"NetworkMode": "container:x"})", "network mode container:x"},
      Row{"", R"({"PidMode": "container:x", "IpcMode": "container:y"})", "of two containers"},
      Row{"", R"({"PidMode": "odd"})", "pidMode odd"}, Row{"", R"({"IpcMode": "odd"})", "ipcMode odd"},
      Row{"", R"({"LogConfig": {"Type": "splunk"}})", "log driver splunk"},
      Row{"", R"({"LogConfig": {"Type": "json-file", "Config": {"tag": "x"}}})", "log option tag"},
      Row{"", R"({"LogConfig": {"Type": "syslog", "Config": {"syslog-tls-cert": "x"}}})", "syslog-tls-cert"},
      Row{"", R"({"SecurityOpt": ["seccomp={}"]})", "security option seccomp={}"},
      Row{"", R"({"NetworkMode": "host", "Links": ["a:b"]})", "link a:b"},
      Row{"", R"({"MaskedPaths": []})", "MaskedPaths"}, Row{"", R"({"Runtime": "nvidia"})", "GPUs"},
      Row{"", R"({"Binds": ["/a:/b:shared"]})", "option shared"});
  const auto wish = wishOf(row.config, row.host);
  REQUIRE_FALSE(wish);
  CHECK(wish.error().code == Code::Unimplemented);
  CHECK(wish.error().message.find(row.name) != std::string::npos);
  CHECK(wish.error().message.find("containerd runtime") != std::string::npos);
}

TEST_CASE("How much is kept of the output is as with Docker, but never without a bound") {
  struct Row {
    const char* options;
    int64_t bytes;
    int64_t files;
  };
  const Row row =
      GENERATE(Row{"{}", 10'000'000, 3}, Row{R"({"max-size": "500k"})", 500'000, 1},
               Row{R"({"max-size": "1g", "max-file": "7"})", 1'000'000'000, 7},
               Row{R"({"max-size": "2MB", "mode": "non-blocking", "max-buffer-size": "10m"})", 2'000'000, 1},
               Row{R"({"max-size": "4096"})", 4096, 1}, Row{R"({"max-file": "5"})", 10'000'000, 5});
  const auto wish =
      wishOf("", std::string(R"({"LogConfig": {"Type": "json-file", "Config": )") + row.options + "}}");
  REQUIRE(wish);
  CHECK(wish->log == LogLimits{row.bytes, row.files});
  for (const char* wrong :
       {R"({"max-size": "0"})", R"({"max-size": "ten"})", R"({"max-size": ""})", R"({"max-size": "-1"})",
        R"({"max-size": "999999999g"})", R"({"max-file": "0"})"}) {
    const auto refused = wishOf("", std::string(R"({"LogConfig": {"Config": )") + wrong + "}}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::InvalidArgument);
    CHECK(refused.error().message.find("must be a") != std::string::npos);
  }
}

TEST_CASE("Health checks are Docker's") {
  const auto plan = [](const std::string& check) {
    return wishOf((R"({"Healthcheck": )" + check + "}").c_str(), "");
  };
  const auto shell = plan(R"({"Test": ["CMD-SHELL", "a && b"], "Interval": 5000000000, "Timeout": 2000000000,
                              "StartPeriod": 1000000000, "Retries": 2})");
  REQUIRE(shell);
  using std::chrono::seconds;
  CHECK(shell->health == HealthPlan{{"/bin/sh", "-c", "a && b"}, seconds(5), seconds(2), seconds(1), 2});
  CHECK(plan(R"({"Test": ["CMD", "x", "y"]})")->health == HealthPlan{{"x", "y"}});
  CHECK(plan(R"({"Test": ["NONE"]})")->health == HealthPlan());
  CHECK(plan(R"({"Test": ["x"]})").error().code == Code::InvalidArgument);
  CHECK(plan(R"({"Test": ["CMD"]})").error().code == Code::InvalidArgument);

  ContainerRecord record;
  record.name = "web";
  record.health = shell->health;
  record.logDriver = {"syslog", {{"tag", "x"}}};
  const auto read = decodeRecord(encodeRecord(record));
  REQUIRE(read);
  CHECK((read->health == record.health && read->logDriver == record.logDriver));
  record.health = {};
  CHECK(decodeRecord(encodeRecord(record))->health == HealthPlan());
}

TEST_CASE("A container is healthy by one probe, and unhealthy by several in a row") {
  using std::chrono::seconds;
  HealthTrack track(HealthPlan{{"x"}, seconds(5), seconds(5), seconds(10), 2});
  CHECK(track.state() == HealthState::Unknown);
  // In the start period failures do not count.
  CHECK_FALSE(track.note({1, "no"}, seconds(1)));
  CHECK_FALSE(track.note({1, "no"}, seconds(9)));
  CHECK_FALSE(track.note({1, "no"}, seconds(11)));
  CHECK(track.note({2, "never"}, seconds(12)));
  CHECK((track.state() == HealthState::Unhealthy && track.last()->exitCode == 2 &&
         track.last()->output == "never"));
  CHECK(track.note({0, ""}, seconds(20)));
  CHECK(track.state() == HealthState::Healthy);
  CHECK_FALSE(track.note({1, ""}, seconds(30)));
  CHECK_FALSE(track.note({0, ""}, seconds(30)));
  CHECK_FALSE(track.note({1, ""}, seconds(30)));
  CHECK(track.note({1, ""}, seconds(30)));
  HealthTrack early(HealthPlan{{"x"}, seconds(5), seconds(5), seconds(10), 1});
  CHECK(early.note({0, ""}, seconds(1)));
  // After a success they do.
  CHECK(early.note({1, ""}, seconds(2)));
}

TEST_CASE("A command is like its container but for what it is asked to be") {
  const std::string container =
      R"({"process": {"args": ["app"], "terminal": false, "cwd": "/srv", "env": ["A=1"],
          "user": {"uid": 7, "gid": 8}, "capabilities": {"bounding": ["CAP_KILL"], "effective": [], "permitted": []},
          "noNewPrivileges": true}})";
  const json plain = json::parse(*commandSpec(container, {{"ls", "-l"}, std::nullopt, false}));
  json expected = json::parse(container)["process"];
  expected["args"] = {"ls", "-l"};
  CHECK(plain == expected);
  const json root = json::parse(*commandSpec(container, {{"sh"}, UserIds{0, 0, {5}}, true}));
  CHECK(root["terminal"] == true);
  CHECK(root["env"] == json({"A=1", "TERM=xterm"}));
  CHECK(root["user"] == json::parse(R"({"uid": 0, "gid": 0, "additionalGids": [5]})"));
  CHECK(root["capabilities"]["effective"] == json({"CAP_KILL"}));
  const json other = json::parse(*commandSpec(container, {{"sh"}, UserIds{9, 9, {}}, false}));
  CHECK(other["capabilities"]["permitted"] == json::array());
  CHECK(commandSpec("{}", {{"sh"}, std::nullopt, false}).error().code == Code::DataLoss);
}

TEST_CASE("What is wrong by itself is an invalid argument") {
  CHECK(wishOf("", R"({"Memory": 1})").error().code == Code::InvalidArgument);
  CHECK(wishOf("", R"({"Memory": "much"})").error().code == Code::InvalidArgument);
  CHECK(wishOf("", R"({"Binds": ["/a:b"]})").error().code == Code::InvalidArgument);
  for (const char* host : {R"({"CapAdd": ["FLY"]})", R"({"Ulimits": [{"Name": "hope"}]})"}) {
    CHECK(ociSpec(*wishOf("", host), ImageDefaults(), site()).error().code == Code::InvalidArgument);
  }
}

TEST_CASE("A container is shut in, unless it is privileged or shares what is the host's") {
  const json usual = specOf("", "");
  CHECK(namespaces(usual) == std::set<std::string>{"mount", "uts", "ipc", "pid", "network"});
  CHECK(usual["linux"]["resources"]["devices"][0] == json{{"allow", false}, {"access", "rwm"}});
  CHECK(usual["process"]["capabilities"]["effective"].size() == 14);
  CHECK(usual["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO");
  CHECK(usual["linux"]["maskedPaths"].size() == 11);
  CHECK(mountAt(usual, "/sys")["options"].back() == "ro");

  const json privileged =
      specOf("", R"({"Privileged": true, "NetworkMode": "host", "PidMode": "host", "IpcMode": "host"})");
  CHECK(namespaces(privileged) == std::set<std::string>{"mount", "uts"});
  CHECK(privileged["linux"]["resources"]["devices"][0]["allow"] == true);
  CHECK(privileged["process"]["capabilities"]["effective"].size() == 41);
  CHECK_FALSE(privileged["linux"].contains("seccomp"));
  CHECK_FALSE(privileged["linux"].contains("maskedPaths"));
  CHECK(mountAt(privileged, "/dev/shm")["type"] == "bind");

  SpecSite unified = site();
  unified.unified = true;
  CHECK(namespaces(specOf("", "", unified)).contains("cgroup"));
  CHECK_FALSE(specOf("", R"({"MemorySwappiness": 5})", unified)["linux"]["resources"]["memory"].contains(
      "swappiness"));
}

TEST_CASE(
    "A runtime that takes a finished filter is given one beside the profile, where there is a profile") {
  SeccompFilters filters;
  SpecSite at = site();
  at.filters = &filters;
  const json spec = specOf("", "", at);
  CHECK(spec["linux"]["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO");
  const json& given = spec["annotations"]["run.oci.seccomp_bpf_data"];
  std::set<std::string> capabilities;
  for (const json& one : spec["process"]["capabilities"]["bounding"]) capabilities.insert(one);
  CHECK(given == *filters.of(capabilities, "x86_64"));
  CHECK_FALSE(specOf("", R"({"Privileged": true})", at).contains("annotations"));
  CHECK_FALSE(specOf("", R"({"SecurityOpt": ["seccomp=unconfined"]})", at).contains("annotations"));
  CHECK_FALSE(specOf("", "").contains("annotations"));
}

json namespaceOf(const json& spec, const std::string& type) {
  for (const json& one : spec["linux"]["namespaces"]) {
    if (one["type"] == type) return one;
  }
  return nullptr;
}

TEST_CASE("Containers of a task have the namespaces and the memory of one of them, where it asks for that") {
  SpecSite at = site();
  at.pidNamespace = "/proc/7/ns/pid";
  at.ipcNamespace = "/proc/7/ns/ipc";
  at.sharedMemory = "/data/holder/shm";
  const json spec = specOf("", R"({"PidMode": "container:holder", "IpcMode": "container:holder"})", at);
  CHECK(namespaceOf(spec, "pid")["path"] == at.pidNamespace);
  CHECK(namespaceOf(spec, "ipc")["path"] == at.ipcNamespace);
  CHECK(mountAt(spec, "/dev/shm")["source"] == at.sharedMemory);
  CHECK_FALSE(namespaceOf(specOf("", ""), "pid").contains("path"));
  const auto wish = wishOf("", R"({"PidMode": "container:holder", "IpcMode": "shareable"})");
  REQUIRE(wish);
  CHECK(wish->pidOf == "holder");
  CHECK(wish->lendsIpc);
  CHECK(mountAt(specOf("", R"({"IpcMode": "none"})"), "/dev/shm").is_null());
}

TEST_CASE("An init is the host's own, and a terminal has a kind") {
  SpecSite at = site();
  at.init = "/usr/bin/tini-static";
  const json spec = specOf(R"({"Tty": true})", R"({"Init": true})", at);
  CHECK(mountAt(spec, "/sbin/docker-init")["source"] == at.init);
  CHECK(mountAt(spec, "/sbin/docker-init")["options"].back() == "ro");
  const auto has = [](const json& one, const char* text) {
    return std::ranges::find(one["process"]["env"], json(text)) != one["process"]["env"].end();
  };
  CHECK(has(spec, "TERM=xterm"));
  CHECK_FALSE(has(specOf("", ""), "TERM=xterm"));
  CHECK_FALSE(has(specOf(R"({"Tty": true, "Env": ["TERM=vt100"]})", ""), "TERM=xterm"));
  CHECK(specOf("", "", at)["process"]["args"] == json{"run"});
  CHECK(mountAt(specOf("", "", at), "/sbin/docker-init").is_null());
}

TEST_CASE("A tag names the image, and no AppArmor profile is asked for where there is to be none") {
  const auto tagged =
      wishOf("", R"({"LogConfig": {"Type": "syslog", "Config": {"tag": "a/{{.ImageName}}/{{.ID}}"}}})");
  REQUIRE(tagged);
  CHECK(tagged->logDriver.options.at("tag") == "a/web:1/{{.ID}}");
  CHECK_FALSE(
      specOf("", R"({"SecurityOpt": ["apparmor:unconfined"]})")["process"].contains("apparmorProfile"));
}

TEST_CASE("Another user than root has no capabilities until it gains some") {
  SpecSite at = site();
  at.user = {1000, 100, {7}};
  const json process = specOf("", "", at)["process"];
  CHECK(process["user"] == json{{"uid", 1000}, {"gid", 100}, {"additionalGids", {7}}});
  CHECK(process["capabilities"]["bounding"].size() == 14);
  CHECK(process["capabilities"]["effective"].empty());
}

TEST_CASE("Mounts stand in the order of their places, and what is mounted onto a default one replaces it") {
  SpecSite at = site();
  at.mounts = {{"/h/b", "/data/sub", true}, {"/h/a", "/data", false}, {"/h/shm", "/dev/shm", false}};
  const json spec = specOf("", R"({"Tmpfs": {"/run": "size=1m,exec"}})", at);
  CHECK(mountAt(spec, "/dev/shm")["source"] == "/h/shm");
  CHECK(mountAt(spec, "/data/sub")["options"].back() == "ro");
  CHECK(mountAt(spec, "/run")["options"] == json{"nosuid", "nodev", "size=1m", "exec"});
  size_t data = 0, sub = 0;
  for (size_t i = 0; i < spec["mounts"].size(); ++i) {
    if (spec["mounts"][i]["destination"] == "/data") data = i;
    if (spec["mounts"][i]["destination"] == "/data/sub") sub = i;
  }
  CHECK(data < sub);
}

TEST_CASE("The image's words count where the container says nothing") {
  ImageDefaults image;
  image.entryPoint = {"/entry"};
  image.command = {"default"};
  ContainerWish wish;
  CHECK(*argumentsOf(wish, image) == std::vector<std::string>{"/entry", "default"});
  wish.command = {"mine"};
  CHECK(*argumentsOf(wish, image) == std::vector<std::string>{"/entry", "mine"});
  wish.command.reset();
  wish.entryPoint = {"/other"};
  CHECK(*argumentsOf(wish, image) == std::vector<std::string>{"/other"});
  CHECK(argumentsOf(ContainerWish(), ImageDefaults()).error().code == Code::InvalidArgument);

  image.environment = {"A=1", "B=2"};
  wish.environment = {"B=3"};
  const json env = json::parse(*ociSpec(wish, image, site()))["process"]["env"];
  CHECK(env == json{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1", "B=3",
                    "HOSTNAME=box"});
}

TEST_CASE("Signals have names and numbers") {
  CHECK(signalNumber("") == 15);
  CHECK(signalNumber("SIGQUIT") == 3);
  CHECK(signalNumber("int") == 2);
  CHECK(signalNumber("9") == 9);
  CHECK(signalNumber("RTMIN+3") == 37);
  for (const char* text : {"0", "65", "NOSUCH", "RTMIN+99", "-1"}) CHECK_FALSE(signalNumber(text));
}

}  // namespace
}  // namespace berth::agent::containerd
