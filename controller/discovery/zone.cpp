#include "controller/discovery/zone.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "common/text/letter_case.hpp"
#include "common/text/number.hpp"

namespace berth::controller {
namespace {

using dns::Labels;
using dns::Rcode;
using dns::Record;
using dns::Reply;

/// A name has 255 bytes (RFC 1035, section 2.3.4), of which a task, its name and its cluster take 165.
constexpr size_t kLongestZone = 80;
/// Tasks that a question looks at, at most.
constexpr size_t kMostSeen = 4096;

/// The labels in front of the zone's; nullopt outside it.
std::optional<Labels> labelsBelow(const Labels& name, const Labels& zone) {
  if (name.size() < zone.size()) return std::nullopt;
  const auto split = name.end() - std::ssize(zone);
  if (!std::equal(split, name.end(), zone.begin(),
                  [](const auto& one, const auto& of) { return lowered(one) == of; }))
    return std::nullopt;
  return Labels(name.begin(), split);
}

bool wants(const Reply& reply, uint16_t type) {
  const uint16_t asked = reply.to.question->type;
  return asked == type || asked == dns::type::kAny;
}

bool wantsAddress(const Reply& reply, const IpAddress& address) {
  return wants(reply, address.v6 ? dns::type::kAaaa : dns::type::kA);
}

/// Calls `visit` with each endpoint, from a random one on, until it answers false.
template <class Visit>
void visitAll(const NamedTasks& name, Random& random, Visit visit) {
  const size_t count = name.endpoints.size();
  const size_t first = static_cast<size_t>(random.below(count));
  for (size_t i = 0; i < std::min(count, kMostSeen); ++i) {
    if (!visit(name.endpoints[(first + i) % count])) return;
  }
}

bool isProtocol(std::string_view label) { return label == "_tcp" || label == "_udp"; }

}  // namespace

std::optional<Labels> parseZone(std::string_view text) {
  if (text.size() > kLongestZone) return std::nullopt;
  Labels out;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!isLabel(label)) return std::nullopt;
    out.push_back(lowered(label));
    if (dot == std::string_view::npos) return out;
    text.remove_prefix(dot + 1);
  }
}

DnsZone::DnsZone(ZoneOptions options, const DiscoveryIndex& index, Random& random)
    : options_(std::move(options)), index_(index), random_(random) {}

Reply DnsZone::answer(dns::Query query) const {
  Reply reply;
  reply.to = std::move(query);
  reply.rcode = reply.to.fault;
  if (reply.rcode != Rcode::NoError) return reply;
  if (reply.to.edns && reply.to.edns->version != 0) {
    reply.rcode = Rcode::BadVersion;
    return reply;
  }
  const auto& question = *reply.to.question;
  const auto below = labelsBelow(question.name, options_.name);
  const bool meta =
      question.type >= dns::type::kFirstMeta && question.type < dns::type::kAny;  // transfers among them
  if (!below || question.klass != dns::kInternet || meta) {
    reply.rcode = Rcode::Refused;
    return reply;
  }
  reply.authoritative = true;
  answerInside(reply, *below);
  return reply;
}

void DnsZone::answerInside(Reply& reply, const Labels& below) const {
  if (below.empty()) return apex(reply);
  if (below.size() == 1) {
    const bool server = lowered(below[0]) == "ns";
    if (server && options_.self && wantsAddress(reply, *options_.self))
      reply.answers.push_back({reply.to.question->name, options_.ttl, *options_.self});
    if (reply.answers.empty())
      noData(reply, server || index_.knows(below[0]) ? Rcode::NoError : Rcode::NoSuchName);
    return;
  }
  const NamedTasks* name = index_.find(below.back(), below[below.size() - 2]);
  if (!name) return noData(reply, Rcode::NoSuchName);
  service(reply, below, *name);
  shuffle(reply.answers);
  if (reply.rcode == Rcode::NoError && reply.answers.empty()) noData(reply, Rcode::NoError);
}

void DnsZone::apex(Reply& reply) const {
  const Labels& owner = reply.to.question->name;
  const Labels server = inZone({"ns"});
  if (wants(reply, dns::type::kSoa)) {
    reply.answers.push_back(soa());
    reply.answers.back().owner = owner;
  }
  if (wants(reply, dns::type::kNs)) {
    reply.answers.push_back({owner, options_.ttl, dns::Ns{server}});
    if (options_.self) reply.additional.push_back({server, options_.ttl, *options_.self});
  }
  if (reply.answers.empty()) noData(reply, Rcode::NoError);
}

void DnsZone::service(Reply& reply, const Labels& below, const NamedTasks& name) const {
  const size_t depth = below.size();
  if (depth == 2) return tasks(reply, name);
  const std::string next = lowered(below[depth - 3]);
  if (depth == 3) {
    if (isProtocol(next)) return;
    const Endpoint* endpoint = index_.find(name, next);
    return endpoint ? task(reply, name, *endpoint) : noData(reply, Rcode::NoSuchName);
  }
  // Ports that nobody has now are names without data: they may be had by the next task.
  const bool ported = depth == 4 && isProtocol(next) && below[0].starts_with('_');
  const auto port = ported ? parseNumber<uint16_t>(std::string_view(below[0]).substr(1)) : std::nullopt;
  if (!port || *port == 0) return noData(reply, Rcode::NoSuchName);
  if (wants(reply, dns::type::kSrv)) ports(reply, name, *port, next == "_udp");
}

void DnsZone::tasks(Reply& reply, const NamedTasks& name) const {
  // ANY may be answered with a part of what there is (RFC 8482): addresses.
  std::set<IpAddress> told;
  const bool servers = reply.to.question->type == dns::type::kSrv;
  visitAll(name, random_, [&](const Endpoint& endpoint) {
    if (servers) {
      if (!endpoint.ports.empty()) addServer(reply, name, endpoint, endpoint.ports.front().hostPort);
    } else if (wantsAddress(reply, endpoint.address) && told.insert(endpoint.address).second) {
      reply.answers.push_back({reply.to.question->name, options_.ttl, endpoint.address});
    }
    return reply.answers.size() < kMostAnswers;
  });
}

void DnsZone::ports(Reply& reply, const NamedTasks& name, uint16_t port, bool udp) const {
  visitAll(name, random_, [&](const Endpoint& endpoint) {
    for (const ServedPort& one : endpoint.ports) {
      const bool has =
          one.udp == udp && port >= one.containerPort && port - one.containerPort <= int{one.more};
      if (!has || reply.answers.size() == kMostAnswers) continue;
      addServer(reply, name, endpoint, static_cast<uint16_t>(one.hostPort + (port - one.containerPort)));
    }
    return reply.answers.size() < kMostAnswers;
  });
}

void DnsZone::task(Reply& reply, const NamedTasks& name, const Endpoint& endpoint) const {
  if (wantsAddress(reply, endpoint.address))
    reply.answers.push_back({reply.to.question->name, options_.ttl, endpoint.address});
  if (reply.to.question->type == dns::type::kSrv && !endpoint.ports.empty())
    addServer(reply, name, endpoint, endpoint.ports.front().hostPort);
}

void DnsZone::addServer(Reply& reply, const NamedTasks& name, const Endpoint& endpoint, uint16_t port) const {
  const Labels target = ownName(name, endpoint);
  reply.answers.push_back({reply.to.question->name, options_.ttl, dns::Srv{port, target}});
  // A task with the port twice, in two containers, has one address all the same.
  const bool known = !reply.additional.empty() && reply.additional.back().owner == target;
  if (!known) reply.additional.push_back({target, options_.ttl, endpoint.address});
}

void DnsZone::noData(Reply& reply, Rcode rcode) const {
  reply.rcode = rcode;
  reply.authority.push_back(soa());
}

Record DnsZone::soa() const {
  const auto serial = static_cast<uint32_t>(options_.firstSerial + index_.changes());
  return {options_.name, options_.ttl,
          dns::Soa{inZone({"ns"}), inZone({"hostmaster"}), serial, options_.ttl}};
}

Labels DnsZone::inZone(Labels below) const {
  std::ranges::copy(options_.name, std::back_inserter(below));
  return below;
}

Labels DnsZone::ownName(const NamedTasks& name, const Endpoint& endpoint) const {
  return inZone({endpoint.task, name.name, name.cluster});
}

void DnsZone::shuffle(std::vector<Record>& records) const {
  for (size_t left = records.size(); left > 1; --left) {
    std::swap(records[left - 1], records[static_cast<size_t>(random_.below(left))]);
  }
}

}  // namespace berth::controller
