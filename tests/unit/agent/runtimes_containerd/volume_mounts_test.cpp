#include "agent/runtimes/containerd/volume_mounts.hpp"

#include <sys/mount.h>

#include <catch2/catch.hpp>

namespace berth::agent::containerd {
namespace {

using Options = std::map<std::string, std::string>;

TEST_CASE("A volume without options is a folder") {
  const auto mount = volumeMount({});
  REQUIRE(mount);
  CHECK_FALSE(*mount);
}

TEST_CASE("Options of a volume are those of mount(2)") {
  const auto mount = volumeMount(
      {{"type", "nfs"}, {"device", ":/srv"}, {"o", "addr=192.0.2.1,ro,nosuid,,vers=4,noexec,exec"}});
  REQUIRE(mount);
  REQUIRE(*mount);
  CHECK(**mount == VolumeMount{"nfs", ":/srv", MS_RDONLY | MS_NOSUID, "addr=192.0.2.1,vers=4"});
}

TEST_CASE("Options that can't be met are refused by their names") {
  const auto unknown = volumeMount({{"type", "tmpfs"}, {"device", "tmpfs"}, {"size", "1m"}});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::Unimplemented);
  CHECK(unknown.error().message.find("option size of a volume") != std::string::npos);
  for (const Options& half :
       {Options{{"type", "tmpfs"}}, Options{{"device", "/dev/sdb"}}, Options{{"o", "ro"}}}) {
    const auto wrong = volumeMount(half);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Code::InvalidArgument);
  }
}

}  // namespace
}  // namespace berth::agent::containerd
