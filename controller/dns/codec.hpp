// DNS messages on the wire, by libldns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "controller/discovery/message.hpp"
#include "controller/discovery/zone.hpp"

namespace berth::controller::dns {

/// The largest message that is sent by UDP: what networks carry in one piece (https://dnsflagday.net/2020).
inline constexpr size_t kMostByUdp = 1232;
inline constexpr size_t kMostByTcp = 65535;

/// What a message asks. nullopt for one that is not to be answered: it is too short to have a header, or is
/// an answer itself. What else is wrong with it is its `fault`: another opcode than QUERY, records that no
/// question has, or what can't be read.
std::optional<Query> decode(std::string_view wire);

/// A reply in at most `limit` bytes (at least 512): additional records that don't fit are left out, and when
/// answers are, it is marked as truncated. Empty if it can't be written at all.
std::string encode(const Reply& reply, size_t limit);

/// What a server answers to a message from the network; empty: nothing.
std::string respond(const DnsZone& zone, std::string_view wire, bool byTcp);

}  // namespace berth::controller::dns
