// Against a real systemd: these run where one has been booted (tests/integration/test_package.py).
#include "agent/resources/systemd_slices.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>

namespace berth::agent {
namespace {

const std::string kTask = "0123456789abcdef0123456789abcdef";

std::string shown(const std::string& property) {
  const std::string command =
      "systemctl show --value --property=" + property + " ecstasks-" + kTask + ".slice";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::array<char, 256> line{};
  const bool read = pipe && std::fgets(line.data(), line.size(), pipe.get()) != nullptr;
  std::string out = read ? line.data() : "";
  while (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("A task's slice has its limits, takes new ones, and is removed", "[.systemd]") {
  const SystemdSlices slices;
  const auto made = slices.make(kTask, GroupLimits{1.5, 0, int64_t{64} << 20, 100});
  REQUIRE(made);
  CHECK(*made == "ecstasks-" + kTask + ".slice");
  CHECK(shown("ActiveState") == "active");
  CHECK(shown("CPUQuotaPerSecUSec") == "1.500000s");
  CHECK(shown("MemoryMax") == "67108864");
  CHECK(shown("TasksMax") == "100");
  CHECK(shown("ControlGroup") == "/ecstasks.slice/ecstasks-" + kTask + ".slice");
  REQUIRE(slices.make(kTask, GroupLimits{0, 1024, int64_t{32} << 20, 0}));
  CHECK(shown("MemoryMax") == "33554432");
  CHECK(shown("CPUWeight") == "39");
  CHECK(slices.remove(kTask).ok());
  CHECK(shown("ActiveState") == "inactive");
  CHECK(slices.remove(kTask).ok());
}

TEST_CASE("A slice with something in it is not removed", "[.systemd]") {
  const SystemdSlices slices;
  REQUIRE(slices.make(kTask, GroupLimits{1, 0, 0, 0}));
  const std::string begin =
      "systemd-run --quiet --unit=inside --slice=ecstasks-" + kTask + ".slice sleep 1000";
  REQUIRE(std::system(begin.c_str()) == 0);
  const Status removed = slices.remove(kTask);
  REQUIRE_FALSE(removed);
  CHECK(removed.error().code == Code::FailedPrecondition);
  CHECK(shown("ActiveState") == "active");
  REQUIRE(std::system("systemctl stop inside") == 0);
  CHECK(slices.remove(kTask).ok());
}

TEST_CASE("Without systemd a slice can't be made, and why is said") {
  if (::access("/run/systemd/private", F_OK) == 0) return;
  const auto made = SystemdSlices().make(kTask, GroupLimits{1, 0, 0, 0});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::Unavailable);
  CHECK(made.error().message.starts_with("systemd can't"));
}

}  // namespace berth::agent
