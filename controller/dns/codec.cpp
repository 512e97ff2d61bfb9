#include "controller/dns/codec.hpp"

#include <ldns/ldns.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace berth::controller::dns {
namespace {

constexpr size_t kLeastLimit = 512;
constexpr size_t kLongestName = 255;

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;
struct FreeRr {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
};
using Rr = std::unique_ptr<ldns_rr, FreeRr>;

const uint8_t* bytesOf(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

Labels labelsOf(const ldns_rdf& name) {
  const auto* data = ldns_rdf_data(&name);
  std::string_view rest(reinterpret_cast<const char*>(data), ldns_rdf_size(&name));
  Labels out;
  while (!rest.empty() && rest[0] != '\0') {
    const auto size = std::min<size_t>(static_cast<uint8_t>(rest[0]), rest.size() - 1);
    out.emplace_back(rest.substr(1, size));
    rest.remove_prefix(1 + size);
  }
  return out;
}

/// Null when it is no name.
ldns_rdf* nameOf(const Labels& labels) {
  std::string wire;
  for (const std::string& label : labels) {
    if (label.empty() || label.size() > 63) return nullptr;
    wire += static_cast<char>(label.size());
    wire += label;
  }
  wire += '\0';
  if (wire.size() > kLongestName) return nullptr;
  return ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, wire.size(), wire.data());
}

/// The parts of an rr that take ownership of what they are given, null included.
class RrWriter {
 public:
  RrWriter(const Labels& owner, uint16_t type, uint16_t klass) : rr_(ldns_rr_new()) {
    ldns_rr_set_type(rr_.get(), static_cast<ldns_rr_type>(type));
    ldns_rr_set_class(rr_.get(), static_cast<ldns_rr_class>(klass));
    ldns_rdf* name = nameOf(owner);
    whole_ = name != nullptr;
    ldns_rr_set_owner(rr_.get(), name);
  }

  RrWriter& add(ldns_rdf* part) {
    if (!part || !ldns_rr_push_rdf(rr_.get(), part)) {
      ldns_rdf_deep_free(part);
      whole_ = false;
    }
    return *this;
  }
  RrWriter& add(const Labels& name) { return add(nameOf(name)); }
  RrWriter& add16(uint16_t number) { return add(ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, number)); }
  RrWriter& add32(ldns_rdf_type type, uint32_t number) { return add(ldns_native2rdf_int32(type, number)); }

  /// Null when a part of it can't be written.
  Rr take(uint32_t ttl = 0) {
    ldns_rr_set_ttl(rr_.get(), ttl);
    return whole_ ? std::move(rr_) : nullptr;
  }
  void question() { ldns_rr_set_question(rr_.get(), true); }

 private:
  Rr rr_;
  bool whole_ = false;
};

Rr toRr(const Record& record) {
  constexpr uint32_t kDay = 86400;
  if (const auto* address = std::get_if<IpAddress>(&record.data)) {
    RrWriter out(record.owner, address->v6 ? type::kAaaa : type::kA, kInternet);
    const auto kind = address->v6 ? LDNS_RDF_TYPE_AAAA : LDNS_RDF_TYPE_A;
    out.add(ldns_rdf_new_frm_data(kind, address->bits() / 8, address->bytes.data()));
    return out.take(record.ttl);
  }
  if (const auto* server = std::get_if<Srv>(&record.data)) {
    RrWriter out(record.owner, type::kSrv, kInternet);
    out.add16(1).add16(1).add16(server->port).add(server->target);
    return out.take(record.ttl);
  }
  if (const auto* server = std::get_if<Ns>(&record.data))
    return RrWriter(record.owner, type::kNs, kInternet).add(server->server).take(record.ttl);
  const auto& soa = std::get<Soa>(record.data);
  RrWriter out(record.owner, type::kSoa, kInternet);
  out.add(soa.server).add(soa.mailbox).add32(LDNS_RDF_TYPE_INT32, soa.serial);
  // Nobody may transfer the zone; the intervals at which a secondary would do so are formal.
  out.add32(LDNS_RDF_TYPE_PERIOD, kDay).add32(LDNS_RDF_TYPE_PERIOD, kDay);
  out.add32(LDNS_RDF_TYPE_PERIOD, kDay).add32(LDNS_RDF_TYPE_PERIOD, soa.negativeTtl);
  return out.take(record.ttl);
}

bool push(ldns_pkt* packet, ldns_pkt_section section, Rr rr) {
  if (!rr || !ldns_pkt_push_rr(packet, section, rr.get())) return false;
  static_cast<void>(rr.release());
  return true;
}

bool pushAll(ldns_pkt* packet, ldns_pkt_section section, const std::vector<Record>& records, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (!push(packet, section, toRr(records[i]))) return false;
  }
  return true;
}

void setHead(ldns_pkt* packet, const Reply& reply, bool truncated) {
  ldns_pkt_set_id(packet, reply.to.id);
  ldns_pkt_set_qr(packet, true);
  ldns_pkt_set_opcode(packet, static_cast<ldns_pkt_opcode>(reply.to.opcode));
  ldns_pkt_set_aa(packet, reply.authoritative);
  ldns_pkt_set_tc(packet, truncated);
  ldns_pkt_set_rd(packet, reply.to.recursionDesired);
  ldns_pkt_set_rcode(packet, static_cast<uint8_t>(reply.rcode) & 0xf);
  if (!reply.to.edns) return;
  ldns_pkt_set_edns_udp_size(packet, kMostByUdp);
  ldns_pkt_set_edns_extended_rcode(packet, static_cast<uint8_t>(reply.rcode) >> 4);
}

/// So many of the reply's records as are wanted.
struct Cut {
  size_t answers;
  size_t additional;
};

/// Bytes that a record takes at least: its owner's name may have been written before.
size_t leastSize(const Record& record) {
  constexpr size_t kHead = 12;  // a pointer to the name, type, class, TTL, length
  constexpr size_t kAddress = 4;
  const auto* server = std::get_if<Srv>(&record.data);
  if (!server) return kHead + kAddress;
  size_t size = kHead + 7;  // priority, weight, port, and the end of the target's name
  for (const std::string& label : server->target) size += 1 + label.size();
  return size;
}

/// How many records, from the first on, might fit into `room`; takes what they need off it.
size_t fitting(const std::vector<Record>& records, size_t& room) {
  size_t count = 0;
  while (count < records.size() && leastSize(records[count]) <= room) room -= leastSize(records[count++]);
  return count;
}

/// Empty when it can't be written.
std::string write(const Reply& reply, Cut cut) {
  const Packet packet(ldns_pkt_new());
  setHead(packet.get(), reply, cut.answers < reply.answers.size());
  if (reply.to.question) {
    RrWriter question(reply.to.question->name, reply.to.question->type, reply.to.question->klass);
    question.question();
    if (!push(packet.get(), LDNS_SECTION_QUESTION, question.take())) return {};
  }
  if (!pushAll(packet.get(), LDNS_SECTION_ANSWER, reply.answers, cut.answers)) return {};
  if (!pushAll(packet.get(), LDNS_SECTION_AUTHORITY, reply.authority, reply.authority.size())) return {};
  if (!pushAll(packet.get(), LDNS_SECTION_ADDITIONAL, reply.additional, cut.additional)) return {};
  uint8_t* wire = nullptr;
  size_t size = 0;
  const bool written = ldns_pkt2wire(&wire, packet.get(), &size) == LDNS_STATUS_OK;
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(wire, std::free);
  return written ? std::string(reinterpret_cast<const char*>(wire), size) : std::string();
}

/// What the header alone shows. A question has one question, and nothing else but options and a signature;
/// so what libldns has to read is little, whatever names point at.
Rcode faultOf(std::string_view wire, uint8_t opcode) {
  constexpr uint16_t kMostAdditional = 2;
  const uint8_t* head = bytesOf(wire);
  if (opcode != LDNS_PACKET_QUERY) return Rcode::NotImplemented;
  const bool question = LDNS_QDCOUNT(head) == 1 && LDNS_ANCOUNT(head) == 0 && LDNS_NSCOUNT(head) == 0 &&
                        LDNS_ARCOUNT(head) <= kMostAdditional;
  return question ? Rcode::NoError : Rcode::FormatError;
}

}  // namespace

std::optional<Query> decode(std::string_view wire) {
  if (wire.size() < LDNS_HEADER_SIZE || wire.size() > kMostByTcp) return std::nullopt;
  const uint8_t* head = bytesOf(wire);
  if (LDNS_QR_WIRE(head)) return std::nullopt;
  Query out;
  out.id = LDNS_ID_WIRE(head);
  out.opcode = LDNS_OPCODE_WIRE(head);
  out.recursionDesired = LDNS_RD_WIRE(head);
  out.fault = faultOf(wire, out.opcode);
  if (out.fault != Rcode::NoError) return out;
  ldns_pkt* read = nullptr;
  const ldns_status status = ldns_wire2pkt(&read, head, wire.size());
  const Packet packet(status == LDNS_STATUS_OK ? read : nullptr);
  const ldns_rr* question = packet ? ldns_rr_list_rr(ldns_pkt_question(packet.get()), 0) : nullptr;
  if (!question || !ldns_rr_owner(question)) {
    out.fault = Rcode::FormatError;
    return out;
  }
  out.question =
      Question{labelsOf(*ldns_rr_owner(question)), static_cast<uint16_t>(ldns_rr_get_type(question)),
               static_cast<uint16_t>(ldns_rr_get_class(question))};
  if (ldns_pkt_edns(packet.get()))
    out.edns = Edns{ldns_pkt_edns_udp_size(packet.get()), ldns_pkt_edns_version(packet.get())};
  return out;
}

std::string encode(const Reply& reply, size_t limit) {
  limit = std::max(limit, kLeastLimit);
  // What can't fit is not written first.
  size_t room = limit;
  Cut cut{fitting(reply.answers, room), 0};
  cut.additional = fitting(reply.additional, room);
  std::string wire = write(reply, cut);
  while (wire.size() > limit && (cut.additional > 0 || cut.answers > 0)) {
    // What is surely too much goes at once: each round leaves at least a record out.
    size_t& from = cut.additional > 0 ? cut.additional : cut.answers;
    const size_t all = cut.additional + cut.answers;
    const size_t surplus = all - all * limit / wire.size();
    from -= std::min(from, std::max<size_t>(surplus, 1));
    wire = write(reply, cut);
  }
  return wire;
}

std::string respond(const DnsZone& zone, std::string_view wire, bool byTcp) {
  auto query = decode(wire);
  if (!query) return {};
  size_t limit = kMostByTcp;
  if (!byTcp)
    limit = query->edns ? std::clamp<size_t>(query->edns->udpSize, kLeastLimit, kMostByUdp) : kLeastLimit;
  return encode(zone.answer(std::move(*query)), limit);
}

}  // namespace berth::controller::dns
