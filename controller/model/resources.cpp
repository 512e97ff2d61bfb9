#include "controller/model/resources.hpp"

#include <algorithm>

namespace berth::controller {

void Resources::add(const Resources& other) {
  cpu += other.cpu;
  memory += other.memory;
  ports.insert(other.ports.begin(), other.ports.end());
  udpPorts.insert(other.udpPorts.begin(), other.udpPorts.end());
  gpus.insert(gpus.end(), other.gpus.begin(), other.gpus.end());
}

void Resources::subtract(const Resources& other) {
  cpu -= other.cpu;
  memory -= other.memory;
  for (uint16_t port : other.ports) ports.erase(port);
  for (uint16_t port : other.udpPorts) udpPorts.erase(port);
  for (const Gpu& gpu : other.gpus) {
    if (const auto found = std::ranges::find(gpus, gpu); found != gpus.end()) gpus.erase(found);
  }
}

}  // namespace berth::controller
