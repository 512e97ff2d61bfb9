#include "controller/scheduler/fit.hpp"

#include <algorithm>

namespace berth::controller {
namespace {

/// Expressions of more than attributes, with `copies` of the request on the member.
bool accepted(const Fleet::Member& member, const PlacementRequest& request, int64_t copies) {
  const auto holdsOf = [&](const Load& load) {
    return std::ranges::all_of(request.expressions, [&](const Expression& one) {
      return one.query.isStatic() || one.query.matches(queriedOf(*member.instance, load));
    });
  };
  if (copies == 0) return holdsOf(*member.load);
  Load load;
  load.groups = member.load->groups;
  load.running = member.load->running + copies;
  load.groups.emplace_back(request.group, copies);
  return holdsOf(load);
}

bool has(const std::vector<Attribute>& attributes, const Attribute& wanted) {
  return std::ranges::any_of(attributes, [&](const Attribute& one) {
    return one.name == wanted.name && (!wanted.value || one.value == wanted.value);
  });
}

bool collides(const std::set<uint16_t>& ask, const std::set<uint16_t>& taken) {
  return std::ranges::any_of(ask, [&](uint16_t port) { return taken.contains(port); });
}

/// The ports of `ask` that are taken, "80, 443".
std::string takenOf(const std::set<uint16_t>& ask, const std::set<uint16_t>& used,
                    const std::set<uint16_t>& reserved) {
  std::string out;
  for (const uint16_t port : ask) {
    if (used.contains(port) || reserved.contains(port))
      out += (out.empty() ? "" : ", ") + std::to_string(port);
  }
  return out;
}

std::optional<Unfit> resourcesUnfit(const Fleet::Member& member, const Resources& ask, int64_t copies) {
  const Resources& total = member.instance->registered;
  const Resources& used = member.load->used;
  if (ask.cpu * (copies + 1) > total.cpu - used.cpu) return Unfit::Cpu;
  if (ask.memory * (copies + 1) > total.memory - used.memory) return Unfit::Memory;
  if (std::ssize(ask.gpus) * (copies + 1) > std::ssize(total.gpus) - std::ssize(used.gpus))
    return Unfit::Gpus;
  if (ask.ports.empty() && ask.udpPorts.empty()) return std::nullopt;
  const bool taken = copies > 0 || collides(ask.ports, used.ports) || collides(ask.ports, total.ports) ||
                     collides(ask.udpPorts, used.udpPorts) || collides(ask.udpPorts, total.udpPorts);
  return taken ? std::optional(Unfit::Ports) : std::nullopt;
}

}  // namespace

std::string PlacementRequest::key() const {
  constexpr char kEnd = '\0';
  std::string out = cluster + kEnd + group + kEnd + std::to_string(ask.cpu) + "," +
                    std::to_string(ask.memory) + (distinct ? "d" : "") + kEnd;
  if (!ask.gpus.empty()) out += "g" + std::to_string(ask.gpus.size()) + kEnd;
  for (const uint16_t port : ask.ports) out += std::to_string(port) + ",";
  out += "u";
  for (const uint16_t port : ask.udpPorts) out += std::to_string(port) + ",";
  for (const Expression& one : expressions) out += "e" + one.text + kEnd;
  for (const Attribute& one : required)
    out += "a" + one.name + kEnd + (one.value ? "=" + *one.value : "") + kEnd;
  for (const Strategy& one : strategies) {
    out += "s" + std::to_string(static_cast<int>(one.kind)) + one.attribute + kEnd;
  }
  return out;
}

Queried queriedOf(const Instance& instance, const Load& load) {
  return {.attributes = *instance.attributes,
          .groups = load.groups,
          .agentConnected = instance.connected,
          .agentVersion = instance.agentVersion,
          .ec2InstanceId = instance.ec2InstanceId,
          .registeredAt = instance.registeredAt,
          .runningTasks = load.running};
}

namespace {

std::optional<Unfit> unavailable(const Instance& instance) {
  if (instance.status != "ACTIVE") return Unfit::Inactive;
  return instance.connected ? std::nullopt : std::optional(Unfit::Agent);
}

}  // namespace

std::optional<Unfit> staticUnfit(const Fleet::Member& member, const PlacementRequest& request) {
  const auto& attributes = *member.instance->attributes;
  if (!std::ranges::all_of(request.required, [&](const Attribute& one) { return has(attributes, one); })) {
    return Unfit::Attribute;
  }
  const auto accepts = [&](const Expression& one) {
    return !one.query.isStatic() || one.query.matches(queriedOf(*member.instance, *member.load));
  };
  return std::ranges::all_of(request.expressions, accepts) ? std::nullopt : std::optional(Unfit::MemberOf);
}

std::optional<Unfit> dynamicUnfit(const Fleet::Member& member, const PlacementRequest& request,
                                  int64_t copies) {
  if (const auto why = unavailable(*member.instance)) return why;
  if (!accepted(member, request, copies)) return Unfit::MemberOf;
  if (request.distinct && (copies > 0 || member.load->of(request.group) > 0)) return Unfit::Distinct;
  return resourcesUnfit(member, request.ask, copies);
}

std::optional<Unfit> unfit(const Fleet::Member& member, const PlacementRequest& request, int64_t copies) {
  if (const auto why = unavailable(*member.instance)) return why;
  if (const auto found = staticUnfit(member, request)) return found;
  return dynamicUnfit(member, request, copies);
}

std::string reasonOf(Unfit unfit) {
  switch (unfit) {
    case Unfit::Inactive:
      return "INACTIVE";
    case Unfit::Agent:
      return "AGENT";
    case Unfit::Attribute:
      return "ATTRIBUTE";
    case Unfit::MemberOf:
      return "MemberOf placement constraint unsatisfied.";
    case Unfit::Distinct:
      return "DistinctInstance placement constraint unsatisfied.";
    case Unfit::Cpu:
      return "RESOURCE:CPU";
    case Unfit::Memory:
      return "RESOURCE:MEMORY";
    case Unfit::Ports:
      return "RESOURCE:PORTS";
    case Unfit::Gpus:
      return "RESOURCE:GPU";
  }
  return "AGENT";
}

std::string detailOf(const Fleet::Member& member, const PlacementRequest& request, Unfit unfit,
                     int64_t copies) {
  const Resources& total = member.instance->registered;
  const Resources& used = member.load->used;
  switch (unfit) {
    case Unfit::Inactive:
      return "the instance is " + member.instance->status;
    case Unfit::Agent:
      return "the instance's agent is not connected";
    case Unfit::Attribute: {
      const auto lacks = [&](const Attribute& one) { return !has(*member.instance->attributes, one); };
      const auto missing = std::ranges::find_if(request.required, lacks);
      if (missing == request.required.end()) return "the instance lacks an attribute";
      return "the instance lacks the attribute " + missing->name +
             (missing->value ? " with the value " + *missing->value : "");
    }
    case Unfit::MemberOf: {
      const auto refuses = [&](const Expression& one) {
        return !one.query.matches(queriedOf(*member.instance, *member.load));
      };
      const auto broken = std::ranges::find_if(request.expressions, refuses);
      return broken == request.expressions.end()
                 ? "with another copy the instance does not match the expression"
                 : "the instance does not match " + broken->text;
    }
    case Unfit::Distinct:
      return "the instance has a task of group " + request.group;
    case Unfit::Cpu:
      return "needs " + std::to_string(request.ask.cpu) + " CPU units, of " + std::to_string(total.cpu) +
             " it has " + std::to_string(total.cpu - used.cpu - copies * request.ask.cpu) + " left";
    case Unfit::Memory:
      return "needs " + std::to_string(request.ask.memory) + " MiB of memory, of " +
             std::to_string(total.memory) + " it has " +
             std::to_string(total.memory - used.memory - copies * request.ask.memory) + " left";
    case Unfit::Gpus: {
      const int64_t wanted = std::ssize(request.ask.gpus);
      const int64_t left = std::ssize(total.gpus) - std::ssize(used.gpus) - copies * wanted;
      return "needs " + std::to_string(wanted) + " GPUs, of " + std::to_string(total.gpus.size()) +
             " it has " + std::to_string(std::max<int64_t>(left, 0)) + " left";
    }
    case Unfit::Ports: {
      const std::string tcp = takenOf(request.ask.ports, used.ports, total.ports);
      const std::string udp = takenOf(request.ask.udpPorts, used.udpPorts, total.udpPorts);
      if (tcp.empty() && udp.empty()) return "another copy takes the host ports";
      return "host ports are taken: " + tcp + (tcp.empty() || udp.empty() ? "" : "; ") +
             (udp.empty() ? "" : "UDP " + udp);
    }
  }
  return "";
}

}  // namespace berth::controller
