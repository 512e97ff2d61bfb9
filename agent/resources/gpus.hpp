// The NVIDIA GPUs of a host, as the driver tells them.
#pragma once

#include <set>
#include <string>

namespace berth::agent {

struct Gpus {
  std::set<std::string> ids;  ///< "GPU-8f2c..."
  std::string driverVersion;  ///< "535.104"; empty: not known
};

/// Reads /proc/driver/nvidia: one folder a GPU with its UUID, and the version. Empty without the driver.
/// `root` stands for /proc/driver/nvidia.
Gpus findGpus(const std::string& root = "/proc/driver/nvidia");

}  // namespace berth::agent
