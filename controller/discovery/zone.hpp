// The zone of DNS that the index fills: who asks, gets the records of the healthy tasks.
//   ZONE                          SOA, NS
//   ns.ZONE                       A, AAAA of this server, where that is known
//   NAME.CLUSTER.ZONE             A, AAAA of its tasks; SRV of their main ports
//   _PORT._tcp.NAME.CLUSTER.ZONE  SRV of that port of the containers; _udp likewise
//   TASK.NAME.CLUSTER.ZONE        A, AAAA, SRV of one task: what SRV records point at
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/ids/random.hpp"
#include "common/text/ip_address.hpp"
#include "controller/discovery/index.hpp"
#include "controller/discovery/message.hpp"

namespace berth::controller {

/// The labels of a zone's name, "berth.internal", in lower case; nullopt when it is none, or has no room for
/// names in front of it.
std::optional<dns::Labels> parseZone(std::string_view text);

struct ZoneOptions {
  dns::Labels name;
  uint32_t ttl = 1;  ///< seconds, of answers and of their absence
  uint32_t firstSerial = 0;
  std::optional<IpAddress> self;  ///< where the server is asked
};

class DnsZone {
 public:
  /// Records of an answer at most. Of more tasks random ones are told.
  static constexpr size_t kMostAnswers = 256;

  /// `index` and `random` must outlive it.
  DnsZone(ZoneOptions options, const DiscoveryIndex& index, Random& random);

  /// Records of an answer are in random order. Outside the zone, and for what no authoritative server of it
  /// could answer (another class, a transfer), REFUSED.
  dns::Reply answer(dns::Query query) const;

 private:
  void answerInside(dns::Reply& reply, const dns::Labels& below) const;
  void apex(dns::Reply& reply) const;
  void service(dns::Reply& reply, const dns::Labels& below, const NamedTasks& name) const;
  void tasks(dns::Reply& reply, const NamedTasks& name) const;
  void ports(dns::Reply& reply, const NamedTasks& name, uint16_t port, bool udp) const;
  void task(dns::Reply& reply, const NamedTasks& name, const Endpoint& endpoint) const;
  void addServer(dns::Reply& reply, const NamedTasks& name, const Endpoint& endpoint, uint16_t port) const;
  void noData(dns::Reply& reply, dns::Rcode rcode) const;
  dns::Record soa() const;
  dns::Labels inZone(dns::Labels below) const;
  dns::Labels ownName(const NamedTasks& name, const Endpoint& endpoint) const;
  void shuffle(std::vector<dns::Record>& records) const;

  ZoneOptions options_;
  const DiscoveryIndex& index_;
  Random& random_;
};

}  // namespace berth::controller
