#include "controller/scheduler/first_fit.hpp"

#include <algorithm>

namespace berth::controller {
namespace {

bool collides(const std::set<uint16_t>& ask, const std::set<uint16_t>& taken) {
  return std::any_of(ask.begin(), ask.end(), [&](uint16_t port) { return taken.contains(port); });
}

}  // namespace

std::string refusal(const Candidate& candidate, const Resources& ask) {
  if (!candidate.active) return "INACTIVE";
  if (!candidate.connected) return "AGENT";
  if (ask.cpu > candidate.total.cpu - candidate.used.cpu) return "RESOURCE:CPU";
  if (ask.memory > candidate.total.memory - candidate.used.memory) return "RESOURCE:MEMORY";
  bool tcp = collides(ask.ports, candidate.used.ports) || collides(ask.ports, candidate.total.ports);
  bool udp =
      collides(ask.udpPorts, candidate.used.udpPorts) || collides(ask.udpPorts, candidate.total.udpPorts);
  return tcp || udp ? "RESOURCE:PORTS" : "";
}

Plan firstFit(std::vector<Candidate> candidates, const Resources& ask, int64_t count) {
  Plan plan;
  for (int64_t copy = 0; copy < count; ++copy) {
    auto fits = std::find_if(candidates.begin(), candidates.end(),
                             [&](const Candidate& candidate) { return refusal(candidate, ask).empty(); });
    if (fits == candidates.end()) {
      for (const Candidate& candidate : candidates) {
        plan.refused.push_back(Refused{candidate.id, refusal(candidate, ask)});
      }
      return plan;
    }
    fits->used.add(ask);
    plan.placed.push_back(fits->id);
  }
  return plan;
}

}  // namespace berth::controller
