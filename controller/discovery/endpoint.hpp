// What discovery reads of the state's entities: who has a name, and where a task is reached.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/text/ip_address.hpp"
#include "common/time/clock.hpp"
#include "controller/model/state.hpp"

namespace berth::controller {

/// The tag whose value is the name of a service or of a task that is none of a service's.
inline constexpr std::string_view kNameTag = "berth:dns";
/// The attribute of a host that says where its tasks are reached, where that is not where its agent comes
/// from.
inline constexpr std::string_view kAddressAttribute = "berth.address";

/// A name that one label of DNS can hold (RFC 1035, section 2.3.4): 1 to 63 letters, digits, hyphens and
/// underscores.
bool isLabel(std::string_view text);

/// A port, or a range of them, at which a task is reached on its host.
struct ServedPort {
  std::string container;
  uint16_t containerPort = 0;
  uint16_t hostPort = 0;
  uint16_t more = 0;  ///< ports of a range beyond the first
  bool udp = false;

  bool operator==(const ServedPort&) const = default;
};

/// A task that answers.
struct Endpoint {
  std::string task;      ///< id
  std::string instance;  ///< id
  IpAddress address;
  std::vector<ServedPort> ports;  ///< the main one first

  bool operator==(const Endpoint&) const = default;
};

/// What a service or a task asks of discovery.
struct Naming {
  std::string name;
  /// Of a service registry: the one port that it offers; 0: all.
  std::string container = {};
  int64_t port = 0;

  bool operator==(const Naming&) const = default;
};

/// Nullopt for a service that is not to be found: it is INACTIVE, or has neither a registry nor the tag, or
/// its name is no label.
std::optional<Naming> namingOf(const Service& service);
/// Nullopt for a task set with neither. Without the tag it has its service's name.
std::optional<Naming> namingOf(const TaskSet& set);
/// By its own tag.
std::optional<Naming> namingOf(const Task& task);
/// That of its task set before that of its service, and that before its own.
std::optional<Naming> namingIn(const State& state, const Task& task);

/// Until when a task that is to stop is left running: its name says nothing of it any more, and clients may
/// call for so long whom they were told of. So it is for one that was answered with and that its service
/// stops, for a deployment, scale-in or a host that drains; nullopt for any other. `drain` is how long.
std::optional<WallTime> drainsUntil(const State& state, const Task& task, Duration drain);

/// RUNNING, not to be stopped, and HEALTHY where an essential container has a health check.
bool answers(const Task& task);
/// Nullopt when it is not known.
std::optional<IpAddress> addressOf(const Instance& instance);
/// Its own, in network mode awsvpc; nullopt for a task that has none.
std::optional<IpAddress> addressOf(const Task& task);
/// What its host has published for the task, a TCP port of the first container that has one first. A task on
/// its host's network, or with an address of its own, publishes nothing: its ports are those of its
/// definition.
std::vector<ServedPort> portsOf(const State& state, const Task& task, const Naming& naming);

}  // namespace berth::controller
