#include "controller/model/resources.hpp"

namespace berth::controller {

void Resources::add(const Resources& other) {
  cpu += other.cpu;
  memory += other.memory;
  ports.insert(other.ports.begin(), other.ports.end());
  udpPorts.insert(other.udpPorts.begin(), other.udpPorts.end());
}

void Resources::subtract(const Resources& other) {
  cpu -= other.cpu;
  memory -= other.memory;
  for (uint16_t port : other.ports) ports.erase(port);
  for (uint16_t port : other.udpPorts) udpPorts.erase(port);
}

}  // namespace berth::controller
