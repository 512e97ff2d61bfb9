#include "agent/config/host.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace berth::agent {

Result<Host> readHost() {
  Host host;
  host.cpus = std::max<int64_t>(1, sysconf(_SC_NPROCESSORS_ONLN));
  std::ifstream meminfo("/proc/meminfo");
  std::string label;
  int64_t kilobytes = 0;
  while (meminfo >> label >> kilobytes) {
    if (label == "MemTotal:") {
      host.memoryMiB = kilobytes / 1024;
      return host;
    }
    meminfo.ignore(256, '\n');
  }
  return makeError(Code::Unavailable, "/proc/meminfo has no MemTotal: is /proc mounted?");
}

}  // namespace berth::agent
