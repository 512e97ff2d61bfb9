// The address of a task in network mode awsvpc, which its host chooses: an agent of Berth tells it beside
// what the ECS API has in SubmitTaskStateChange, where reports go by the session.
#pragma once

namespace berth::ecs {

/// {"privateIPv4Address","ipv6Address","macAddress","privateDnsName"}: texts, empty for none.
inline constexpr const char* kTaskAddress = "taskAddress";
inline constexpr const char* kPrivateIpv4Address = "privateIPv4Address";
inline constexpr const char* kIpv6Address = "ipv6Address";
inline constexpr const char* kMacAddress = "macAddress";
inline constexpr const char* kPrivateDnsName = "privateDnsName";

/// What an instance has, beside ecs.capability.task-eni, whose agent gives tasks addresses by itself: one of
/// Amazon's waits for network interfaces, which Berth has none of.
inline constexpr const char* kGivesAddresses = "dev.berth.gives-task-addresses";

}  // namespace berth::ecs
