// The kernel's files about one container, kept open.
#pragma once

#include <optional>
#include <string>

#include "agent/kernel/kernel_file.hpp"
#include "agent/ports/usage.hpp"

namespace berth::agent {

/// A container's group in one hierarchy.
struct GroupPlace {
  std::string folder;
  bool v2 = false;
};

struct GroupPlaces {
  GroupPlace memory;
  GroupPlace cpu;
  std::optional<GroupPlace> block;  ///< absent where the kernel has no controller for it
  std::optional<GroupPlace> pids;   ///< likewise
  std::optional<GroupPlace> quota;  ///< likewise, of CPU time
};

class GroupFiles {
 public:
  /// `process`: the folder /proc/PID of the container's first process. NotFound when the group is gone.
  static Result<GroupFiles> open(KernelFile process, const GroupPlaces& places);

  /// `hostMemory`: bytes, 0 where that is unknown. `buffer` is scratch space. A container that has not run,
  /// by its CPU time, and to which nothing came at the last look either, is taken as unchanged for some
  /// readings: most containers of a host are idle most of the time, and a reading of all files costs ten
  /// times as much.
  Result<SharedUsage> read(uint64_t hostMemory, bool ownNetwork, std::string& buffer);

 private:
  struct Counter {
    KernelFile file;
    bool v2;
  };
  explicit GroupFiles(KernelFile process) : process_(std::move(process)) {}

  Status openMemory(const GroupPlace& place);
  Status openCpu(const GroupPlace& place);
  void openBlock(const GroupPlace& place);
  void openPids(const GroupPlace& place);
  void openQuota(const GroupPlace& place);

  Status readRest(Usage& usage, bool ran, bool all, bool ownNetwork, std::string& buffer);
  Status readMemory(Usage& usage, bool all, std::string& buffer) const;
  Status readMemoryDetails(Usage& usage, std::string& buffer) const;
  Result<uint64_t> cpuNanos(std::string& buffer) const;
  Status readCpuDetails(Usage& usage, std::string& buffer) const;
  Status readUnified(Usage& usage, std::string& buffer) const;
  Status readBlock(Usage& usage, bool all, std::string& buffer) const;
  Status readPids(Usage& usage, std::string& buffer) const;
  Status readLimits();
  Status readNetworks(Usage& usage, std::string& buffer);

  KernelFile process_;
  std::optional<KernelFile> networks_;
  std::optional<Counter> memory_;
  std::optional<KernelFile> memoryStat_;
  std::optional<Counter> cpu_;
  std::optional<Counter> block_;
  std::optional<KernelFile> pids_;

  // Version 1 only: what version 2 tells in the files above, or not at all.
  std::optional<KernelFile> cpuSplit_;  ///< user and kernel time apart
  std::optional<KernelFile> cpuByCpu_;
  std::optional<KernelFile> throttling_;
  std::optional<KernelFile> memoryMost_;
  std::optional<KernelFile> memoryFailures_;
  std::optional<KernelFile> blockOperations_;

  // Limits hardly ever change: they are read once in a while, and their files not kept open.
  std::string memoryLimitFile_;
  std::string pidsLimitFile_;
  uint64_t memoryLimitBytes_ = 0;
  std::optional<uint64_t> mostPids_;
  int readings_ = 0;
  int rested_ = 0;      ///< readings since the last look at more than CPU time
  bool quiet_ = false;  ///< that one found nothing new
  SharedUsage last_;
};

}  // namespace berth::agent
