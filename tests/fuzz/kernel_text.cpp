// Files of procfs and cgroupfs.
#include "agent/kernel/kernel_text.hpp"

#include "tests/fuzz/target.hpp"

BERTH_FUZZ_TARGET(kernel_text) {
  using namespace berth;
  if (const auto lines = agent::parseProcCgroup(input)) {
    for (const agent::CgroupLine& line : *lines)
      fuzz::require(line.path.starts_with('/'), "a path is whole", line.path);
  }
  agent::parseOneLine(input);
  for (const std::string_view key : {"inactive_file", "total_inactive_file", "usage_usec", ""}) {
    agent::parseKeyed(input, key);
  }
  agent::parseBlkio(input);
  agent::parseIoStat(input);
  agent::parseNetDev(input);
}
