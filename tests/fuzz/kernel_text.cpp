// Files of procfs and cgroupfs.
#include "agent/kernel/kernel_text.hpp"

#include "common/text/keyed_numbers.hpp"

#include "tests/fuzz/target.hpp"

namespace {

using namespace berth;

void checkNumbers(std::string_view text) {
  if (const auto number = agent::parseOneLine(text)) {
    const std::string again = std::to_string(*number) + "\n";
    fuzz::require(agent::parseOneLine(again) == number, "a number written again is the same", again);
    fuzz::require(agent::parseLimit(text) == number, "a number is a limit", text);
  }
  fuzz::require(agent::parseLimit("max\n") >= agent::parseLimit(text), "no limit is above \"max\"", text);
  if (const auto all = parseKeyedNumbers(text)) {
    for (const auto& [key, number] : *all)
      fuzz::require(agent::parseKeyed(text, key) == number, "all of a file has each of it", key);
  }
}

void checkDevices(const std::optional<std::vector<agent::BlockUsage>>& devices, std::string_view text) {
  if (!devices) return;
  for (size_t i = 1; i < devices->size(); ++i) {
    const agent::BlockUsage& one = (*devices)[i];
    const agent::BlockUsage& before = (*devices)[i - 1];
    fuzz::require(one.major != before.major || one.minor != before.minor, "a device's lines are one", text);
  }
}

}  // namespace

BERTH_FUZZ_TARGET(kernel_text) {
  if (const auto lines = agent::parseProcCgroup(input)) {
    for (const agent::CgroupLine& line : *lines)
      fuzz::require(line.path.starts_with('/'), "a path is whole", line.path);
  }
  checkNumbers(input);
  for (const std::string_view key : {"inactive_file", "total_inactive_file", "usage_usec", ""}) {
    agent::parseKeyed(input, key);
  }
  checkDevices(agent::parseBlkio(input), input);
  checkDevices(agent::parseIoStat(input), input);
  if (const auto networks = agent::parseNetDev(input))
    fuzz::require(!networks->contains("lo"), "the loopback interface is left out", input);
  if (const auto host = agent::parseProcStat(input))
    fuzz::require(host->cpus <= input.size() / 3, "a CPU has a line", input);
}
