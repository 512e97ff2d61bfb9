// What a task takes of its host, and what a host has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/model/task.hpp"

namespace berth::agent {

struct Needs {
  int64_t cpu = 0;     ///< 1024 a core
  int64_t memory = 0;  ///< MiB
  std::set<uint16_t> tcpPorts;
  std::set<uint16_t> udpPorts;
  std::set<std::string> gpus;
};

/// What there is for tasks: the host's own, less what is reserved. Ports that are reserved are listed.
struct HostCapacity {
  int64_t cpu = 0;
  int64_t memory = 0;
  std::set<uint16_t> reservedTcpPorts;
  std::set<uint16_t> reservedUdpPorts;
  std::set<std::string> gpus;
};

/// The task's own sizes, or else the sums over its containers (of memory reservations where there are any);
/// its fixed host ports in the modes bridge and host; its GPUs (amazon-ecs-agent, agent/api/task).
Needs needsOf(const Task& task);

/// What of `needs` this host can never give, in words; nullopt when there is nothing.
std::optional<std::string> neverFits(const Needs& needs, const HostCapacity& host);

/// What of `needs` is not free while `used` is taken, in words; nullopt when all is.
std::optional<std::string> lacking(const Needs& needs, const HostCapacity& host, const Needs& used);

/// Who has what is not free for `needs`, in words that can follow lacking(): those who hold most of it first,
/// by name, the others as a number. Empty when nothing is lacking.
std::string heldBy(const Needs& needs, const HostCapacity& host, const Needs& used,
                   const std::map<std::string, Needs>& holders);

/// `used` with what one more task takes, or with what one gives back.
void take(Needs& used, const Needs& needs);
void giveBack(Needs& used, const Needs& needs);

}  // namespace berth::agent
