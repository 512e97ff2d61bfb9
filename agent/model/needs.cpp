#include "agent/model/needs.hpp"

#include <algorithm>
#include <cmath>

namespace berth::agent {
namespace {

constexpr double kUnitsOfCore = 1024;
constexpr int64_t kBytesOfMiB = int64_t{1} << 20;

int64_t memoryOf(const acs::Container& container) {
  const int64_t reserved = container.dockerConfig.memoryReservation / kBytesOfMiB;
  return reserved > 0 ? reserved : container.memory;
}

std::string amount(const char* what, int64_t wanted, int64_t has, const char* unit, const char* of) {
  return std::to_string(wanted) + unit + " of " + what + ", and " +
         std::to_string(std::max<int64_t>(has, 0)) + unit + " " + of;
}

template <class T>
std::optional<T> firstCommon(const std::set<T>& some, const std::set<T>& others) {
  for (const T& one : some) {
    if (others.contains(one)) return one;
  }
  return std::nullopt;
}

template <class T>
void add(std::set<T>& to, const std::set<T>& more) {
  to.insert(more.begin(), more.end());
}

template <class T>
void subtract(std::set<T>& from, const std::set<T>& some) {
  for (const T& one : some) from.erase(one);
}

}  // namespace

Needs needsOf(const Task& task) {
  Needs out;
  const std::string& mode = task.spec.networkMode;
  const bool ports = mode.empty() || mode == "bridge" || mode == "host";
  for (const Container& container : task.containers) {
    out.cpu += container.spec.cpu;
    out.memory += memoryOf(container.spec);
    for (const acs::PortMapping& port : container.spec.portMappings) {
      if (!ports || port.hostPort == 0) continue;
      (port.protocol == "udp" ? out.udpPorts : out.tcpPorts).insert(static_cast<uint16_t>(port.hostPort));
    }
  }
  if (task.spec.cpu > 0) out.cpu = std::llround(task.spec.cpu * kUnitsOfCore);
  if (task.spec.memory > 0) out.memory = task.spec.memory;
  for (const acs::Association& association : task.spec.associations) {
    if (association.type == "gpu") out.gpus.insert(association.name);
  }
  return out;
}

std::optional<std::string> neverFits(const Needs& needs, const HostCapacity& host) {
  const char* of = "is all that this host has for tasks";
  if (needs.cpu > host.cpu) return amount("CPU", needs.cpu, host.cpu, " units", of);
  if (needs.memory > host.memory) return amount("memory", needs.memory, host.memory, " MiB", of);
  if (auto port = firstCommon(needs.tcpPorts, host.reservedTcpPorts)) {
    return "TCP port " + std::to_string(*port) + ", which is reserved on this host";
  }
  if (auto port = firstCommon(needs.udpPorts, host.reservedUdpPorts)) {
    return "UDP port " + std::to_string(*port) + ", which is reserved on this host";
  }
  for (const std::string& gpu : needs.gpus) {
    if (!host.gpus.contains(gpu)) return "GPU " + gpu + ", which this host does not have";
  }
  return std::nullopt;
}

std::optional<std::string> lacking(const Needs& needs, const HostCapacity& host, const Needs& used) {
  if (needs.cpu > host.cpu - used.cpu)
    return amount("CPU", needs.cpu, host.cpu - used.cpu, " units", "are free");
  if (needs.memory > host.memory - used.memory) {
    return amount("memory", needs.memory, host.memory - used.memory, " MiB", "are free");
  }
  if (auto port = firstCommon(needs.tcpPorts, used.tcpPorts)) {
    return "TCP port " + std::to_string(*port) + ", which another task holds";
  }
  if (auto port = firstCommon(needs.udpPorts, used.udpPorts)) {
    return "UDP port " + std::to_string(*port) + ", which another task holds";
  }
  if (auto gpu = firstCommon(needs.gpus, used.gpus)) return "GPU " + *gpu + ", which another task holds";
  return std::nullopt;
}

std::string heldBy(const Needs& needs, const HostCapacity& host, const Needs& used,
                   const std::map<std::string, Needs>& holders) {
  constexpr size_t kNamed = 3;
  const bool cpu = needs.cpu > host.cpu - used.cpu;
  const bool memory = !cpu && needs.memory > host.memory - used.memory;
  std::vector<std::pair<int64_t, std::string>> have;
  for (const auto& [name, held] : holders) {
    const bool same = firstCommon(needs.tcpPorts, held.tcpPorts) ||
                      firstCommon(needs.udpPorts, held.udpPorts) || firstCommon(needs.gpus, held.gpus);
    const int64_t much = cpu ? held.cpu : memory ? held.memory : same ? 1 : 0;
    if (much > 0) have.emplace_back(much, name);
  }
  std::ranges::sort(have, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string out;
  for (size_t i = 0; i < have.size() && i < kNamed; ++i) {
    out += (i == 0 ? "; held by " : ", ") + have[i].second;
    if (cpu || memory) out += " (" + std::to_string(have[i].first) + (cpu ? " units)" : " MiB)");
  }
  if (have.size() > kNamed) out += " and " + std::to_string(have.size() - kNamed) + " more";
  return out;
}

void take(Needs& used, const Needs& needs) {
  used.cpu += needs.cpu;
  used.memory += needs.memory;
  add(used.tcpPorts, needs.tcpPorts);
  add(used.udpPorts, needs.udpPorts);
  add(used.gpus, needs.gpus);
}

void giveBack(Needs& used, const Needs& needs) {
  used.cpu -= needs.cpu;
  used.memory -= needs.memory;
  subtract(used.tcpPorts, needs.tcpPorts);
  subtract(used.udpPorts, needs.udpPorts);
  subtract(used.gpus, needs.gpus);
}

}  // namespace berth::agent
