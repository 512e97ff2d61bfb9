// Volumes that are file systems of their own: the options of Docker's volume driver "local".
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/result/result.hpp"

namespace berth::agent::containerd {

/// What mount(2) is called with.
struct VolumeMount {
  std::string type;
  std::string device;
  unsigned long flags = 0;
  std::string data;
  bool operator==(const VolumeMount&) const = default;
};

/// Options "type", "device" and "o" ("size=1m,nosuid"); nullopt without any of them: a folder will do.
/// Unimplemented for another option, InvalidArgument where one of type and device is missing.
Result<std::optional<VolumeMount>> volumeMount(const std::map<std::string, std::string>& options);

/// Success when something is mounted there already.
Status mountVolume(const VolumeMount& volume, const std::string& path);
/// Success when nothing is.
Status unmountVolume(const std::string& path);

}  // namespace berth::agent::containerd
